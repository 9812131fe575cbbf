from __future__ import annotations

import math
import signal
from typing import Any

import pytest
import trio
import trio.testing

from nurseries import Backoff, ChildReport, ChildSpec, Restart, Strategy, open_supervisor
from nurseries.testing import deterministic
from tests.nurseries.script import Boom, Script, quiet, settle
from tests.nurseries.staff import Staff

STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]
HANGS = 1000.0


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("end", ["leave", "error", "cancel", "start fails"])
def test_children_end_in_reverse_order_each_after_the_one_before_is_gone(
    strategy: Strategy, seed: int, end: str
) -> None:
    staff = Staff()

    async def main() -> None:
        specs = [staff.spec(name, lingering=1.0) for name in "abc"]
        with trio.CancelScope() as scope:
            async with open_supervisor("s", children=specs, strategy=strategy) as supervisor:
                staff.said()
                match end:
                    case "error":
                        raise Boom
                    case "cancel":
                        scope.cancel()
                        await trio.sleep_forever()
                    case "start fails":
                        await supervisor.start(ChildSpec("d", Script("fail early")))
        assert scope.cancelled_caught == (end == "cancel")

    with deterministic(seed):
        begin = trio.testing.MockClock(autojump_threshold=0)
        if end in ("error", "start fails"):
            with pytest.raises(Boom):
                trio.run(main, clock=begin)
        else:
            trio.run(main, clock=begin)
    assert staff.said() == "-c -b -a"


async def test_the_body_ends_before_any_child_does_when_all_is_cancelled(autojump_clock: Any) -> None:
    """So its cleanup can still count on them."""
    staff = Staff()
    with trio.move_on_after(1):
        async with open_supervisor("s", children=[staff.spec("a")]):
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(1, shield=True):
                    await trio.sleep_forever()
                assert staff.running == {"a"}
    assert not staff.running


async def test_a_tree_ends_in_reverse_order_as_a_whole(autojump_clock: Any) -> None:
    staff = Staff()
    names: list[str] = []

    async def inner(*, task_status: trio.TaskStatus[None]) -> None:
        async with open_supervisor("inner", children=[staff.spec("b"), staff.spec("c", lingering=1.0)]) as supervisor:
            names.append(supervisor.path)
            task_status.started()
            await trio.sleep_forever()

    specs: list[ChildSpec[Any]] = [
        staff.spec("a"),
        ChildSpec("middle", inner, shutdown=math.inf),
        staff.spec("d", lingering=1.0),
    ]
    with trio.move_on_after(1):
        async with open_supervisor("outer", under="top", children=specs):
            await trio.sleep_forever()
    assert staff.said() == "+a a +b b +c c +d d -d -c -b -a"
    assert names == ["top/outer/middle/inner"]


async def test_a_failure_after_all_was_cancelled_is_reported_and_restarts_nobody(autojump_clock: Any) -> None:
    staff = Staff()
    reports: list[ChildReport] = []
    with trio.move_on_after(1):
        async with open_supervisor("s", children=[staff.spec("a")], report=reports.append):
            try:
                await trio.sleep_forever()
            finally:
                staff.fail("a")
                with trio.move_on_after(1, shield=True):
                    await trio.sleep_forever()
    assert staff.said() == "+a a !a"
    assert [report.action for report in reports] == ["stop"]


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_who_waits_to_be_run_again_when_all_is_cancelled_is_not_run(
    autojump_clock: Any, strategy: Strategy
) -> None:
    staff = Staff()
    with trio.move_on_after(1):
        async with open_supervisor(
            "s", children=[staff.spec("a")], strategy=strategy, backoff=Backoff(first=2.0), report=quiet
        ):
            staff.fail("a")
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(5, shield=True):
                    await trio.sleep_forever()
    assert staff.said() == "+a a !a"


async def test_a_child_that_takes_too_long_does_not_hold_up_the_others(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    staff = Staff()
    begin = trio.current_time()
    specs = [staff.spec("a"), staff.spec("b", shutdown=2.0, lingering=10.0), staff.spec("c", lingering=3.0)]
    async with open_supervisor("s", children=specs, under="") as supervisor:
        staff.said()
    assert staff.said() == "-c -a -b"
    assert trio.current_time() - begin == 3.0 + 10.0  # it is still waited for
    assert supervisor.statistics().overruns == 1
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "s/b was told to end and has not done so for 2 s")


async def test_an_overrun_is_reported_once_and_at_once(autojump_clock: Any) -> None:
    staff = Staff()
    begin = trio.current_time()
    reports: list[tuple[float, ChildReport]] = []

    def report(said: ChildReport) -> None:
        reports.append((trio.current_time() - begin, said))

    async with open_supervisor("s", under="", report=report) as supervisor:
        await supervisor.start(staff.spec("a", shutdown=2.0, lingering=10.0))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervisor.stop, "a")
            nursery.start_soon(supervisor.stop, "a")
            await trio.sleep(5)
            assert supervisor.statistics().children[0].state == "stopping"
            assert supervisor.statistics().overruns == 1
        assert trio.current_time() - begin == 10.0
    assert reports == [(2.0, ChildReport("s/a", "overran", None, "stop", 2.0))]


@pytest.mark.parametrize(("shutdown", "overruns"), [(0.0, 0), (9.0, 1), (11.0, 0), (math.inf, 0)])
async def test_for_how_long_a_child_is_waited_for(autojump_clock: Any, shutdown: float, overruns: int) -> None:
    staff = Staff()
    async with open_supervisor("s", report=quiet) as supervisor:
        await supervisor.start(staff.spec("a"))
        await supervisor.start(staff.spec("b", shutdown=shutdown, lingering=10.0))
        staff.said()
    assert supervisor.statistics().overruns == overruns
    assert staff.said() == ("-a -b" if shutdown < 10 else "-b -a")


