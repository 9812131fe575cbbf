"""What tests of rooms, and of what is built on them, stand on: a media plane and pages without network."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import trio

from chatroom.limits import Limits
from chatroom.media import MediaEvent, MediaLost, MediaRefused, MediaRestored, MediaSession, MediaUnavailable, Source
from chatroom.outbox import Outbox
from chatroom.session import Session


@attrs.define(eq=False)
class FakeLegs:
    """A participant's place in `FakeMedia`."""

    media: FakeMedia
    participant: str
    post: Callable[[MediaEvent], None]
    published: list[str] = attrs.field(factory=list)
    restarted: list[bool] = attrs.field(factory=list)

    async def publish(self, sdp: str, tracks: Mapping[str, Source]) -> str:
        await self.media.answering.wait()
        if not self.media.available:
            raise MediaUnavailable
        if not sdp.startswith("v=0"):
            raise MediaRefused("bad_sdp", "This is not an SDP.")
        self.published.append(sdp)
        return "v=0 answer"

    async def accept(self, offer: int, sdp: str) -> None:
        await self.media.answering.wait()
        if not sdp.startswith("v=0"):
            raise MediaRefused("bad_sdp", "This is not an SDP.")

    async def restart(self, *, fresh: bool) -> None:
        await self.media.answering.wait()
        if not self.media.available:
            raise MediaUnavailable
        self.restarted.append(fresh)


class FakeMedia:
    """A media plane that remembers who is in it and takes a checkpoint wherever the real one waits."""

    def __init__(self) -> None:
        self.available = True
        self.port = 10_000
        #: Replace it by one that is not set, and requests wait.
        self.answering = trio.Event()
        self.answering.set()
        #: Seconds that a worker which hangs makes everyone wait who leaves.
        self.leave_takes = 0.0
        self.attached: dict[int, FakeLegs] = {}
        self.detached: list[int] = []

    def attach(
        self, room: str, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AbstractAsyncContextManager[MediaSession]:
        return self._attach(participant, epoch, post)

    @asynccontextmanager
    async def _attach(
        self, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AsyncGenerator[MediaSession]:
        legs = self.attached[epoch] = FakeLegs(self, participant, post)
        if not self.available:
            post(MediaLost())
        try:
            await trio.lowlevel.checkpoint()
            yield legs
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.leave_takes)
            del self.attached[epoch]
            self.detached.append(epoch)

    def lose(self) -> None:
        """Be a worker that dies."""
        self.available = False
        for legs in self.attached.values():
            legs.post(MediaLost())

    def restore(self) -> None:
        """Be a worker that is there again."""
        self.available = True
        for legs in self.attached.values():
            legs.post(MediaRestored())


class Page:
    """A page at the other end of a session: sends commands, reads events. In memory."""

    def __init__(self, limits: Limits) -> None:
        self._outbox = Outbox(limits.outbox_frames, limits.outbox_bytes)
        self.session = Session(limits, self._outbox)
        self.me = ""
        self.token = ""
        self.events: list[dict[str, Any]] = []

    def send(self, type: str, **fields: Any) -> None:
        self.session.feed(json.dumps({"type": type, **fields}))

    async def next(self, type: str) -> dict[str, Any]:
        """Wait for the next event of a type, keeping all that come in ``events``. Raises trio.EndOfChannel."""
        for event in self.events:
            if event["type"] == type:
                self.events.remove(event)
                return event
        while (taken := await self._take()) is not None:
            if taken["type"] == type:
                return taken
            self.events.append(taken)
        raise trio.EndOfChannel

    async def all(self) -> list[dict[str, Any]]:
        """Return every event that has come and was not taken, without waiting for more."""
        while self._outbox.statistics().frames:
            taken = await self._take()
            assert taken is not None
            self.events.append(taken)
        return self.events

    async def _take(self) -> dict[str, Any] | None:
        frame = await self._outbox.take()
        return None if frame is None else dict(json.loads(frame.text))
