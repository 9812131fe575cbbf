"""A seed is a schedule, the same one each time, and the schedules are all there are."""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.testing

from nurseries.testing import deterministic, try_schedules

Trace = list[str]


class Tracer(trio.abc.Instrument):
    """Writes down whose turn it is."""

    def __init__(self) -> None:
        self.trace: Trace = []

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.trace.append(task.name)


def traced(scenario: Callable[[], Awaitable[object]], seed: int, postpone: float = 0.0) -> Trace:
    tracer = Tracer()
    with deterministic(seed, postpone=postpone):
        trio.run(scenario, clock=trio.testing.MockClock(autojump_threshold=0), instruments=[tracer])
    return tracer.trace


async def crowd() -> None:
    """Tasks that do a bit of everything that might depend on chance or on addresses."""
    send, receive = trio.open_memory_channel[int](2)
    lock = trio.Lock()

    async def producer(number: int) -> None:
        for _ in range(3):
            await trio.sleep(random.choice([0, 1, 2]))
            await send.send(number)

    async def consumer() -> None:
        async for _ in receive:
            async with lock:
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(producer, number, name=f"producer:{number}")
            nursery.start_soon(consumer, name=f"consumer:{number}")
        await trio.sleep(5)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("postpone", [0.0, 0.3])
def test_a_seed_is_a_trace_and_other_seeds_are_others(postpone: float) -> None:
    traces = [traced(crowd, seed, postpone) for seed in range(20)]
    gc.collect()  # other addresses from here on
    assert [traced(crowd, seed, postpone) for seed in range(20)] == traces
    assert len(set(map(tuple, traces))) == 20
    assert all(len(trace) > 30 for trace in traces)


def test_a_failing_seed_is_told_and_replayed_step_by_step() -> None:
    tracers: list[Tracer] = []

    async def scenario() -> None:
        tracers.append(Tracer())
        trio.lowlevel.add_instrument(tracers[-1])
        order: list[int] = []

        async def one(number: int) -> None:
            await trio.lowlevel.checkpoint()
            order.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(one, number, name=f"one:{number}")
        assert order != [3, 2, 1, 0]

    with pytest.raises(AssertionError) as caught:
        try_schedules(scenario)
    (note,) = caught.value.__notes__
    seed = int(note.split()[1].strip(";"))
    assert note == (
        f"seed {seed}; replay with: try_schedules(..., seeds=[{seed}]), or run it inside deterministic({seed})"
    )
    assert len(tracers) == seed + 1
    with pytest.raises(AssertionError):
        try_schedules(scenario, seeds=[seed])
    with pytest.raises(AssertionError), deterministic(seed):
        trio.run(scenario, clock=trio.testing.MockClock(autojump_threshold=0))
    failed, replayed, by_hand = (tracer.trace for tracer in tracers[-3:])
    assert failed == replayed
    assert failed.count("one:0") == 2
    failed[:], by_hand[:] = ([name for name in trace if name.startswith("one:")] for trace in (failed, by_hand))
    assert failed == by_hand


def test_the_note_of_a_postponed_schedule_says_so() -> None:
    async def scenario() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        try_schedules(scenario, seeds=[3], postpone=0.25)
    assert "try_schedules(..., seeds=[3], postpone=0.25)" in caught.value.__notes__[0]
    assert "deterministic(3, postpone=0.25)" in caught.value.__notes__[0]


def orders(size: int, seeds: int) -> set[tuple[int, ...]]:
    seen: set[tuple[int, ...]] = set()

    async def scenario() -> None:
        order: list[int] = []

        async def one(number: int) -> None:
            order.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(size):
                nursery.start_soon(one, number)
        seen.add(tuple(order))

    assert try_schedules(scenario, range(seeds)) == seeds
    return seen


def test_every_order_of_a_batch_comes_up() -> None:
    assert len(orders(4, 250)) == math.factorial(4)


def overtaken(postpone: float) -> int:
    """How often a task with one step comes after all four steps of another."""
    times = 0

    async def scenario() -> None:
        done: Trace = []

        async def long() -> None:
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            done.append("long")

        async def short() -> None:
            done.append("short")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(long)
            nursery.start_soon(short)
        nonlocal times
        times += done[0] == "long"

    try_schedules(scenario, range(200), postpone=postpone)
    return times


def test_a_task_falls_behind_others_only_when_it_is_postponed() -> None:
    assert overtaken(0.0) == 0
    assert overtaken(0.5) > 0


def test_postponing_is_a_probability() -> None:
    with pytest.raises(ValueError, match="below 1"), deterministic(postpone=1):
        pass


def aborted(make: Callable[[trio.Nursery, Callable[[int], Awaitable[None]]], None]) -> Trace:
    """The order in which twenty tasks are told that they are cancelled, which is not that in which they run then."""
    told: Trace = []

    async def one(number: int) -> None:
        def abort(_: Any) -> trio.lowlevel.Abort:
            told.append(str(number))
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            make(nursery, one)
            await trio.sleep(1)
            nursery.cancel_scope.cancel()

    with deterministic(1):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert len(told) == 20
    return told


def test_cancellation_reaches_tasks_in_an_order_that_no_address_decides() -> None:
    def siblings(nursery: trio.Nursery, one: Callable[[int], Awaitable[None]]) -> None:
        for number in range(20):
            nursery.start_soon(one, number)

    def in_scopes(nursery: trio.Nursery, one: Callable[[int], Awaitable[None]]) -> None:
        async def inside(number: int) -> None:
            with trio.CancelScope():
                await one(number)

        for number in range(20):
            nursery.start_soon(inside, number)

    def at_a_deadline(nursery: trio.Nursery, one: Callable[[int], Awaitable[None]]) -> None:
        async def until(number: int) -> None:
            with trio.CancelScope(deadline=0.5):
                await one(number)

        for number in range(20):
            nursery.start_soon(until, number)

    for make in (siblings, in_scopes, at_a_deadline):
        ballast = []
        traces = []
        for _ in range(10):
            traces.append(aborted(make))
            ballast.append([object() for _ in range(1013)])  # other addresses for the next
            if len(ballast) % 2:
                ballast.pop(0)
        assert len(set(map(tuple, traces))) == 1, make.__name__


def test_the_module_random_is_seeded_and_then_goes_on_as_before() -> None:
    drawn: list[float] = []

    async def scenario() -> None:
        drawn.append(random.random())

    random.seed(5)
    expected = random.random(), random.random()
    random.seed(5)
    assert random.random() == expected[0]
    try_schedules(scenario, seeds=[1, 2, 1])
    assert drawn[0] == drawn[2] != drawn[1]
    assert random.random() == expected[1]


def test_a_deadlock_is_found() -> None:
    with pytest.raises(trio.TooSlowError):
        try_schedules(trio.sleep_forever, seeds=[1])


def test_no_seeds_are_a_mistake_of_the_test() -> None:
    with pytest.raises(AssertionError, match="no seeds"):
        try_schedules(trio.lowlevel.checkpoint, seeds=[])
