"""The control connection: requests of the bridge in, replies and events out, on one websocket."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from media.messages import (
    BadMessage,
    Event,
    GetMediaStatistics,
    GetStatistics,
    Request,
    Result,
    decode_request,
    encode_error,
    encode_event,
    encode_result,
)
from media.worker.errors import RequestError

logger = logging.getLogger(__name__)

#: What may wait for a bridge that does not read, before it is given up.
MAX_WAITING_FRAMES = 2_000
MAX_WAITING_CHARACTERS = 16 << 20


class Control:
    """Reads requests one after the other, and writes frames in the order in which they were said."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._frames: deque[str] = deque()
        self._characters = 0
        self._overflown = False
        self._wake = asyncio.Event()
        #: Events said while a request is carried out; its reply goes first.
        self._held: list[str] | None = None

    def emit(self, event: Event) -> None:
        """Say something; it is written soon."""
        frame = encode_event(event)
        if self._held is not None:
            self._held.append(frame)
        else:
            self._put(frame)

    async def serve(self, handle: Callable[[Request], Result]) -> None:
        """Carry out requests until the connection closes, by the bridge or because it does not read."""
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(), name="control writer")
            try:
                async for frame in self._connection:
                    self._held = []
                    try:
                        reply = _reply(frame, handle)
                    finally:
                        held, self._held = self._held, None
                    if reply is not None:
                        self._put(reply)
                    for event in held:
                        self._put(event)
            except ConnectionClosed:
                pass  # without a closing handshake: the bridge died
            writer.cancel()

    async def flush(self) -> None:
        """Write everything that waits."""
        while self._frames:
            frame = self._frames.popleft()
            self._characters -= len(frame)
            await self._connection.send(frame)

    def _put(self, frame: str) -> None:
        self._frames.append(frame)
        self._characters += len(frame)
        if len(self._frames) > MAX_WAITING_FRAMES or self._characters > MAX_WAITING_CHARACTERS:
            # the writer may be stuck in a send, and the reader wakes up from this
            if not self._overflown:
                logger.error("the bridge does not read: giving up")
            self._overflown = True
            self._frames.clear()
            self._characters = 0
            self._connection.transport.abort()
        self._wake.set()

    async def _write(self) -> None:
        while not self._overflown:
            try:
                await self.flush()
            except ConnectionClosed:
                return
            self._wake.clear()
            await self._wake.wait()


def _reply(frame: str | bytes, handle: Callable[[Request], Result]) -> str | None:
    try:
        request = decode_request(frame)
    except BadMessage as error:
        logger.warning("bad request error=%r", str(error))
        number = _request_id(frame)
        return None if number is None else encode_error(number, "invalid_request", "This is not a request.")
    try:
        return encode_result(request.id, handle(request.request))
    except RequestError as error:
        return encode_error(request.id, error.code, error.message)
    except Exception:
        # a bug; it costs this request, and not everybody's media
        logger.exception("request failed method=%s%s", request.request.method, _about(request.request))
        return encode_error(request.id, "internal", "The media worker failed to do this; its log says why.")


def _about(request: Request) -> str:
    """Whose request it is, for the log."""
    if isinstance(request, GetStatistics):
        return ""
    about = f" router={request.router!r}"
    if not isinstance(request, GetMediaStatistics):
        about += f" participant={request.participant} epoch={request.epoch}"
    return about


def _request_id(frame: str | bytes) -> int | None:
    try:
        number = json.loads(frame)["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return number if type(number) is int else None
