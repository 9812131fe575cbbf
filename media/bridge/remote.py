"""A worker on another machine: TLS to it, and the secret that it lets us in for.

The secret goes out only to a worker whose certificate was verified. A worker of this kind cannot be killed from here;
it lets go of its rooms by itself when it hears nothing of its bridge, and of a lost connection's when there is a new
one (`media.worker.listening`).
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.settings import MediaSettings
from media.secret import BadSecret, read_secret


@attrs.frozen
class Access:
    """What is needed to be let in: the secret, whom to trust, and which bridge this is."""

    secret: str = attrs.field(repr=False)
    trust: ssl.SSLContext
    #: A worker lets another bridge in only when the last one is gone; the same one, whenever it comes again.
    bridge: str = attrs.field(factory=lambda: secrets.token_hex(8))

    @classmethod
    def load(cls, settings: MediaSettings) -> Access:
        """Read the files that the settings name. Raises MediaStartFailed."""
        if settings.secret_file is None:
            raise MediaStartFailed(
                "Media workers on other machines need a secret: name its file with media_secret_file."
            )
        try:
            secret = read_secret(settings.secret_file)
        except BadSecret as error:
            raise MediaStartFailed(str(error)) from None
        try:
            trust = ssl.create_default_context(cafile=settings.ca_file)
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise MediaStartFailed(f"{settings.ca_file} holds no certificates that can be trusted: {reason}.") from None
        return cls(secret, trust)


class RemoteWorker:
    """A worker at the other end of a TLS connection."""

    pid = None

    def __init__(self, address: str, stream: Tapped, access: Access) -> None:
        self.name = address
        self.stream = stream
        self.headers = [
            (b"authorization", f"Bearer {access.secret}".encode()),
            (b"chatroom-bridge", access.bridge.encode()),
        ]

    @property
    def ending(self) -> str | None:
        return None

    async def wait(self) -> None:
        """Wait until the connection is closed."""
        await self.stream.ended.wait()

    def kill(self) -> None:
        """Nothing: it is not ours. Without a bridge it lets go of its rooms by itself."""

    def starved(self) -> float:
        return 0.0

    def serving(self) -> None:
        return None


@asynccontextmanager
async def open_remote(address: str, access: Access, within: float) -> AsyncGenerator[RemoteWorker, None]:
    """Be connected to the worker at ``HOST:PORT``. Raises WorkerLost if it is not there or cannot show who it is."""
    host, port = split_address(address)
    stream: trio.SocketStream | None = None
    try:
        with trio.move_on_after(within) as patience:
            try:
                stream = await trio.open_tcp_stream(host, port)
                secured = trio.SSLStream(stream, access.trust, server_hostname=host, https_compatible=True)
                await secured.do_handshake()
            except OSError as error:
                raise WorkerLost(f"it cannot be reached: {_reason(error)}") from None
            except trio.BrokenResourceError as error:
                raise WorkerLost(f"no secure connection to it: {_reason(error.__cause__ or error)}") from None
        if patience.cancelled_caught:
            raise WorkerLost(f"there was no connection to it within {within:g} s")
        yield RemoteWorker(address, Tapped(secured), access)
    finally:
        if stream is not None:
            with trio.move_on_after(1, shield=True):  # closing a socket waits for nothing
                await trio.aclose_forcefully(stream)


class Tapped(trio.abc.Stream):
    """A stream that tells when the other side has closed it."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.ended = trio.Event()
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        try:
            data = await self._stream.receive_some(max_bytes)
        except trio.BrokenResourceError:
            self.ended.set()
            raise
        if not data:
            self.ended.set()
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


def split_address(text: str) -> tuple[str, int]:
    """Split ``HOST:PORT``; an IPv6 address stands in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(text)
    if not host or any(letter.isspace() or letter in "/@[]" for letter in host):
        raise ValueError(text)
    # int() would take much that is no port: "+1", "1_0", digits of other scripts.
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65_535):
        raise ValueError(text)
    return host, int(port)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
