"""All schedules, each once; what one of them shows is found, and shown again."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from itertools import permutations

import pytest
import trio

from nurseries.testing import every_schedule, replay
from tests.nurseries.test_testing_schedules import Tracer

Order = list[int]


def crowd(size: int, steps: int, saw: Callable[[Order], object]) -> Callable[[], Awaitable[None]]:
    """Tasks that each write down their number, and do so again in ``steps`` more batches."""

    async def scenario() -> None:
        order: Order = []

        async def one(number: int) -> None:
            order.append(number)
            for _ in range(steps):
                await trio.lowlevel.checkpoint()
                order.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(size):
                nursery.start_soon(one, number, name=f"one:{number}")
        saw(order)

    return scenario


@pytest.mark.parametrize(("size", "steps"), [(1, 3), (2, 0), (3, 0), (5, 0), (2, 3), (3, 1), (3, 2)])
def test_there_are_as_many_schedules_as_orders_each_once(size: int, steps: int) -> None:
    orders: list[Order] = []
    assert every_schedule(crowd(size, steps, orders.append)) == math.factorial(size) ** (steps + 1)
    assert len(set(map(tuple, orders))) == len(orders) == math.factorial(size) ** (steps + 1)
    assert orders[0] == list(range(size)) * (steps + 1)


def test_with_fewer_tasks_in_later_batches_there_are_fewer() -> None:
    async def scenario() -> None:
        async def steps(number: int) -> None:
            for _ in range(number):
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(steps, number)

    assert every_schedule(scenario) == 6 * 2 * 1


def test_a_race_that_one_order_of_120_shows_is_found_and_replayed_step_by_step() -> None:
    def saw(order: Order) -> None:
        assert order != [3, 1, 4, 0, 2]

    tracers: list[Tracer] = []
    inner = crowd(5, 0, saw)

    async def scenario() -> None:
        tracers.append(Tracer())
        trio.lowlevel.add_instrument(tracers[-1])
        await inner()

    with pytest.raises(AssertionError) as caught:
        every_schedule(scenario)
    # of [0, 1, 2, 3, 4] the 3, of [0, 1, 2, 4] the 1, of [0, 2, 4] the 4, and then what is left in its order
    assert caught.value.__notes__ == ["schedule [3, 1, 2]; replay with: replay(..., [3, 1, 2])"]
    assert len(tracers) == 1 + list(permutations(range(5))).index((3, 1, 4, 0, 2))
    with pytest.raises(AssertionError):
        replay(scenario, [3, 1, 2])
    assert tracers[-1].trace == tracers[-2].trace != tracers[-3].trace
    replay(scenario, [3, 1, 1])


def test_only_those_among_whom_the_order_matters_change_places() -> None:
    orders: list[Order] = []
    assert every_schedule(crowd(5, 0, orders.append), among="one:[024]") == 6
    assert sorted({order[0] for order in orders}) == [0, 2, 4]
    assert all(order[1] == 1 and order[3] == 3 for order in orders)

    def saw(order: Order) -> None:
        assert order != [4, 1, 2, 3, 0]

    with pytest.raises(AssertionError) as caught:
        every_schedule(crowd(5, 0, saw), among="one:[024]")
    assert caught.value.__notes__[0].endswith("replay(..., [2, 1], among='one:[024]')")
    with pytest.raises(AssertionError, match=r"\[4, 1, 2, 3, 0\]"):
        replay(crowd(5, 0, saw), [2, 1], among="one:[024]")


def test_more_schedules_than_the_limit_are_an_error() -> None:
    assert every_schedule(crowd(3, 0, len), limit=6) == 6
    with pytest.raises(AssertionError, match="more than 5 schedules"):
        every_schedule(crowd(3, 0, len), limit=5)


def test_decisions_of_another_scenario_are_refused() -> None:
    replay(crowd(3, 0, len), [])
    with pytest.raises(AssertionError, match="between 3"):
        replay(crowd(3, 0, len), [3])
    with pytest.raises(AssertionError, match="between 2"):
        replay(crowd(3, 0, len), [0, -1])
    with pytest.raises(AssertionError, match="3 decisions, and the run took 2"):
        replay(crowd(3, 0, len), [0, 0, 0])


def test_a_scenario_that_depends_on_more_than_the_schedule_is_refused() -> None:
    sizes = iter([3, 4, 3, 4])

    async def scenario() -> None:
        await crowd(next(sizes), 0, len)()

    with pytest.raises(AssertionError, match="nothing but the schedule"):
        every_schedule(scenario)


def test_chance_is_the_same_in_each_run() -> None:
    drawn: list[float] = []
    every_schedule(crowd(2, 0, lambda _: drawn.append(random.random())))
    assert drawn[0] == drawn[1]


def test_a_deadlock_that_one_order_shows_is_found() -> None:
    async def scenario() -> None:
        event: trio.Event | None = None

        async def waits() -> None:
            nonlocal event
            event = trio.Event()
            await event.wait()

        async def sets() -> None:
            if event is not None:
                event.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits)
            nursery.start_soon(sets)

    with pytest.raises(trio.TooSlowError) as caught:
        every_schedule(scenario)
    assert "[1]" in caught.value.__notes__[0]
