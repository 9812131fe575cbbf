"""A house against a picture of it in plain Python, step by step: whatever is done, and whatever time passes.

``CHATROOM_EXAMPLES`` is the number of examples, in place of those that every run of the tests takes.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chatroom.limits import Limits
from chatroom.model import LeaveReason
from chatroom.room import Room
from chatroom.testing import Page
from nurseries.testing import Host
from tests.chatroom.house import House, open_house
from tests.chatroom.picture import Picture
from tests.chatroom.verdict import ROOMS, ended, snapshot, verify

LIMITS = Limits(participants=4, rooms=2, room_linger=20, socketless=15)
#: All times are multiples of this, so that sums of them are exact.
TICK = 0.25
#: For what ends so much that little would be left to see.
RARELY = st.sampled_from([False, False, False, True])


@attrs.define
class Person:
    """A stay, as it should be. ``page`` is the one that speaks; whether it is connected is ``lease.lost``'s to say."""

    room: str
    page: Page
    epoch: int
    lease: Picture
    microphone: bool = True
    camera: bool = True
    #: When the last frame came, and when the page was asked last.
    heard: float = 0.0
    asked: float = 0.0
    offer: int | None = None
    reason: str | None = None
    left_at: float | None = None

    @property
    def connected(self) -> bool:
        return self.reason is None and self.lease.lost is None

    def hear(self, now: float) -> None:
        self.heard = now
        self.lease.evidence.append(now)
        self.lease.look(now)


def _same(real: dict[int, Any], picture: dict[int, Any]) -> None:
    both = {epoch: (real.get(epoch), picture.get(epoch)) for epoch in real.keys() | picture.keys()}
    different = {epoch: (is_, should) for epoch, (is_, should) in both.items() if is_ != should}
    assert not different, f"by epoch, what is and what should be: {different}"


