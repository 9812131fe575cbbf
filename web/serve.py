"""``chatroom serve``: the composition root. Opens the port, runs the app under Hypercorn, stops with a goodbye."""

from __future__ import annotations

import logging
import signal
import socket
from functools import partial

import structlog
import trio
from hypercorn.config import Config
from hypercorn.trio import serve as hypercorn_serve
from hypercorn.utils import LifespanFailureError

from web.app import create_app
from web.lifespan import explain
from web.node import Node
from web.settings import Settings

#: Seconds after the goodbye in which what is still open may end by itself.
GRACEFUL_TIMEOUT = 0.5
#: Seconds without a byte after which a connection is given up. A page in a room is asked for a sign of life more often.
READ_TIMEOUT = 30
#: Milliseconds after which the kernel gives up a peer that acknowledges nothing.
USER_TIMEOUT = 15_000
BACKLOG = 512

_log = structlog.stdlib.get_logger("web.serve")


class CannotServe(Exception):
    """The server could not start or could not go on; the message is for the operator."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotServe."""
    app = create_app(settings)
    node: Node = app.extensions["node"]
    sockets = open_sockets(settings)
    config = Config()
    config.bind = [f"fd://{sock.detach()}" for sock in sockets]
    config.certfile = None if settings.certfile is None else str(settings.certfile)
    config.keyfile = None if settings.keyfile is None else str(settings.keyfile)
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = GRACEFUL_TIMEOUT
    config.read_timeout = READ_TIMEOUT
    config.websocket_max_message_size = settings.limits.frame_bytes
    try:
        await hypercorn_serve(app, config, shutdown_trigger=partial(stop_requested, node))
    except* LifespanFailureError as group:
        raise CannotServe(explain(group.exceptions[0].__cause__ or group.exceptions[0])) from group


async def stop_requested(node: Node) -> None:
    """Wait for a signal to stop, then say goodbye to everyone. A second signal ends the goodbye."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        number = await anext(signals)
        _log.info("stopping", signal=signal.Signals(number).name)
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def impatient() -> None:
                await anext(signals)
                nursery.cancel_scope.cancel()

            await node.drain()
            nursery.cancel_scope.cancel()


def open_sockets(settings: Settings) -> list[socket.socket]:
    """Bind the listening sockets: one for each address that the host name stands for. Raises CannotServe."""
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise CannotServe(f"{host} is no address of this machine: {error.strerror}.") from None
    sockets: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
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
        except OSError as error:
            for opened in (*sockets, sock):
                opened.close()
            raise CannotServe(
                f"Cannot listen on {address[0]} port {port}: {error.strerror}. Choose another with --host or --port."
            ) from None
        sockets.append(sock)
    return sockets
