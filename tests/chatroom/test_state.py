"""The state of a room against a model, by plain calls."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatroom.errors import UserError
from chatroom.events import ChatSaid, ParticipantJoined, ParticipantLeft, ParticipantUpdated, RoomEvent
from chatroom.limits import Limits
from chatroom.log import RoomLog
from chatroom.model import Participant
from chatroom.state import RoomState

LIMITS = Limits(participants=5, messages=4, log_records=6)


def test_an_epoch_only_grows() -> None:
    log = RoomLog(keep=3)
    log.joined(2, "a", "Ada", 0)
    for epoch in (1, 2):
        with pytest.raises(ValueError, match="not greater"):
            log.joined(epoch, "b", "Bob", 0)


def test_a_stay_ends_once() -> None:
    log = RoomLog(keep=3)
    log.joined(1, "a", "Ada", 10)
    record = log.left(1, "tab_closed", 20)
    assert record is not None
    assert (record.joined_at, record.left_at, record.reason) == (10, 20, "tab_closed")
    assert log.left(1, "failed", 30) is None
    assert log.left(7, "failed", 30) is None
    assert list(log) == [record]


def test_late_words_of_an_ended_stay_change_nothing() -> None:
    state = RoomState("blue", LIMITS)
    state.admit("a", 1, "Ada", True, True, 0)
    state.leave(1, "connection_lost", 1)
    state.admit("b", 2, "Ada", True, True, 2)
    before = state.snapshot()
    assert state.leave(1, "tab_closed", 3) is None
    for speak in (lambda: state.say(1, "hi", 3), lambda: state.update(1, False, False)):
        with pytest.raises(UserError) as caught:
            speak()
        assert caught.value.code == "not_joined"
    assert state.snapshot() == before


def test_what_is_refused_costs_no_number() -> None:
    state = RoomState("blue", LIMITS)
    state.admit("a", 1, "Ada", True, True, 0)
    with pytest.raises(UserError):
        state.say(1, "  ", 1)
    assert state.update(1, True, None) is None
    assert state.say(1, "hi", 1).seq == 2


class RoomMachine(RuleBasedStateMachine):
    """Random commands. A page that applies the events to its first snapshot always ends with the room's own."""

    def __init__(self) -> None:
        super().__init__()
        self.state = RoomState("blue", LIMITS)
        self.epoch = 0
        self.now = 0.0
        self.seq = 0
        self.model: dict[int, Participant] = {}
        self.joined: list[int] = []
        self.left: list[int] = []
        self.said: list[str] = []

    def apply(self, event: RoomEvent) -> None:
        self.seq += 1
        assert event.seq == self.seq
        match event:
            case ParticipantJoined(participant=participant):
                self.model[participant.epoch] = participant
                self.joined.append(participant.epoch)
            case ParticipantUpdated(participant=participant):
                self.model[participant.epoch] = participant
            case ParticipantLeft(id=id):
                (epoch,) = (p.epoch for p in self.model.values() if p.id == id)
                del self.model[epoch]
                self.left.append(epoch)
            case ChatSaid(message=message):
                self.said.append(message.text)

    @rule(name=st.sampled_from(["Ada", "Bob", " ", "\0"]), on=st.booleans())
    def admit(self, name: str, on: bool) -> None:
        self.epoch += 1
        self.now += 1
        try:
            self.apply(self.state.admit(f"p{self.epoch}", self.epoch, name, on, not on, self.now))
        except UserError as error:
            assert error.code == ("invalid_name" if name not in ("Ada", "Bob") else "room_full")
            assert error.code != "room_full" or len(self.model) == LIMITS.participants

    @rule(epoch=st.integers(0, 20))
    def leave(self, epoch: int) -> None:
        self.now += 1
        event = self.state.leave(epoch, "left", self.now)
        assert (event is not None) == (epoch in self.model)
        if event is not None:
            self.apply(event)

    @rule(epoch=st.integers(0, 20), text=st.text(max_size=3))
    def say(self, epoch: int, text: str) -> None:
        try:
            self.apply(self.state.say(epoch, text, self.now))
        except UserError as error:
            assert error.code == ("invalid_text" if epoch in self.model else "not_joined")

    @rule(epoch=st.integers(0, 20), microphone=st.none() | st.booleans(), camera=st.none() | st.booleans())
    def update(self, epoch: int, microphone: bool | None, camera: bool | None) -> None:
        try:
            event = self.state.update(epoch, microphone, camera)
        except UserError:
            assert epoch not in self.model
        else:
            if event is not None:
                self.apply(event)

    @invariant()
    def presence_is_the_log(self) -> None:
        snapshot = self.state.snapshot()
        assert snapshot.seq == self.seq
        assert {p.epoch: p for p in snapshot.participants} == self.model
        assert [p.epoch for p in snapshot.participants] == list(self.state.log.present)
        assert [m.text for m in snapshot.messages] == [t.strip() for t in self.said][-LIMITS.messages :]
        statistics = self.state.statistics().log
        assert statistics.present == len(self.model) == statistics.joined - statistics.left
        assert (statistics.joined, statistics.left) == (len(self.joined), len(self.left))
        assert sorted(self.joined) == sorted([*self.left, *self.model])
        assert len(list(self.state.log)) == len(self.model) + min(len(self.left), LIMITS.log_records)


TestRoomMachine = RoomMachine.TestCase


def test_a_participant_is_a_value() -> None:
    participant = Participant("a", 1, "Ada", True, True, 0)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        participant.name = "Bob"  # type: ignore[misc]
