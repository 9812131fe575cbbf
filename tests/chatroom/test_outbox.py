"""What waits for a page that reads slowly: bounded, in order, and as short as it can be."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatroom.events import ChatSaid, Event, ParticipantJoined, ParticipantLeft, ParticipantUpdated, Ping
from chatroom.frame import Frame
from chatroom.model import Message, Participant
from chatroom.outbox import Outbox
from chatroom.wire import encode


def person(id: str, microphone: bool = True) -> Participant:
    return Participant(id, 1, id, microphone, camera=True, connection="present", joined_at=0.0)


def updated(seq: int, id: str, microphone: bool = True) -> Frame:
    return encode(ParticipantUpdated(seq, person(id, microphone)))


def chat(seq: int) -> Frame:
    return encode(ChatSaid(seq, Message(seq, "p", "Ada", "hi", 0.0)))


def take_all(outbox: Outbox) -> list[dict[str, Any]]:
    taken = []
    while (frame := outbox.take_now()) is not None:
        taken.append(json.loads(frame.text))
    return taken


def short(events: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(event["type"], event["seq"]) for event in events]


def test_a_frame_overtakes_an_older_one_with_its_key() -> None:
    outbox = Outbox(100, 100_000)
    for frame in (updated(1, "a"), chat(2), updated(3, "b"), updated(4, "a", microphone=False)):
        assert outbox.post(frame)
    taken = take_all(outbox)
    assert short(taken) == [("skipped", 1), ("chat", 2), ("participant_updated", 3), ("participant_updated", 4)]
    assert taken[-1]["participant"]["microphone"] is False
    statistics = outbox.statistics()
    assert (statistics.posted, statistics.taken, statistics.overtaken) == (4, 3, 1)
    assert (statistics.frames, statistics.bytes) == (0, 0)


def test_neighbours_that_are_skipped_are_skipped_at_once() -> None:
    outbox = Outbox(100, 100_000)
    for seq, who in enumerate(["a", "b", "c", "b", "a", "c"], 1):
        outbox.post(updated(seq, who))
    assert short(take_all(outbox)) == [
        ("skipped", 3),
        ("participant_updated", 4),
        ("participant_updated", 5),
        ("participant_updated", 6),
    ]


def test_one_that_is_overtaken_later_hides_no_newer_one_that_was_before() -> None:
    outbox = Outbox(100, 100_000)
    for frame in (updated(1, "a"), updated(2, "b"), chat(3), updated(4, "b"), updated(5, "a")):
        outbox.post(frame)
    assert short(take_all(outbox)) == [
        ("skipped", 2),
        ("chat", 3),
        ("participant_updated", 4),
        ("participant_updated", 5),
    ]


def test_what_was_taken_is_not_overtaken() -> None:
    outbox = Outbox(100, 100_000)
    outbox.post(updated(1, "a"))
    first = outbox.take_now()
    outbox.post(updated(2, "a"))
    assert first is not None
    assert short(take_all(outbox)) == [("participant_updated", 2)]


def test_whoever_toggles_for_ever_fills_nobodys_outbox() -> None:
    outbox = Outbox(3, 2_000)
    outbox.post(chat(1))
    for seq in range(2, 10_000):
        assert outbox.post(updated(seq, "ab"[seq % 2], bool(seq & 2)))
    assert outbox.statistics().frames == 3
    assert outbox.post(updated(10_000, "a"))  # there is room for it in the place of the other
    assert not outbox.post(chat(10_001))
    assert short(take_all(outbox)) == [
        ("chat", 1),
        ("skipped", 9_998),
        ("participant_updated", 9_999),
        ("participant_updated", 10_000),
    ]


def test_a_larger_one_that_does_not_fit_overtakes_nothing() -> None:
    outbox = Outbox(2, 100)
    assert outbox.post(Frame("x" * 40, "k", 1))
    assert outbox.post(Frame("y" * 40, None, 2))
    assert not outbox.post(Frame("z" * 70, "k", 3))
    assert outbox.statistics().overtaken == 0
    outbox.close(discard=True)
    assert outbox.take_now() is None
    assert outbox.statistics().bytes == 0


class PageState:
    """What a page makes of what it gets; it insists on the order that docs/protocol.md promises."""

    def __init__(self) -> None:
        self.seq = 0
        self.people: dict[str, Any] = {}
        self.messages: list[int] = []
        self.pings = 0

    def apply(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "ping":
                self.pings += 1
                return
            case "skipped":
                assert event["seq"] > self.seq, "says nothing new"
                self.seq = event["seq"]
                return
        assert event["seq"] == self.seq + 1, f"{event['seq']} does not follow {self.seq}"
        self.seq = event["seq"]
        match event["type"]:
            case "participant_joined" | "participant_updated":
                self.people[event["participant"]["id"]] = event["participant"]
            case "participant_left":
                del self.people[event["id"]]
            case "chat":
                self.messages.append(event["message"]["id"])

    def fold(self) -> tuple[Any, ...]:
        return self.seq, self.people, self.messages, self.pings


STEP = st.one_of(
    st.tuples(st.just("join"), st.integers(0, 4)),
    st.tuples(st.just("update"), st.integers(0, 4)),
    st.tuples(st.just("update"), st.integers(0, 1)),
    st.tuples(st.just("leave"), st.integers(0, 4)),
    st.tuples(st.just("chat"), st.just(0)),
    st.tuples(st.just("ping"), st.just(0)),
    st.tuples(st.just("take"), st.integers(1, 6)),
)


@given(st.lists(STEP, max_size=120))
def test_who_gets_less_arrives_at_the_same_state(steps: list[tuple[str, int]]) -> None:
    outbox = Outbox(1_000, 1_000_000)
    full, slow = PageState(), PageState()
    here: dict[int, tuple[str, bool]] = {}
    seq = ids = live = 0
    for kind, number in steps:
        event: Event | None = None
        if kind == "join" and number not in here:
            ids += 1
            here[number] = f"p{ids}", True
            event = ParticipantJoined(seq + 1, person(here[number][0]))
        elif kind == "update" and number in here:
            who, microphone = here[number]
            here[number] = who, not microphone
            event = ParticipantUpdated(seq + 1, person(who, not microphone))
        elif kind == "leave" and number in here:
            who, _ = here.pop(number)
            event = ParticipantLeft(seq + 1, who, who, "left")
        elif kind == "chat":
            event = ChatSaid(seq + 1, Message(seq + 1, "p", "Ada", "hi", 0.0))
        elif kind == "ping":
            event = Ping(1, None)
        elif kind == "take":
            for _ in range(number):
                if (frame := outbox.take_now()) is not None:
                    slow.apply(json.loads(frame.text))
        if event is not None:
            seq += not isinstance(event, Ping)
            frame = encode(event)
            assert outbox.post(frame)
            full.apply(json.loads(frame.text))
        statistics = outbox.statistics()
        live = statistics.posted - statistics.taken - statistics.overtaken
        assert statistics.frames == live
    for event_ in take_all(outbox):
        slow.apply(event_)
    assert slow.fold() == full.fold()
    assert outbox.statistics().bytes == 0
