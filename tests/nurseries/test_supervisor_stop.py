from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from nurseries import Backoff, ChildReport, ChildSpec, open_supervisor
from nurseries.testing import deterministic
from tests.nurseries.script import Boom, Script, quiet, settle


async def test_a_starter_that_is_cancelled_takes_the_child_with_it(autojump_clock: Any) -> None:
    async with open_supervisor("s") as supervisor:
        with trio.move_on_after(1) as scope:
            await supervisor.start(ChildSpec("a", Script("hang early")))
        assert scope.cancelled_caught
        assert supervisor.statistics().children == ()


async def test_stop_cancels_and_waits_and_says_whether_there_was_one() -> None:
    child = Script()
    async with open_supervisor("s") as supervisor:
        await supervisor.start(ChildSpec("a", child))
        assert await supervisor.stop("a")
        assert child.cancelled == 1
        assert supervisor.statistics().children == ()
        assert not await supervisor.stop("a")
        assert await supervisor.start(ChildSpec("a", Script())) == 1


async def test_stop_while_waiting_for_a_restart() -> None:
    child = Script("fail")
    async with open_supervisor("s", backoff=Backoff(first=1e6, cap=1e6), report=quiet) as supervisor:
        await supervisor.start(ChildSpec("a", child))
        await settle()
        assert supervisor.statistics().children[0].state == "waiting"
        assert await supervisor.stop("a")
        assert child.runs == 1


async def test_stop_while_starting_is_an_error_of_the_starter() -> None:
    async with open_supervisor("s") as supervisor, trio.open_nursery() as nursery:

        async def starter() -> None:
            with pytest.raises(RuntimeError):
                await supervisor.start(ChildSpec("a", Script("hang early")))

        nursery.start_soon(starter)
        await settle()
        assert await supervisor.stop("a")


async def test_a_child_may_stop_itself() -> None:
    async with open_supervisor("s") as supervisor:

        async def run(*, task_status: trio.TaskStatus[None]) -> None:
            task_status.started()
            await supervisor.stop("a")

        await supervisor.start(ChildSpec("a", run))
        await settle()
        assert supervisor.statistics().children == ()


async def test_an_error_while_being_stopped_is_reported_and_kept_and_not_raised() -> None:
    reports: list[ChildReport] = []
    async with open_supervisor("s", report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", Script("fail at stop")))
        await supervisor.stop("a")
        assert [(type(report.error), report.action) for report in reports] == [(Boom, "stop")]
        last = supervisor.statistics().last_failure
        assert last is reports[0]


@pytest.mark.parametrize("seed", range(10))
def test_an_error_while_the_supervisor_is_cancelled_is_reported_and_the_cancellation_goes_on(seed: int) -> None:
    async def main() -> None:
        reports: list[ChildReport] = []
        with trio.CancelScope() as scope:
            async with open_supervisor("s", report=reports.append) as supervisor:
                await supervisor.start(ChildSpec("a", Script("fail at stop")))
                scope.cancel()
                # a body that takes its time to go
                with trio.move_on_after(seed, shield=True):
                    await trio.sleep_forever()
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert [(type(report.error), report.action) for report in reports] == [(Boom, "stop")]

    with deterministic(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("seed", range(10))
def test_stop_before_the_first_step(seed: int) -> None:
    async def main() -> None:
        async with open_supervisor("s") as supervisor, trio.open_nursery() as nursery:

            async def starter() -> None:
                with pytest.raises(RuntimeError):
                    await supervisor.start(ChildSpec("a", Script("hang early")))

            nursery.start_soon(starter)
            with trio.fail_after(1):
                while not await supervisor.stop("a"):
                    pass

    with deterministic(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_an_error_beside_a_cancellation_is_reported_and_the_cancellation_goes_on() -> None:
    """A child with a nursery of its own ends in a group of both."""
    reports: list[ChildReport] = []

    async def child(*, task_status: trio.TaskStatus[None]) -> None:
        async def cleans_up_badly() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise Boom("on the way out")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cleans_up_badly)
            nursery.start_soon(trio.sleep_forever)
            task_status.started()

    with trio.CancelScope() as scope:
        async with open_supervisor("s", report=reports.append) as supervisor:
            await supervisor.start(ChildSpec("a", child))
            await settle()
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    (report,) = reports
    assert isinstance(report.error, ExceptionGroup)
    assert [type(error) for error in report.error.exceptions] == [Boom]
