"""What is sent when: in order in each room, and less and less often where nobody answers."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.webhooks.backoff import Backoff
from web.webhooks.schedule import AT_ONCE, Schedule

STEPS = ("add", "add", "take", "take", "done", "refused", "failed", "drop", "wait", "abandon")
BACKOFF = Backoff(first=1.0, cap=8.0, jitter=0.0, asked_cap=100.0)


def schedule() -> Schedule:
    return Schedule(BACKOFF, lambda: 0.0)


def taken(plan: Schedule, now: float = 0.0) -> list[int]:
    numbers = []
    while (number := plan.take(now)) is not None:
        numbers.append(number)
    return numbers


def test_of_a_room_one_is_on_its_way_and_of_all_only_so_many() -> None:
    plan = schedule()
    for number in range(40):
        plan.add(number, f"room {number % 20}")
    assert taken(plan) == list(range(AT_ONCE))
    assert plan.due() == inf
    plan.done(3)
    assert taken(plan) == [8]
    assert len(plan) == 39


def test_an_endpoint_that_does_not_answer_is_tried_with_one_event_less_and_less_often() -> None:
    plan = schedule()
    for number in range(4):
        plan.add(number, f"room {number}")
    assert taken(plan) == [0, 1, 2, 3]
    for number in (0, 1, 2, 3):  # sent together, so that is one failure
        plan.failed(number, 0.0)
    now, waits = 0.0, []
    for _ in range(6):
        waits.append(plan.due() - now)
        assert taken(plan, plan.due() - 0.001) == []
        now = plan.due()
        (number,) = taken(plan, now)
        plan.failed(number, now)
    assert waits == [1, 2, 4, 8, 8, 8]
    now = plan.due()
    (number,) = taken(plan, now)
    plan.done(number)
    assert len(taken(plan, now)) == 3, "once it answers, all goes on"


def test_an_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    plan = schedule()
    plan.add(1, "blue")
    plan.take(0.0)
    plan.failed(1, 0.0, asked=50.0)
    assert plan.due() == 50.0
    plan.take(50.0)
    plan.failed(1, 50.0, asked=1e9)
    assert plan.due() == 150.0


def test_what_is_refused_holds_up_its_own_room_alone() -> None:
    plan = schedule()
    for number, room in enumerate(["blue", "blue", "red", "red"]):
        plan.add(number, room)
    assert taken(plan) == [0, 2]
    plan.refused(0, 0.0)
    plan.done(2)
    assert taken(plan) == [3]
    plan.done(3)
    assert taken(plan, 0.9) == []
    assert plan.due() == 1.0
    assert taken(plan, 1.0) == [0]
    plan.refused(0, 1.0)
    assert plan.due() == 3.0


def test_what_was_on_its_way_with_a_sender_that_is_gone_is_sent_again() -> None:
    plan = schedule()
    for number in range(3):
        plan.add(number, "blue")
    assert taken(plan) == [0]
    plan.abandon()
    assert taken(plan) == [0]


def test_dropped_is_not_sent_and_done_cannot_be_dropped() -> None:
    plan = schedule()
    for number in range(4):
        plan.add(number, "blue")
    assert taken(plan) == [0]
    for number in (0, 1, 2, 2, 77):
        plan.drop(number)
    assert len(plan) == 2
    plan.done(0)
    plan.drop(0)
    assert taken(plan) == [3]
    plan.done(3)
    assert len(plan) == 0
    assert taken(plan) == []


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.5, 1.0), (4, 4.0, 8.0), (50, 150.0, 300.0)])
def test_pauses_are_spread(failures: int, least: float, most: float) -> None:
    assert Backoff().delay(failures, 1.0) == least
    assert Backoff().delay(failures, 0.0) == most


@given(st.data())
def test_whatever_an_endpoint_does_each_room_has_its_events_once_and_in_order(data: st.DataObject) -> None:
    plan = schedule()
    now, number = 0.0, 0
    sent: list[int] = []
    rooms: dict[int, str] = {}
    dropped: set[int] = set()
    told: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    for _ in range(data.draw(st.integers(0, 40))):
        match data.draw(st.sampled_from(STEPS)):
            case "add":
                number += 1
                rooms[number] = data.draw(st.sampled_from("abc"))
                plan.add(number, rooms[number])
            case "take":
                if (taken_ := plan.take(now)) is not None:
                    sent.append(taken_)
            case "done" if sent:
                done = sent.pop(data.draw(st.integers(0, len(sent) - 1)))
                plan.done(done)
                told[rooms[done]].append(done)
            case "refused" if sent:
                plan.refused(sent.pop(), now)
            case "failed" if sent:
                plan.failed(sent.pop(), now)
            case "drop" if rooms:
                which = data.draw(st.sampled_from(sorted(rooms)))
                if which not in sent and which not in told[rooms[which]]:
                    dropped.add(which)
                plan.drop(which)
            case "wait":
                now += data.draw(st.floats(0, 10))
            case "abandon":
                plan.abandon()
                sent.clear()
        assert len({rooms[each] for each in sent}) == len(sent) <= AT_ONCE
        assert len(plan) == len(rooms) - len(dropped) - sum(map(len, told.values()))
        if plan.due() > now:
            assert plan.take(now) is None
    for _ in range(1_000):
        while sent:
            done = sent.pop()
            plan.done(done)
            told[rooms[done]].append(done)
        now = max(now, min(plan.due(), now + 1000))
        if (taken_ := plan.take(now)) is not None:
            sent.append(taken_)
        elif plan.due() == inf:
            break
    assert len(plan) == 0
    for room, numbers in told.items():
        assert numbers == [each for each in sorted(rooms) if rooms[each] == room and each not in dropped]
