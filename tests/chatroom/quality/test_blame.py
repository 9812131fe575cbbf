"""Whose fault it is: a hundred calls in which something goes wrong, and half an hour in which nothing does."""

from __future__ import annotations

import pytest

from chatroom.quality.events import Trouble
from tests.chatroom.quality.faults import FAULTS, Outcome, run
from tests.chatroom.quality.model import Call

SEEDS = 100


def test_the_right_one_is_blamed_in_a_hundred_calls() -> None:
    outcomes = [run(seed) for seed in range(SEEDS)]
    wrong = [(seed, each) for seed, each in enumerate(outcomes) if not each.right]
    assert len(wrong) <= SEEDS * 0.05, "\n".join(map(str, wrong))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_told_apart_from_the_others(fault: object) -> None:
    outcomes: list[Outcome] = [run(1000 + seed, fault) for seed in range(8)]  # type: ignore[arg-type]
    assert sum(each.right for each in outcomes) >= 7, "\n".join(map(str, outcomes))


def test_nothing_is_said_in_half_an_hour_in_which_nothing_is_wrong() -> None:
    call = Call(6, "clean")
    told = call.play(1800.0)
    assert [event for _, event in told if isinstance(event, Trouble)] == []
