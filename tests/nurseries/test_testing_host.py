"""A run that plain code takes forward: what happens when, whose errors come out where, and that nothing is left."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
import sniffio
import trio
import trio.testing

from nurseries.testing import Host, Stuck, deterministic, tasks_in
from tests.nurseries.test_testing_schedules import Tracer

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def test_call_returns_what_the_function_returns_or_raises_what_it_raises(host: Host) -> None:
    async def double(number: int) -> int:
        await trio.lowlevel.checkpoint()
        return 2 * number

    async def fail() -> None:
        raise KeyError("lost")

    assert host.call(double, 21) == 42
    with pytest.raises(KeyError, match="lost"):
        host.call(fail)
    assert host.call(double, 1) == 2  # the host minds nothing


def test_do_calls_in_a_task_of_the_run(host: Host) -> None:
    assert host.do(trio.current_time) == host.now == 0.0
    assert host.do(trio.lowlevel.current_task).name.endswith("current_task")
    assert host.do(sniffio.current_async_library) == "trio"
    with pytest.raises(ZeroDivisionError):
        host.do(divmod, 1, 0)


def test_between_the_calls_there_is_no_run(host: Host) -> None:
    async def other() -> float:
        await trio.lowlevel.checkpoint()
        return trio.current_time()

    host.call(trio.sleep, 0)
    assert not trio.lowlevel.in_trio_run()
    with pytest.raises(sniffio.AsyncLibraryNotFoundError):
        sniffio.current_async_library()
    assert trio.run(other, clock=trio.testing.MockClock()) == 0.0
    with Host() as second:
        second.advance(3)
        assert (host.now, second.now) == (0, 3)
    host.advance(1)
    assert host.now == 1


def test_inside_a_run_there_is_no_host() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="inside"):
            Host()

    trio.run(main)


def test_settle_lets_all_tasks_run_until_they_wait_and_no_time_pass(host: Host) -> None:
    log: list[str] = []

    async def background() -> None:
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        log.append("ready")
        await trio.sleep(1)
        log.append("late")

    host.start_soon(background)
    assert log == []
    host.settle()
    assert (log, host.now) == (["ready"], 0)
    host.advance(1)
    assert log == ["ready", "late"]


def test_wait_all_tasks_blocked_comes_before_the_host_is_settled(host: Host) -> None:
    log: list[str] = []

    async def background() -> None:
        await trio.testing.wait_all_tasks_blocked(0.01)
        log.append("blocked")

    host.start_soon(background)
    host.settle()
    assert log == ["blocked"]


def test_time_goes_from_deadline_to_deadline(host: Host) -> None:
    seen: list[tuple[str, float]] = []

    async def every(name: str, seconds: float) -> None:
        while True:
            await trio.sleep(seconds)
            seen.append((name, trio.current_time()))

    host.start_soon(every, "two", 2)
    host.start_soon(every, "three", 3)
    host.advance(7)
    assert sorted(seen) == [("three", 3), ("three", 6), ("two", 2), ("two", 4), ("two", 6)]
    assert [time for _, time in seen] == [2, 3, 4, 6, 6]
    assert host.now == 7


def test_a_deadline_at_the_very_end_is_met_and_none_after_it(host: Host) -> None:
    woken: list[float] = []

    async def wake(at: float) -> None:
        await trio.sleep_until(at)
        woken.append(at)

    for at in (0.1 + 0.2, 0.3, 0.30000000000000016):
        host.start_soon(wake, at)
    for _ in range(3):
        host.advance(0.1)
    assert sorted(woken) == [0.3, 0.1 + 0.2]
    for wrong in (-1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="forward"):
            host.advance(wrong)


@pytest.mark.parametrize(("now", "due"), [(1e17, 1e17 + 48), (0.11791870367106105, 1.7609624449125756)])
def test_a_deadline_is_met_although_numbers_are_coarse(host: Host, now: float, due: float) -> None:
    woken: list[float] = []

    async def wake() -> None:
        await trio.sleep_until(due)
        woken.append(trio.current_time())

    host.advance(now)
    host.start_soon(wake)
    host.advance(100)
    assert woken == [due]


def test_a_call_may_take_time_when_it_is_given_some(host: Host) -> None:
    host.call(trio.sleep, 2, within=2)
    assert host.now == 2
    with pytest.raises(Stuck, match=r"not done in 1 s.*sleep"):
        host.call(trio.sleep, 1.5, within=1)
    assert tasks_in(host.nursery) == []


def test_a_call_that_waits_for_what_does_not_come_is_stuck_and_cancelled_and_told_with_its_place(host: Host) -> None:
    ends: list[str] = []

    async def waits() -> None:
        try:
            await trio.Event().wait()
        finally:
            ends.append("cancelled")

    with pytest.raises(Stuck, match=r"waits \(test_testing_host.py:\d+ in waits\)"):
        host.call(waits)
    assert ends == ["cancelled"]
    assert tasks_in(host.nursery) == []


def test_tasks_that_never_rest_are_an_error() -> None:
    async def busy() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    async def hectic() -> None:
        while True:
            with trio.move_on_after(1e-9):
                await trio.sleep_forever()

    for restless in (busy, hectic):
        with Host(limit=200) as host:
            host.start_soon(restless)
            with pytest.raises(Stuck, match=rf"no end after 200 batches.*{restless.__name__}"):
                host.advance(1)


def test_a_crash_in_the_background_is_raised_by_the_call_in_which_it_happens_and_once() -> None:
    ends: list[str] = []

    async def crash() -> None:
        await trio.sleep(3)
        raise KeyError("crash")

    async def neighbour() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ends.append("neighbour")

    with Host() as host:
        host.start_soon(neighbour)
        host.start_soon(crash)
        host.advance(2.9)
        with pytest.raises(KeyError, match="crash"):
            host.advance(1)
        assert ends == ["neighbour"]
        with pytest.raises(RuntimeError, match="over"):
            host.settle()
        with pytest.raises(RuntimeError, match="over"):
            host.call(trio.sleep, 0)


def test_two_crashes_at_once_are_a_group() -> None:
    async def crash(error: Exception) -> None:
        raise error

    with Host() as host:
        host.start_soon(crash, KeyError())
        host.start_soon(crash, ValueError())
        with pytest.raises(ExceptionGroup) as caught:
            host.settle()
        assert {type(error) for error in caught.value.exceptions} == {KeyError, ValueError}


class Exhausted(random.Random):
    """Hypothesis' may be like this: what it draws from is used up."""

    empty = False

    def shuffle(self, x: Any) -> None:
        if self.empty:
            raise KeyboardInterrupt
        super().shuffle(x)


