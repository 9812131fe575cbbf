"""A TCP connection in the place of a headless peer's UDP socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from media.worker.framing import Deframer, frame

if TYPE_CHECKING:
    from tests.media.worker.peer import Peer


class Stream(asyncio.Protocol):
    """A TCP connection, which a peer takes for its socket."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._deframer = Deframer()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._peer.connection_made(cast("asyncio.BaseTransport", self))

    def data_received(self, data: bytes) -> None:
        for packet in self._deframer.feed(data):
            self._peer.datagram_received(packet, None)

    def sendto(self, data: bytes, _: object) -> None:
        self._transport.write(frame(data))

    def close(self) -> None:
        self._transport.close()