class HouseMachine(RuleBasedStateMachine):
    """Pages come, go, vanish and return, in two rooms."""

    @initialize(rng=st.randoms(use_true_random=False))
    def open(self, rng: random.Random) -> None:
        self.host = Host(rng)
        self.house: House = self.host.enter(open_house(LIMITS))
        self.people: list[Person] = []
        self.drained = False
        self.worker = True
        self.offers = 0
        for _ in range(2):
            self.join("blue")

    # ---- whom a rule is about

    def _some(self, number: int, which: Callable[[Person], bool]) -> Person | None:
        found = [person for person in self.people if which(person)]
        return found[number % len(found)] if found else None

    def _here(self, number: int) -> Person | None:
        return self._some(number, lambda person: person.reason is None)

    def _connected(self, number: int) -> Person | None:
        return self._some(number, lambda person: person.connected)

    def _leave(self, person: Person, reason: str, code: int | None = None) -> None:
        """Have the picture say that someone left; ``code`` is what their page is told, if it is told."""
        if code is not None and person.connected:
            assert person.page.session.closing is not None
            assert person.page.session.closing.code == code
        person.reason, person.left_at = reason, self.host.now

    def _say(self, person: Person, type: str, **fields: Any) -> dict[str, Any]:
        """Let someone send a command, and return the answer."""
        person.hear(self.host.now)
        self.host.do(lambda: person.page.send(type, ref="s", **fields))
        self.host.settle()
        (answer,) = (event for event in person.page.events if event.get("ref") == "s")
        person.page.events.clear()
        return answer

    # ---- coming and going

    @rule(room=st.sampled_from(ROOMS))
    def join(self, room: str) -> None:
        page = self.host.do(lambda: self.house.live(self.house.knock("Somebody", room)))
        self.host.settle()
        full = sum(person.room == room and person.reason is None for person in self.people) >= LIMITS.participants
        if self.drained or full:
            assert page.events[0]["code"] == ("server_stopping" if self.drained else "room_full")
            self.host.do(page.session.ended, "tab_closed")
            return
        joined, now = page.events[0], self.host.now
        (epoch,) = (person["epoch"] for person in joined["participants"] if person["id"] == joined["you"])
        assert all(epoch > person.epoch and joined["token"] != person.page.token for person in self.people)
        lease = Picture(LIMITS.terms, evidence=[now])
        self.people.append(Person(room, page, epoch, lease, heard=now, asked=now))
        page.events.clear()

    @rule(who=st.integers(0, 9), how=st.sampled_from(["leave", "close", "leave and close"]))
    def leave(self, who: int, how: str) -> None:
        if (person := self._connected(who)) is not None:
            if "leave" in how:
                self.host.do(person.page.send, "leave")
            if "close" in how:
                self.host.do(person.page.session.ended, "tab_closed")
            self.host.settle()
            self._leave(person, "left" if "leave" in how else "tab_closed")

    @rule(who=st.integers(0, 9))
    def lose_socket(self, who: int) -> None:
        if (person := self._connected(who)) is not None:
            self.host.do(person.page.session.ended, "connection_lost")
            person.lease.lost = self.host.now
            person.lease.look(self.host.now)

    @rule(
        who=st.integers(0, 9),
        seq=st.sampled_from([None, None, None, 0, -1, 10**9]),
        switches=st.tuples(st.booleans(), st.booleans()),
        fate=st.sampled_from([None, None, None, "tab_closed", "connection_lost"]),
    )
    def resume(self, who: int, seq: int | None, switches: tuple[bool, bool], fate: LeaveReason | None) -> None:
        """Let anyone who ever was there come back: after a loss, beside the old socket, or too late."""
        if (person := self._some(who, lambda _: True)) is None:
            return
        old, now, (microphone, camera) = person.page, self.host.now, switches
        fields = {"microphone": microphone, "camera": camera} | ({} if seq is None else {"seq": seq})
        page = self.host.do(lambda: self.house.live(self.house.come_back(old, person.room, **fields)))
        if fate:
            self.host.do(page.session.ended, fate)
        self.host.settle()
        if person.reason is not None:
            # A room that was opened anew remembers nobody who was removed from the last.
            codes = {"unknown_token", "removed"} if person.reason == "kicked" else {"unknown_token"}
            assert fate or {event["code"] for event in page.events} <= codes
            assert fate or len(page.events) == 1
            self.host.do(page.session.ended, "tab_closed")
            return
        if person.connected:
            assert old.session.closing is not None
            assert old.session.closing.code == 4003
        person.page, person.lease.lost, person.asked = page, None, now
        person.microphone, person.camera = microphone, camera
        person.hear(now)
        if fate == "tab_closed":
            self._leave(person, "tab_closed")
        elif fate:
            person.lease.lost = now
            person.lease.look(now)
        else:
            replies = {"joined", "resumed", "offer"} & {event["type"] for event in page.events}
            assert replies == {"resumed" if seq is None else "joined"} | ({"offer"} if person.offer else set())
            page.events.clear()

    # ---- from outside

    @rule(who=st.integers(0, 9), really=RARELY)
    def kick(self, who: int, really: bool) -> None:
        if really and (person := self._here(who)) is not None:
            assert self.host.do(self._room(person.room).kick, person.page.me)
            self.host.settle()
            self._leave(person, "kicked", 4004)

    @rule(name=st.sampled_from(ROOMS), really=RARELY)
    def close_room(self, name: str, really: bool) -> None:
        if really and (room := self.house.directory.find(name)) is not None:
            self.host.do(room.close)
            self.host.settle()
            for person in self.people:
                if person.room == name and person.reason is None:
                    self._leave(person, "room_closed", 4006)

    @precondition(lambda self: len(self.people) > 5 and not self.drained)
    @rule()
    def drain(self) -> None:
        self.drained = True
        self.host.call(self.house.directory.drain, "Closing time.")
        for person in self.people:
            if person.reason is None:
                self._leave(person, "server_stopping", 1001)

    @rule()
    def lose_or_restore_the_worker(self) -> None:
        self.worker = not self.worker
        self.host.do(self.house.media.restore if self.worker else self.house.media.lose)
        for person in self.people:
            person.offer = None

    @rule(who=st.integers(0, 9), age=st.integers(0, 24))
    def hear_media(self, who: int, age: int) -> None:
        if self.worker and (person := self._here(who)) is not None:
            at = max(0.0, self.host.now - age * TICK)
            self.host.do(self.house.media.hear, person.epoch, self.host.now - at)
            person.lease.evidence.append(at)
            person.lease.media.append(at)
            person.lease.look(self.host.now)

    @rule(who=st.integers(0, 9))
    def offer(self, who: int) -> None:
        if self.worker and (person := self._here(who)) is not None:
            self.offers += 1
            person.offer = self.offers
            self.host.do(self.house.media.offer, person.epoch, self.offers)

    # ---- words

    @rule(who=st.integers(0, 9))
    def chat(self, who: int) -> None:
        if (person := self._connected(who)) is not None:
            assert self._say(person, "chat", text="hi")["type"] == "ok"

    @rule(who=st.integers(0, 9), microphone=st.booleans(), camera=st.booleans())
    def update(self, who: int, microphone: bool, camera: bool) -> None:
        if (person := self._connected(who)) is not None:
            assert self._say(person, "update", microphone=microphone, camera=camera)["type"] == "ok"
            person.microphone, person.camera = microphone, camera

    @rule(who=st.integers(0, 9))
    def publish(self, who: int) -> None:
        if (person := self._connected(who)) is not None:
            answer = self._say(person, "publish", sdp="v=0", tracks={})
            assert answer["type"] == "published" if self.worker else answer["code"] == "media_unavailable"

    @rule(who=st.integers(0, 9))
    def answer(self, who: int) -> None:
        if (person := self._connected(who)) is not None and person.offer is not None:
            assert self._say(person, "answer", offer=person.offer, sdp="v=0")["type"] == "ok"
            person.offer = None

    @rule(who=st.integers(0, 9))
    def fall_silent_or_speak(self, who: int) -> None:
        if (person := self._connected(who)) is not None:
            person.page.answers = not person.page.answers

    # ---- time

    @rule(ticks=st.sampled_from([1, 2, 3, 4, 8]))
    def wait_a_little(self, ticks: int) -> None:
        self.wait(ticks)

    @rule(ticks=st.sampled_from([17, 18, 28, 45, 46, 60]))
    def wait(self, ticks: int) -> None:
        now = self.host.now
        self.host.advance(ticks * TICK)
        for _ in range(ticks):
            now += TICK
            for person in self.people:
                if person.reason is None:
                    self._pass(person, now)

    def _pass(self, person: Person, now: float) -> None:
        if person.lease.look(now) == "left":
            self._leave(person, "connection_lost", 4002)
            person.left_at = now
        elif person.connected and now >= max(person.heard, person.asked) + LIMITS.ping_after:
            person.asked = now
            if person.page.answers:
                person.hear(now)

    # ---- what is always so

    @invariant()
    def the_house_is_its_picture(self) -> None:
        if not hasattr(self, "house"):
            return
        self.host.call(self._verify)
        logs = [log for name in ROOMS if (log := self.house.directory.log(name)) is not None]
        records = {record.epoch: record for log in logs for record in log}
        ends = {epoch: (record.reason, record.left_at) for epoch, record in records.items()}
        _same(ends, {person.epoch: (person.reason, person.left_at) for person in self.people})
        rooms = [room for name in ROOMS if (room := self._find(name))]
        people = [each for room in rooms for each in snapshot(room).values()]
        shown = {each["epoch"]: (each["microphone"], each["camera"], each["connection"]) for each in people}
        here = [person for person in self.people if person.reason is None]
        _same(shown, {person.epoch: (person.microphone, person.camera, person.lease.state) for person in here})

    async def _verify(self) -> None:
        await verify(self.house, probe=False)

    def _find(self, name: str) -> Room | None:
        return self.house.directory.find(name)

    def _room(self, name: str) -> Room:
        room = self._find(name)
        assert room is not None
        return room

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.host.close()
            ended(self.house)


TestHouseMachine = HouseMachine.TestCase
TestHouseMachine.settings = settings(
    max_examples=int(os.environ.get("CHATROOM_EXAMPLES", "200")),
    stateful_step_count=40,
    deadline=None,
    derandomize="CHATROOM_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
