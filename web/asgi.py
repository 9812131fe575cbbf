"""A websocket between Hypercorn and the app, with nothing in between."""

from __future__ import annotations

from typing import Any

import trio
from quart.asgi import ASGIWebsocketConnection
from quart_trio.asgi import TrioASGIWebsocketConnection


class WebsocketConnection(TrioASGIWebsocketConnection):
    """Quart-Trio's, without the task and the second queue that it has to each websocket.

    A handler is not cancelled when the page is gone: ``websocket.receive`` raises trio.EndOfChannel.
    """

    async def __call__(self, receive: Any, send: Any) -> None:
        await receive()  # websocket.connect
        self._receive = receive
        self.receive_channel: Any = self  # where a websocket receives from
        websocket = self._create_websocket_from_scope(send)
        del self.receive_channel  # which nobody holds who holds itself
        await ASGIWebsocketConnection.handle_websocket(self, websocket, send)

    async def receive(self) -> str | bytes | None:
        """Wait for a message. Raises trio.EndOfChannel."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise trio.EndOfChannel
        message: str | bytes | None = event.get("bytes") or event["text"]
        return message
