"""``chatroom serve``: the composition root. Opens the port, runs the app under Hypercorn, stops with a goodbye."""

from __future__ import annotations

import logging
import resource
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve
from hypercorn.utils import LifespanFailureError

from web.app import App, create_app
from web.lifespan import explain
from web.listen import CannotListen, listen
from web.node import Node
from web.settings import Settings

#: Seconds after the goodbye in which what is still open may end by itself.
GRACEFUL_TIMEOUT = 0.5
#: Seconds without a byte after which a connection is given up, and more where a lease on a place lasts longer without.
READ_TIMEOUT = 30

_log = structlog.stdlib.get_logger("web.serve")


class CannotServe(Exception):
    """The server could not start or could not go on; the message is for the operator."""


async def serve(settings: Settings, on_running: Callable[[list[str]], None] = lambda _: None) -> None:
    """Serve until SIGTERM or SIGINT, then say goodbye to everyone; a second signal ends the goodbye.

    Where people have time to leave by themselves, the second signal ends that time, and the third the goodbye.

    ``on_running`` is called with the addresses once they are served. Raises CannotServe.
    """
    check_certificate(settings)
    raise_file_limit()
    app = create_app(settings)
    sockets = open_sockets(settings)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            stop = trio.Event()
            node: Node = app.extensions["node"]
            nursery.start_soon(_obey, signals, stop, node, nursery.cancel_scope, name="serve/signals")
            await run(app, settings, sockets, stop, on_running)
            nursery.cancel_scope.cancel()


async def run(
    app: App,
    settings: Settings,
    sockets: list[socket.socket],
    stop: trio.Event,
    on_running: Callable[[list[str]], None] = lambda _: None,
) -> None:
    """Serve ``app`` on ``sockets`` until ``stop`` is set and everyone has been told. Raises CannotServe."""
    failed: BaseExceptionGroup[LifespanFailureError] | None = None
    try:
        async with trio.open_nursery() as nursery:
            stopped = partial(_goodbye, stop, app.extensions["node"])
            http = partial(hypercorn_serve, app, hypercorn_config(settings, sockets), shutdown_trigger=stopped)
            on_running(await nursery.start(http, name="serve/http"))
    except* LifespanFailureError as group:
        failed = group
    if failed is not None:
        raise CannotServe(explain(failed)) from failed


def hypercorn_config(settings: Settings, sockets: list[socket.socket]) -> Config:
    """Set Hypercorn up to serve on ``sockets``, which it takes over."""
    config = Config()
    config.bind = [f"fd://{sock.detach()}" for sock in sockets]
    config.certfile = None if settings.certfile is None else str(settings.certfile)
    config.keyfile = None if settings.keyfile is None else str(settings.keyfile)
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = GRACEFUL_TIMEOUT
    config.read_timeout = max(READ_TIMEOUT, settings.limits.left_after)  # type: ignore[assignment]
    return config


async def _goodbye(stop: trio.Event, node: Node) -> None:
    """Say it while the port is still open, so that whoever asks for its health is told that it is draining."""
    await stop.wait()
    await node.drain()


def raise_file_limit() -> None:
    """Have as many file descriptors as the system lets us: there is one to a person."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _log.debug("file descriptors", soft=soft, hard=hard)


async def _obey(signals: AsyncIterator[int], stop: trio.Event, node: Node, server: trio.CancelScope) -> None:
    _log.info("stopping", signal=signal.Signals(await anext(signals)).name)
    stop.set()
    name = signal.Signals(await anext(signals)).name
    if node.hurry():
        _log.info("not waiting any longer", signal=name)
        name = signal.Signals(await anext(signals)).name
    _log.warning("stopping without a goodbye", signal=name)
    server.cancel()


def check_certificate(settings: Settings) -> None:
    """See that the TLS files can be used, before anything is started. Raises CannotServe."""
    if settings.certfile is None or settings.keyfile is None:
        return
    for file in (settings.certfile, settings.keyfile):
        try:
            file.read_bytes()
        except OSError as error:
            raise CannotServe(f"{file} cannot be read: {error.strerror}.") from None
    try:
        # An encrypted key would have OpenSSL ask for its password on the terminal; an empty one is a wrong one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certfile, settings.keyfile, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CannotServe(
            f"{settings.certfile} and {settings.keyfile} are no PEM certificate with its unencrypted key: {reason}."
        ) from None


def open_sockets(settings: Settings) -> list[socket.socket]:
    """Bind the sockets that people come to. Raises CannotServe."""
    try:
        return listen(settings.host, settings.port, "--host or --port")
    except CannotListen as error:
        raise CannotServe(str(error)) from None
