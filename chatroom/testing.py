"""What tests of rooms, and of what is built on them, stand on: a media plane and pages without network."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

import attrs
import trio

from chatroom.limits import Limits
from chatroom.media import (
    Heard,
    MediaEvent,
    MediaLost,
    MediaRefused,
    MediaRestored,
    MediaSession,
    MediaUnavailable,
    OfferMade,
    RoomWord,
    Source,
    Speakers,
    TrackInfo,
)
from chatroom.outbox import Outbox
from chatroom.quality.samples import Samples
from chatroom.session import Session


@attrs.define(eq=False)
class FakeLegs:
    """A participant's place in `FakeMedia`."""

    media: FakeMedia
    participant: str
    post: Callable[[MediaEvent], None]
    published: list[str] = attrs.field(factory=list)
    restarted: list[bool] = attrs.field(factory=list)
    sizes: list[dict[str, int]] = attrs.field(factory=list)

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

    async def layout(self, sizes: Mapping[str, int]) -> None:
        await self.media.answering.wait()
        if not self.media.available:
            raise MediaUnavailable
        self.sizes.append(dict(sizes))


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
        #: Those who follow a room.
        self.followers: list[tuple[str, Callable[[RoomWord], None]]] = []

    def port_of(self, room: str) -> int:
        return self.port

    def attach(
        self, room: str, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AbstractAsyncContextManager[MediaSession]:
        return self._attach(participant, epoch, post)

    @asynccontextmanager
    async def _attach(
        self, participant: str, epoch: int, post: Callable[[MediaEvent], None]
    ) -> AsyncGenerator[MediaSession]:
        assert epoch not in self.attached, f"epoch {epoch} is attached already"
        assert epoch not in self.detached, f"epoch {epoch} was attached before"
        legs = self.attached[epoch] = FakeLegs(self, participant, post)
        if not self.available:
            post(MediaLost())
        try:
            yield legs
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.leave_takes)
            del self.attached[epoch]
            self.detached.append(epoch)

    def follow(self, room: str, post: Callable[[RoomWord], None]) -> AbstractContextManager[None]:
        return self._follow(room, post)

    @contextmanager
    def _follow(self, room: str, post: Callable[[RoomWord], None]) -> Generator[None]:
        follower = (room, post)
        self.followers.append(follower)
        try:
            yield
        finally:
            self.followers.remove(follower)

    def lose(self, refused_for: float = 0.0) -> None:
        """Be a worker that dies."""
        self.available = False
        for legs in self.attached.values():
            legs.post(MediaLost(refused_for))
        for _, post in self.followers:
            post(Speakers())

    def restore(self) -> None:
        """Be a worker that is there again."""
        self.available = True
        for legs in self.attached.values():
            legs.post(MediaRestored())

    def hear(self, epoch: int, age: float = 0.0) -> None:
        """Be a worker to which something of a participant came ``age`` seconds ago."""
        self.attached[epoch].post(Heard(age))

    def speak(self, room: str, speaking: Sequence[str], spoke: Sequence[str] = ()) -> None:
        """Be a worker that hears who speaks in a room."""
        for name, post in self.followers:
            if name == room:
                post(Speakers(speaking, spoke))

    def sample(self, room: str, samples: Samples) -> None:
        """Be a worker that tells of everybody's connections in a room."""
        for name, post in self.followers:
            if name == room:
                post(samples)

    def offer(self, epoch: int, number: int) -> None:
        """Be a worker that has something for a participant to subscribe to."""
        self.attached[epoch].post(OfferMade(number, f"v=0 offer {number}", {"0": TrackInfo("p1", "camera")}))


