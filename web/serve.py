"""``chatroom serve``: the composition root. Opens the port, runs the app under Hypercorn, stops with a goodbye."""

from __future__ import annotations

import errno
import logging
import resource
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve
from hypercorn.utils import LifespanFailureError

from web.app import App, create_app
from web.lifespan import explain
from web.node import Node
from web.settings import Settings

#: Seconds after the goodbye in which what is still open may end by itself.
GRACEFUL_TIMEOUT = 0.5
#: Seconds without a byte after which a connection is given up, and more where a lease on a place lasts longer without.
READ_TIMEOUT = 30
#: Milliseconds after which the kernel gives up a peer that acknowledges nothing.
USER_TIMEOUT = 15_000
BACKLOG = 512

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
    """Bind the listening sockets: one for each address that the host name stands for. Raises CannotServe."""
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:  # ValueError: what cannot be a name at all
        reason = error.strerror if isinstance(error, OSError) else error
        raise CannotServe(f"{host} is no address of this machine: {reason}.") from None
    sockets: list[socket.socket] = []
    problem = ""
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listen(family, kind, protocol, address))
        except OSError as error:
            problem = (
                f"Cannot listen on {address[0]} port {port}: {error.strerror}. Choose another with --host or --port."
            )
            # "localhost" is ::1, too, where there is no IPv6.
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                continue
            for sock in sockets:
                sock.close()
            raise CannotServe(problem) from None
    if not sockets:
        raise CannotServe(problem)
    return sockets


def _listen(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
