"""A worker for a bridge on another machine: TLS, a shared secret in the handshake, and one bridge at a time.

What a bridge has joined here is dropped when it comes again, since it joins everyone anew, and when nothing is heard of
it for a while, since its rooms live elsewhere by then. Words of a connection that was replaced are refused.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request as Handshake
from websockets.http11 import Response

from media.messages import MAX_FRAME, Event, Ready, Request, Result
from media.worker.control import Control
from media.worker.door import Door
from media.worker.errors import RequestError
from media.worker.tenancy import Tenancy
from media.worker.worker import Worker

logger = logging.getLogger(__name__)

#: Seconds for TLS and the websocket handshake, in which nobody has shown a secret yet.
HANDSHAKE_TIMEOUT = 5.0
#: Seconds between two looks whether the bridge is still there.
LOOK = 0.5
_BRIDGE = re.compile(r"[0-9a-f]{16}")


class Listener:
    """Lets bridges in and carries out the requests of the one that is there."""

    def __init__(
        self, sock: Door, context: ssl.SSLContext, secret: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._socket = sock
        self._context = context
        self._authorization = f"Bearer {secret}".encode()
        self._clock = clock
        self._tenancy = Tenancy()
        self._ready: Ready | None = None
        self._control: Control | None = None
        self._connection: ServerConnection | None = None

    def emit(self, event: Event) -> None:
        """Say something to the bridge that is there; where there is none, nobody needs to know."""
        if isinstance(event, Ready):
            self._ready = event
        elif self._control is not None:
            self._control.emit(event)

    async def close(self) -> None:
        """Nothing was served: the socket is whose it was, and the log says why."""

    async def serve(self, worker: Worker) -> None:
        """Listen until cancelled."""
        async with serve(
            lambda connection: self._serve(connection, worker),
            sock=self._socket,
            ssl=self._context,
            process_request=self._check,
            compression=None,
            max_size=MAX_FRAME,
            open_timeout=HANDSHAKE_TIMEOUT,
            # heartbeats of the bridge say whether it is there
            ping_interval=None,
            close_timeout=1.0,
            server_header=None,
        ):
            host, port = self._socket.getsockname()[:2]
            logger.info("listening for bridges address=%s port=%d", host, port)
            while True:
                await asyncio.sleep(LOOK)
                if self._tenancy.expire(self._clock()):
                    logger.warning("the bridge is gone: dropping its rooms")
                    self._replace(None, None)
                    worker.close()

    def _check(self, connection: ServerConnection, request: Handshake) -> Response | None:
        """Refuse whoever does not know the secret, and a second bridge."""
        given = request.headers.get_all("Authorization")
        shown = given[0].encode("utf-8", "surrogateescape") if len(given) == 1 else b""
        if not hmac.compare_digest(shown, self._authorization):
            logger.warning(
                "refused address=%s reason=%r", _address(connection), "wrong secret" if given else "no secret"
            )
            return connection.respond(HTTPStatus.UNAUTHORIZED, "the secret is not the right one\n")
        self._socket.admit(connection.transport.get_extra_info("socket").fileno())
        bridge = request.headers.get_all("Chatroom-Bridge")
        if len(bridge) != 1 or not _BRIDGE.fullmatch(bridge[0]):
            return connection.respond(HTTPStatus.BAD_REQUEST, "this is no bridge\n")
        if not self._tenancy.admits(bridge[0], self._clock()):
            logger.warning("refused address=%s reason='another bridge is here'", _address(connection))
            return connection.respond(HTTPStatus.CONFLICT, "it belongs to another server\n")
        return None

    async def _serve(self, connection: ServerConnection, worker: Worker) -> None:
        """Be the worker of one bridge until its connection is gone."""
        assert connection.request is not None
        assert self._ready is not None
        bridge = connection.request.headers["Chatroom-Bridge"]
        if not self._tenancy.admits(bridge, self._clock()):  # two came at the same time
            await connection.close(1013, "it belongs to another server")
            return
        self._replace(None, None)
        worker.close()  # with nobody there to hear of it: what they hear is to be of what they will join
        control = Control(connection)
        self._replace(connection, control)
        self._tenancy.enter(bridge, self._clock())
        control.emit(self._ready)
        logger.info("bridge came address=%s", _address(connection))

        def handle(request: Request) -> Result:
            if self._connection is not connection:
                raise RequestError("unknown_participant", "This connection was replaced by another.")
            self._tenancy.heard(self._clock())
            return worker.handle(request)

        try:
            await control.serve(handle)
        finally:
            if self._connection is connection:
                self._connection = self._control = None
                self._tenancy.leave(self._clock())
                logger.info("bridge left address=%s", _address(connection))

    def _replace(self, connection: ServerConnection | None, control: Control | None) -> None:
        before = self._connection
        self._connection, self._control = connection, control
        if before is not None:
            before.transport.abort()


def server_context(certfile: Path, keyfile: Path) -> ssl.SSLContext:
    """Load what this worker shows to a bridge. Raises ValueError with a message for the operator."""
    for file in (certfile, keyfile):
        try:
            file.read_bytes()
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # An encrypted key would have OpenSSL ask for its password on the terminal; an empty one is a wrong one.
        context.load_cert_chain(certfile, keyfile, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ValueError(
            f"{certfile} and {keyfile} are no PEM certificate with its unencrypted key: {reason}"
        ) from None
    return context


def bind(address: tuple[str, int]) -> Door:
    """Bind the listening socket for bridges. Raises OSError."""
    host, port = address
    family, kind, protocol, _, name = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    sock = Door(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(name)
        sock.listen()
    except BaseException:
        sock.close()
        raise
    return sock


def _address(connection: ServerConnection) -> str:
    address = connection.remote_address
    return f"{address[0]}:{address[1]}" if address else "unknown"