class View:
    """What a page knows of its room: the snapshot it got last, and the events after it."""

    def __init__(self) -> None:
        self.you = ""
        self.token = ""
        self.seq = 0
        self.snapshots = 0
        #: Those who are there, by their ids, in order of joining.
        self.people: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        #: What was said of others: the epochs that came, and the ids that went, with their reasons.
        self.came: list[int] = []
        self.went: list[tuple[str, str]] = []

    def apply(self, event: dict[str, Any]) -> None:
        """Take an event. Raises AssertionError for a gap, and for what cannot be after what was."""
        match event["type"]:
            case "joined":
                assert event["you"] in {person["id"] for person in event["participants"]}, "you are in the snapshot"
                self.you, self.token, self.seq = event["you"], event["token"], event["seq"]
                self.people = {person["id"]: person for person in event["participants"]}
                self.messages = list(event["messages"])
                self.snapshots += 1
            case "resumed":
                assert event["seq"] >= self.seq, f"event {self.seq} is not known to the room: it is at {event['seq']}"
            case "skipped":
                assert event["seq"] > self.seq, f"event {event['seq']} was not skipped: {self.seq} was here"
                self.seq = event["seq"]
            case "participant_joined" | "participant_updated" | "participant_left" | "chat":
                assert event["seq"] == self.seq + 1, f"event {event['seq']} does not follow {self.seq}"
                self.seq = event["seq"]
                self._follow(event)

    def _follow(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "participant_joined":
                person = event["participant"]
                assert person["id"] not in self.people, f"{person['id']} is here already"
                self.people[person["id"]] = person
                self.came.append(person["epoch"])
            case "participant_updated":
                person = event["participant"]
                assert person["id"] in self.people, f"{person['id']} is not here"
                self.people[person["id"]] = person
            case "participant_left":
                del self.people[event["id"]]
                self.went.append((event["id"], event["reason"]))
            case "chat":
                self.messages.append(event["message"])


class Page:
    """A page at the other end of a session: sends commands, reads events. In memory. One socket's life."""

    def __init__(self, limits: Limits, view: View | None = None) -> None:
        self._limits = limits
        self._outbox = Outbox(limits.outbox_frames, limits.outbox_bytes)
        self.session = Session(limits, self._outbox)
        self.view = view or View()
        self.events: list[dict[str, Any]] = []
        #: Whether ``live`` answers pings.
        self.answers = True
        #: Set, and replaced, with each event that ``live`` takes; None where nobody lives for this page.
        self._news: trio.Event | None = None
        self._over = False

    @property
    def me(self) -> str:
        """Our id."""
        return self.view.you

    @property
    def token(self) -> str:
        return self.view.token

    def send(self, type: str, **fields: Any) -> None:
        self.session.feed(json.dumps({"type": type, **fields}))

    def successor(self) -> Page:
        """Return a page with another socket, that knows what this one knows and has not said anything."""
        return Page(self._limits, copy.deepcopy(self.view))

    async def next(self, type: str) -> dict[str, Any]:
        """Wait for the next event of a type, keeping all that come in ``events``. Raises trio.EndOfChannel.

        Raises trio.TooSlowError after an hour, which is soon over on a virtual clock: others may ping for ever.
        """
        with trio.fail_after(3600):
            while True:
                for event in self.events:
                    if event["type"] == type:
                        self.events.remove(event)
                        return event
                if self._news is not None and not self._over:
                    await self._news.wait()
                    continue
                taken = None if self._over else await self._take()
                if taken is None:
                    raise trio.EndOfChannel
                self.events.append(taken)

    async def live(self) -> None:
        """Do what a real page does all the time: read, and answer pings. Until the socket ends."""
        if self._news is None:
            self._news = trio.Event()
        while (taken := await self._take()) is not None:
            if taken["type"] == "ping" and self.answers:
                self.send("pong", n=taken["n"])
            self.events.append(taken)
            self._news.set()
            self._news = trio.Event()
        self._over = True
        self._news.set()

    async def all(self) -> list[dict[str, Any]]:
        """Return every event that has come and was not taken, without waiting for more."""
        while self._outbox.statistics().frames:
            taken = await self._take()
            assert taken is not None
            self.events.append(taken)
        return self.events

    async def _take(self) -> dict[str, Any] | None:
        frame = await self._outbox.take()
        if frame is None:
            return None
        event = dict(json.loads(frame.text))
        self.view.apply(event)
        return event
