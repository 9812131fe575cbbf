from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.allocator import HOLD, MARGIN, Allocator, Option, Want

LAYERS = (100.0, 400.0, 1_600.0)


def want(key: str, current: int = -1, *, priority: int = 1, costs: tuple[float, ...] = LAYERS) -> Want:
    return Want(key, priority, tuple(Option(cost, None) for cost in costs), current)


def choose(budget: float, *wants: Want) -> dict[object, int]:
    return dict(Allocator().choose(budget, wants, 0.0).chosen)


def test_all_of_one_priority_get_the_same_in_turns() -> None:
    assert choose(230, want("a"), want("b")) == {"a": 0, "b": 0}
    assert choose(600, want("a"), want("b")) == {"a": 1, "b": 0}
    assert choose(1_000, want("a"), want("b")) == {"a": 1, "b": 1}
    assert choose(10_000, want("a"), want("b")) == {"a": 2, "b": 2}


def test_who_comes_first_gets_the_best_before_the_rest_get_better() -> None:
    assert choose(2_100, want("a"), want("b"), want("screen", priority=0)) == {"a": 0, "b": 0, "screen": 2}
    assert choose(150, want("a"), want("screen", priority=0)) == {"screen": 0, "a": -1}


def test_what_does_not_fit_is_paused_and_what_is_smaller_still_fits() -> None:
    assert choose(130, want("a", costs=(500.0,)), want("b")) == {"a": -1, "b": 0}
    assert choose(0, want("a"), want("b")) == {"a": -1, "b": -1}
    assert choose(0, attrs.evolve(want("a"), required=True), want("b")) == {"a": 0, "b": -1}


def test_what_is_in_use_needs_no_margin() -> None:
    assert choose(400, want("a", 1)) == {"a": 1}
    assert choose(400, want("a", 0)) == {"a": 0}
    assert choose(400 * (1 + MARGIN), want("a", 0)) == {"a": 1}


def test_what_was_lowered_stays_so_for_a_while_and_longer_each_time() -> None:
    allocator = Allocator()

    def step(budget: float, current: int, now: float) -> int:
        return allocator.choose(budget, [want("a", current)], now).chosen["a"]

    assert step(300, 1, 0.0) == 0
    assert step(10_000, 0, HOLD - 0.1) == 0
    assert step(10_000, 0, HOLD) == 2
    assert step(300, 2, 10.0) == 0
    assert step(10_000, 0, 10.0 + HOLD) == 0
    assert step(10_000, 0, 10.0 + 2 * HOLD) == 2


def test_it_says_what_the_next_step_up_would_cost() -> None:
    allocation = Allocator().choose(500, [want("a", 1), want("b", 0)], 0.0)
    assert allocation.chosen == {"a": 1, "b": 0}
    assert allocation.cost == 500
    assert allocation.next == pytest.approx(500 - 100 + 400 * (1 + MARGIN))
    assert Allocator().choose(10_000, [want("a")], 0.0).next is None
    assert Allocator().choose(0, [want("a")], 0.0).next == pytest.approx(100 * (1 + MARGIN))
    assert Allocator().choose(1_000, [], 0.0).next is None


COSTS = st.lists(st.floats(1, 2_000), min_size=1, max_size=6, unique=True).map(lambda costs: tuple(sorted(costs)))


@given(st.floats(0, 10_000), st.lists(st.tuples(st.integers(0, 2), COSTS, st.integers(-1, 6)), max_size=12))
def test_never_more_than_there_is_and_nothing_left_that_could_be_had(
    budget: float, tracks: list[tuple[int, tuple[float, ...], int]]
) -> None:
    wants = [
        want(str(n), min(current, len(costs) - 1), priority=p, costs=costs)
        for n, (p, costs, current) in enumerate(tracks)
    ]
    allocation = Allocator().choose(budget, wants, 0.0)
    cost = sum(w.options[allocation.chosen[w.key]].bitrate for w in wants if allocation.chosen[w.key] >= 0)
    assert cost == pytest.approx(allocation.cost)
    assert cost <= budget + 1e-6
    for w in wants:
        step = allocation.chosen[w.key] + 1
        if step < len(w.options):
            has = w.options[step - 1].bitrate if step > 0 else 0.0
            assert cost - has + w.options[step].bitrate * (1 + MARGIN) > budget - 1e-6
    # and what was chosen is chosen again
    again = Allocator().choose(
        budget,
        [
            want(str(w.key), allocation.chosen[w.key], priority=w.priority, costs=tuple(o.bitrate for o in w.options))
            for w in wants
        ],
        0.1,
    )
    assert sum(again.chosen.values()) >= sum(allocation.chosen.values()) or again.cost >= allocation.cost
