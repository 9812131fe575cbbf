"""The operator's listener: it lives with the node under whatever server, from before its start to after its end."""

from __future__ import annotations

import ipaddress
import logging
import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve

from nurseries import ChildSpec, TooManyRestarts, open_supervisor
from web import hardening
from web.listen import listen
from web.node import Node
from web.operator import console
from web.operator.app import create_operator_app
from web.operator.runtime import Notice, prepare, runtime_dir, write_private
from web.operator.token import Token
from web.settings import Settings

#: Seconds after the end in which what is still open may end by itself.
GRACEFUL_TIMEOUT = 0.2
#: Seconds for which whoever is sent something may be silent. Streams here go one way.
READ_TIMEOUT = 3_600

_log = structlog.stdlib.get_logger("web.operator")
# Hypercorn says of each listener where it is; of this one we do, with what is needed to get in.
_errors = logging.getLogger("hypercorn.operator")
_errors.setLevel(logging.WARNING)


def wanted(settings: Settings) -> bool:
    """Whether there is anything for an operator here."""
    return settings.operator_port is not None or settings.console


async def run(node: Node, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Serve until cancelled. Raises CannotListen, BadToken and NoRuntimeDirectory at the start, and nothing later.

    A server goes on without its operator's listener if that fails again and again.
    """
    started = False
    children = []
    if node.settings.operator_port is not None:
        children.append(ChildSpec("http", partial(_serve, node)))
    if node.settings.console:
        children.append(ChildSpec("console", partial(console.serve, node)))
    try:
        async with open_supervisor("operator", under="serve", children=children):
            started = True
            task_status.started()
            await trio.sleep_forever()
    except TooManyRestarts as error:
        if not started:
            raise
        _log.error("the server goes on without the operator's listener", exc_info=error)
        await trio.sleep_forever()


async def _serve(node: Node, *, task_status: trio.TaskStatus[None]) -> None:
    settings = node.settings
    assert settings.operator_port is not None, "or there is no listener"
    directory = runtime_dir(settings.runtime_dir, os.environ)
    prepare(directory)
    token = Token.random() if settings.operator_token_file is None else Token.read(settings.operator_token_file)
    sockets = listen(settings.operator_host, settings.operator_port, "--operator-host or --operator-port")
    port = sockets[0].getsockname()[1]
    secure = settings.certfile is not None and not _loopback(settings.operator_host)
    config = Config()
    config.bind = [f"fd://{sock.detach()}" for sock in sockets]
    if secure:
        config.certfile, config.keyfile = str(settings.certfile), str(settings.keyfile)
    config.errorlog = _errors
    config.include_server_header = False
    config.graceful_timeout = GRACEFUL_TIMEOUT
    config.read_timeout = READ_TIMEOUT
    app = create_operator_app(node, token, port=port, secure=secure)
    left = _leave_notices(directory, settings, token, port, secure)
    try:
        async with trio.open_nursery() as nursery:
            with hardening.aside():
                addresses = await nursery.start(partial(hypercorn_serve, app, config), name="serve/operator/http")
            _log.info("operator listener", url=addresses[0], token_file=left.token_file)
            if not secure and not _loopback(settings.operator_host):
                _log.warning("the operator's token crosses the network unencrypted: no certfile is given")
            task_status.started()
    finally:
        for name in (f"operator-{port}.json", f"operator-{port}.token"):
            with suppress(OSError):
                (directory / name).unlink()


def _leave_notices(directory: Path, settings: Settings, token: Token, port: int, secure: bool) -> Notice:
    """Write down how to get in, for the tools and for whoever may read the directory."""
    token_file = settings.operator_token_file
    if token_file is None:
        token_file = directory / f"operator-{port}.token"
        write_private(token_file, token.text + "\n")
    host = settings.operator_host
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - what is bound to every address is reached at this one
        host = "127.0.0.1"
    notice = Notice(
        url=f"http{'s' * secure}://{f'[{host}]' if ':' in host else host}:{port}",
        pid=os.getpid(),
        token_file=str(token_file.absolute()),
        certfile=str(settings.certfile.absolute()) if secure and settings.certfile is not None else "",
    )
    notice.write(directory / f"operator-{port}.json")
    return notice


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