def test_when_nothing_can_be_drawn_any_more_that_is_raised_and_the_host_is_closed_all_the_same() -> None:
    rng = Exhausted(1)
    ends: list[float] = []

    async def one() -> None:
        try:
            await trio.sleep(1)
        finally:
            ends.append(trio.current_time())

    with Host(rng) as host:
        for _ in range(3):
            host.start_soon(one)
        host.settle()
        rng.empty = True
        for _ in range(3):
            host.start_soon(one)
        with pytest.raises(KeyboardInterrupt):
            host.settle()
    assert ends == [0] * 6


def trace(seed: int | random.Random, postpone: float = 0.0) -> list[str]:
    tracer = Tracer()

    async def steps() -> None:
        for _ in range(3):
            await trio.sleep(1)

    with Host(seed, postpone=postpone, instruments=[tracer]) as host:
        for number in range(5):
            host.start_soon(steps, name=f"steps:{number}")
        host.call(trio.sleep, 0)
        host.settle()
        host.advance(10)
    return tracer.trace


def test_a_seed_is_a_schedule_whatever_happens_between_the_calls() -> None:
    traces = [trace(seed) for seed in range(10)]
    with deterministic(99):
        random.seed(7)
        assert [trace(seed) for seed in range(10)] == traces
    assert len(set(map(tuple, traces))) == 10
    assert trace(random.Random(3)) == traces[3]
    assert trace(3, postpone=0.5) == trace(3, postpone=0.5) != traces[3]


def test_a_host_uses_no_chance_but_its_own() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    trace(1)
    assert random.random() == expected


def test_what_comes_from_a_thread_is_taken_when_it_is_there(host: Host) -> None:
    came: list[int] = []
    token: Any = host.do(trio.lowlevel.current_trio_token)
    thread = threading.Thread(target=trio.from_thread.run_sync, args=(came.append, 1), kwargs={"trio_token": token})
    thread.start()
    while thread.is_alive():
        host.settle()
    assert came == [1]
