from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from nurseries.testing import Injected, cancel_at_every_checkpoint, fail_at_every_checkpoint


async def steps(log: list[str], shielded: bool = True) -> None:
    """Five waits, one of them in a cleanup that is shielded, or is not."""
    log.append("joined")
    try:
        for _ in range(4):
            await trio.sleep(1)
    finally:
        with trio.move_on_after(1, shield=shielded):
            await trio.sleep(0.5)
            log.append("left")


def test_a_cleanup_that_holds_is_tried_at_every_step() -> None:
    logs: list[list[str]] = []

    async def scenario() -> None:
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps, log, name="participant:1")
        logs.append(log)
        assert log == ["joined", "left"]

    assert cancel_at_every_checkpoint(scenario, victim="participant:*") == 5
    assert len(logs) == 6


def test_a_cleanup_that_does_not_hold_is_found_and_the_step_is_told() -> None:
    async def scenario() -> None:
        log: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps, log, False, name="participant:1")
        assert log == ["joined", "left"]

    with pytest.raises(AssertionError) as caught:
        cancel_at_every_checkpoint(scenario, victim="participant:*", seed=3)
    assert "was cancelled at its step 1; seed 3" in caught.value.__notes__[0]


def test_a_victim_with_a_scope_of_its_own_started_with_start_in_a_nursery_of_others() -> None:
    ends: list[str] = []

    async def participant(*, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 3)
                await trio.sleep(1)
                task_status.started(scope)
                await trio.sleep(1)
        ends.append("cancelled" if scope.cancelled_caught else "after its scope")

    async def neighbour() -> None:
        await trio.sleep(5)
        ends.append("neighbour")

    async def scenario() -> None:
        ends.clear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(neighbour)
            try:
                await nursery.start(participant, name="serve/room/participant:1")
            except RuntimeError:
                ends.append("not started")
        assert ends[-1] == "neighbour"
        # cancelled from outside of it, the task never gets past its own scope
        assert ends[:-1] in (["not started"], [], ["after its scope"])

    runs = cancel_at_every_checkpoint(scenario, victim=lambda task: "/participant:" in task.name)
    assert runs == 3
    assert ends == ["after its scope", "neighbour"]


def test_a_watcher_may_be_cancelled_at_the_steps_of_those_it_watches() -> None:
    async def scenario() -> None:
        async def watcher() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(steps, [], name="watched:1")
                nursery.start_soon(steps, [], name="watched:2")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher, name="watcher")

    assert cancel_at_every_checkpoint(scenario, victim="watcher") == 1
    assert cancel_at_every_checkpoint(scenario, victim="watcher", at="watched:*") == 12  # the last steps, too


def test_only_the_first_task_that_fits_is_the_victim() -> None:
    async def scenario() -> None:
        done: list[int] = []

        async def one(number: int) -> None:
            await trio.sleep(1)
            done.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(one, number, name=f"one:{number}")
        assert {1, 2} <= set(done)

    assert cancel_at_every_checkpoint(scenario, victim="one:*") == 1


def test_nobody_to_cancel_is_a_mistake_of_the_test() -> None:
    with pytest.raises(AssertionError, match="no task"):
        cancel_at_every_checkpoint(trio.lowlevel.checkpoint, victim="nobody")


def test_a_deadlock_is_found() -> None:
    async def scenario() -> None:
        finished = trio.Event()

        async def victim() -> None:
            await trio.sleep(1)
            finished.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(victim, name="victim")
            await finished.wait()

    with pytest.raises(trio.TooSlowError):
        cancel_at_every_checkpoint(scenario, victim="victim")


def test_no_end_is_an_error() -> None:
    async def scenario() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps, [], name="victim")

    with pytest.raises(AssertionError, match="no end after 3 runs"):
        cancel_at_every_checkpoint(scenario, victim="victim", limit=3)


def test_errors_are_injected_where_the_victim_waits_and_nothing_is_lost() -> None:
    lock_free: list[bool] = []

    async def scenario() -> None:
        lock = trio.Lock()

        async def victim() -> None:
            async with lock:
                await trio.sleep(1)
            await trio.lowlevel.checkpoint()
            await trio.sleep(1)

        struck = False
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(victim, name="victim")
        except* Injected:
            struck = True
        lock_free.append(not lock.locked())
        assert struck == (len(lock_free) <= 2)

    assert fail_at_every_checkpoint(scenario, victim="victim") == 2
    assert lock_free == [True, True, True]


def test_an_injected_error_is_raised_once_and_may_be_of_any_kind() -> None:
    async def scenario() -> None:
        async def victim() -> None:
            try:
                await trio.sleep(1)
            except OSError:
                await trio.sleep(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(victim, name="victim")

    assert fail_at_every_checkpoint(scenario, victim="victim", error=OSError) == 1


def three(done: list[str], tied: bool = False) -> Callable[[], Awaitable[None]]:
    """Three tasks with one, two and three steps; the second loses what it has when it is cancelled, if it is tied."""

    async def one(number: int) -> None:
        try:
            for _ in range(number):
                await trio.sleep(1)
        finally:
            if not (tied and number == 2 and trio.current_effective_deadline() == -math.inf):
                done.append(f"one:{number}")

    async def scenario() -> None:
        done.clear()
        async with trio.open_nursery() as nursery:
            for number in (1, 2, 3):
                nursery.start_soon(one, number, name=f"one:{number}")
                await trio.testing.wait_all_tasks_blocked()

    return scenario


def test_the_victim_may_be_another_of_those_that_fit_or_each_in_turn() -> None:
    done: list[str] = []
    for number in range(3):
        assert cancel_at_every_checkpoint(three(done), victim="one:*", which=number) == number + 1
    assert cancel_at_every_checkpoint(three(done), victim="one:*", which="each") == 1 + 2 + 3
    with pytest.raises(AssertionError, match="victim number 3"):
        cancel_at_every_checkpoint(three(done), victim="one:*", which=3)
    with pytest.raises(AssertionError, match="no task"):
        cancel_at_every_checkpoint(three(done), victim="two:*", which="each")


def test_a_check_is_made_after_each_run_and_what_it_finds_is_told_with_the_victim() -> None:
    done: list[str] = []
    checks: list[int] = []

    def check() -> None:
        assert not trio.lowlevel.in_trio_run()
        checks.append(len(done))
        assert len(done) == 3

    cancel_at_every_checkpoint(three(done), victim="one:*", which="each", check=check)
    assert len(checks) == 6 + 3 + 1  # and one that finds nobody else
    cancel_at_every_checkpoint(three(done, tied=True), victim="one:*", check=check)
    with pytest.raises(AssertionError) as caught:
        cancel_at_every_checkpoint(three(done, tied=True), victim="one:*", which="each", check=check)
    assert "'one:2'" in caught.value.__notes__[0]
    assert "was cancelled at its step 1" in caught.value.__notes__[0]


def test_a_victim_that_comes_and_goes_is_a_mistake_of_the_test() -> None:
    names = iter(["victim", "other"])

    async def scenario() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1, name=next(names))

    with pytest.raises(AssertionError, match="in run 1 and not in run 2"):
        cancel_at_every_checkpoint(scenario, victim="victim")