@pytest.mark.parametrize("shutdown", [-1.0, math.nan])
async def test_a_deadline_that_makes_no_sense(shutdown: float) -> None:
    with pytest.raises(ValueError, match="shutdown must not be negative"):
        ChildSpec("a", Script(), shutdown=shutdown)


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_goes_on_without_who_takes_too_long_to_end_and_comes_back_with_it(
    autojump_clock: Any, strategy: Strategy
) -> None:
    """Two of the same never run at once, and nobody runs beside a neighbour from before."""
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b"), staff.spec("c", shutdown=2.0, lingering=10.0)]
    reports: list[ChildReport] = []
    async with open_supervisor("s", children=specs, strategy=strategy, report=reports.append) as supervisor:
        staff.said()
        staff.fail("a")
        await trio.sleep(3)
        assert staff.said() == "!a -b"
        assert [report.ending for report in reports] == ["failed", "overran"]
        await trio.sleep(10)
        assert staff.said() == "-c +a a +b b +c c"
        assert supervisor.statistics().overruns == 1


async def test_a_starter_that_is_cancelled_waits_for_the_child_for_as_long_as_it_was_given(
    autojump_clock: Any,
) -> None:
    staff = Staff()
    begin = trio.current_time()
    async with open_supervisor("s", report=quiet) as supervisor:
        with trio.move_on_after(1):
            await supervisor.start(staff.spec("a", shutdown=2.0, getting_ready=5.0, lingering=10.0))
        assert trio.current_time() - begin == 3.0
        assert supervisor.statistics().overruns == 1
    assert trio.current_time() - begin == 11.0


async def test_who_waits_to_be_run_again_ends_first_and_is_not_run(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", lingering=4.0)]
    async with open_supervisor("s", children=specs, backoff=Backoff(first=2.0), report=quiet):
        staff.said()
        staff.fail("a")
        await settle()
    assert staff.said() == "!a -b"


async def test_who_fails_while_others_end_is_not_run_again(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", lingering=4.0)]
    async with trio.open_nursery() as nursery, open_supervisor("s", children=specs, report=quiet):
        staff.said()

        async def later() -> None:
            await trio.sleep(1)
            staff.fail("a")

        nursery.start_soon(later)
        await settle()
    assert staff.said() == "!a -b"


@pytest.mark.parametrize(
    ("strategy", "restart", "seconds"),
    [
        ("one_for_one", "temporary", 1.0),
        ("one_for_one", "transient", 20.0),
        ("one_for_all", "temporary", 20.0),
        ("rest_for_one", "temporary", 20.0),
    ],
)
async def test_only_temporary_children_that_are_nobodys_neighbours_end_together(
    autojump_clock: Any, strategy: Strategy, restart: Restart, seconds: float
) -> None:
    staff = Staff()
    begin = trio.current_time()
    async with open_supervisor("s", strategy=strategy) as supervisor:
        for number in range(20):
            await supervisor.start(staff.spec(f"{number}", restart, lingering=1.0))
    assert trio.current_time() - begin == seconds


async def test_a_thousand_rooms_end_in_few_steps() -> None:
    """Each child costs the scheduler a step or two, whatever the number of children."""

    class Steps(trio.abc.Instrument):
        count = 0

        def after_task_step(self, task: trio.lowlevel.Task) -> None:
            self.count += 1

    async def cost(children: int) -> float:
        steps = Steps()
        async with open_supervisor("s") as supervisor:
            for number in range(children):
                await supervisor.start(ChildSpec(f"{number}", Script(), "temporary"))
            trio.lowlevel.add_instrument(steps)
        trio.lowlevel.remove_instrument(steps)
        return steps.count / children

    assert await cost(1000) < 3


@pytest.mark.parametrize("seed", range(5))
def test_an_interrupted_stop_stops_everybody_at_once(seed: int) -> None:
    """Ctrl-C, while a child takes its time: what was orderly becomes quick."""
    staff = Staff()

    async def interrupt() -> None:
        await trio.sleep(1)
        signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        specs = [staff.spec("a"), staff.spec("b"), staff.spec("c", shutdown=HANGS, lingering=HANGS)]
        async with open_supervisor("s", children=specs):
            staff.said()
            trio.lowlevel.spawn_system_task(interrupt)

    # What a shell runs in the background is started with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with deterministic(seed), pytest.raises(KeyboardInterrupt):
            trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        signal.signal(signal.SIGINT, before)
    assert staff.said() in ("-b -a -c", "-a -b -c")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("ready", [False, True])
async def test_what_is_not_an_error_ends_the_others_in_order(error: type[BaseException], ready: bool) -> None:
    staff = Staff()

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        await trio.lowlevel.checkpoint()
        if ready:
            task_status.started()
        raise error

    with pytest.raises(error):  # noqa: PT012
        async with open_supervisor("s", children=[staff.spec("a"), staff.spec("b")]) as supervisor:
            staff.said()
            await supervisor.start(ChildSpec("c", run))
            await trio.sleep_forever()
    assert staff.said() == "-b -a"


async def test_a_report_that_raises_at_an_overrun_leaves_nobody_behind(autojump_clock: Any) -> None:
    def report(_: ChildReport) -> None:
        raise ZeroDivisionError

    staff = Staff()
    with pytest.raises(ZeroDivisionError):
        async with open_supervisor(
            "s", children=[staff.spec("a"), staff.spec("b", shutdown=1.0, lingering=2.0)], report=report
        ):
            staff.said()
    assert staff.said() == "-a -b"
