from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from nurseries import Backoff, ChildReport, ChildSpec, Run, TooManyRestarts, child_path, open_supervisor
from nurseries.testing import cancel_at_every_checkpoint
from tests.nurseries.script import Boom, Script, quiet, settle


async def test_start_returns_the_value_that_the_child_started_with() -> None:
    async with open_supervisor("s") as supervisor:
        assert await supervisor.start(ChildSpec("a", Script())) == 1


async def test_leaving_the_block_stops_the_children_and_waits_for_them() -> None:
    child = Script()
    gone = False

    async def slow_to_go(*, task_status: trio.TaskStatus[None]) -> None:
        nonlocal gone
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.lowlevel.checkpoint()
                gone = True

    async with open_supervisor("s", children=[ChildSpec("a", child), ChildSpec("b", slow_to_go)]):
        assert child.ready == 1
    assert child.cancelled == 1
    assert gone


async def test_static_children_start_in_order_each_after_the_one_before_is_ready(autojump_clock: Any) -> None:
    order: list[str] = []

    def slow(name: str) -> Run[None]:
        async def run(*, task_status: trio.TaskStatus[None]) -> None:
            order.append(f"{name} begins")
            await trio.sleep(1)
            order.append(f"{name} ready")
            task_status.started()
            await trio.sleep_forever()

        return run

    async with open_supervisor("s", children=[ChildSpec(name, slow(name)) for name in "ab"]) as supervisor:
        assert order == ["a begins", "a ready", "b begins", "b ready"]
        assert [child.name for child in supervisor.statistics().children] == ["a", "b"]


async def test_a_failed_child_is_run_again_after_the_backoff_and_its_neighbour_left_alone(
    autojump_clock: Any,
) -> None:
    child, neighbour = Script("fail", "fail"), Script()
    backoff = Backoff(first=1.0, factor=3.0)
    async with open_supervisor("s", backoff=backoff, period=60.0, report=quiet) as supervisor:
        await supervisor.start(ChildSpec("a", child))
        await supervisor.start(ChildSpec("b", neighbour))
        await trio.sleep(10)
        assert [time - child.times[0] for time in child.times] == pytest.approx([0.0, 1.0, 4.0])
        assert (neighbour.runs, neighbour.cancelled) == (1, 0)


@pytest.mark.parametrize(
    ("restart", "word", "runs"),
    [
        ("permanent", "fail", 2),
        ("permanent", "return", 2),
        ("transient", "fail", 2),
        ("transient", "return", 1),
        ("temporary", "fail", 1),
        ("temporary", "return", 1),
    ],
)
async def test_which_children_are_run_again(autojump_clock: Any, restart: Any, word: str, runs: int) -> None:
    child = Script(word)
    async with open_supervisor("s", report=quiet) as supervisor:
        await supervisor.start(ChildSpec("a", child, restart))
        await trio.sleep(10)
        assert child.runs == runs
        assert len(supervisor.statistics().children) == runs - 1


async def test_too_many_restarts_end_the_supervisor_with_the_last_error_as_the_cause(autojump_clock: Any) -> None:
    child, neighbour = Script(*["fail"] * 10), Script()
    body_cancelled = False
    with pytest.raises(TooManyRestarts, match=r"top/s/a: more than 2 restarts in 5 s") as caught:  # noqa: PT012
        async with open_supervisor("s", intensity=2, under="top", report=quiet) as supervisor:
            await supervisor.start(ChildSpec("b", neighbour))
            await supervisor.start(ChildSpec("a", child))
            try:
                await trio.sleep_forever()
            except trio.Cancelled:
                body_cancelled = True
                raise
    assert isinstance(caught.value.__cause__, Boom)
    assert caught.value.path == "top/s/a"
    assert (child.runs, neighbour.cancelled, body_cancelled) == (3, 1, True)


async def test_a_supervisor_that_gives_up_is_a_failed_child_of_the_one_above(autojump_clock: Any) -> None:
    child = Script(*["fail"] * 4)
    reports: list[ChildReport] = []

    async def inner(*, task_status: trio.TaskStatus[None]) -> None:
        async with open_supervisor("inner", intensity=1, report=quiet) as supervisor:
            task_status.started()
            await supervisor.start(ChildSpec("a", child))
            await trio.sleep_forever()

    async with open_supervisor("outer", under="", report=reports.append) as outer:
        await outer.start(ChildSpec("middle", inner))
        await trio.sleep(60)
        assert child.names == ["outer/middle/inner/a"] * 5
        assert [type(report.error) for report in reports] == [TooManyRestarts, TooManyRestarts]


async def test_an_error_before_started_goes_to_the_starter_only() -> None:
    reports: list[ChildReport] = []
    async with open_supervisor("s", report=reports.append) as supervisor:
        with pytest.raises(Boom):
            await supervisor.start(ChildSpec("a", Script("fail early")))
        with pytest.raises(RuntimeError, match="without calling task_status"):
            await supervisor.start(ChildSpec("a", Script("return early")))
        assert supervisor.statistics().children == ()
        assert await supervisor.start(ChildSpec("a", Script())) == 1
    assert reports == []


async def test_a_static_child_that_cannot_start_ends_the_supervisor_with_its_own_error() -> None:
    first = Script()
    with pytest.raises(Boom):
        async with open_supervisor("s", children=[ChildSpec("a", first), ChildSpec("b", Script("fail early"))]):
            raise AssertionError("not reached")
    assert first.cancelled == 1


@pytest.mark.parametrize(("word", "error"), [("fail early", Boom), ("return early", RuntimeError)])
async def test_a_restart_that_does_not_get_ready_is_a_failure_like_another(
    autojump_clock: Any, word: str, error: type[Exception]
) -> None:
    child = Script("fail", word, word)
    reports: list[ChildReport] = []
    async with open_supervisor("s", report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", child))
        await trio.sleep(10)
        assert child.runs == 4
        assert [type(report.error) for report in reports] == [Boom, error, error]
        assert [report.delay for report in reports] == pytest.approx([0.05, 0.1, 0.2])


async def test_a_child_that_ran_for_a_whole_period_begins_with_the_shortest_delay_again(autojump_clock: Any) -> None:
    child = Script(*["fail later"] * 3)
    reports: list[ChildReport] = []
    async with open_supervisor("s", period=0.5, backoff=Backoff(first=0.1), report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", child))
        await trio.sleep(10)
    assert [report.delay for report in reports] == [0.1, 0.1, 0.1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_what_is_not_an_error_is_never_caught(error: type[BaseException]) -> None:
    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        raise error

    reports: list[ChildReport] = []
    with pytest.raises(error):  # noqa: PT012
        async with open_supervisor("s", report=reports.append) as supervisor:
            await supervisor.start(ChildSpec("a", run))
            await trio.sleep_forever()
    assert reports == []


async def test_a_group_is_kept_whole(autojump_clock: Any) -> None:
    reports: list[ChildReport] = []
    async with open_supervisor("s", report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", Script("group")))
        await trio.sleep(1)
    assert isinstance(reports[0].error, ExceptionGroup)
    assert isinstance(reports[0].error.exceptions[0], Boom)


async def test_two_errors_at_once_are_a_group_and_one_of_the_body_is_itself(autojump_clock: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_supervisor("s", children=[ChildSpec("a", Script())]):
            raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, TooManyRestarts):
        async with open_supervisor("s", intensity=0, report=quiet) as supervisor:
            await supervisor.start(ChildSpec("a", Script("fail later")))
            try:
                await trio.sleep_forever()
            finally:
                raise ZeroDivisionError


async def test_a_report_that_raises_ends_the_supervisor() -> None:
    def report(_: ChildReport) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with open_supervisor("s", report=report) as supervisor:
            await supervisor.start(ChildSpec("a", Script("fail")))
            await trio.sleep_forever()


async def test_statistics_tell_states_restarts_and_errors(autojump_clock: Any) -> None:
    async with open_supervisor("s", under="top", report=quiet) as supervisor:
        begin = trio.current_time()
        await supervisor.start(ChildSpec("a", Script("fail later")))
        before = supervisor.statistics()
        await trio.sleep(2)
        after = supervisor.statistics()
        assert supervisor.path == before.path == "top/s"
        assert (before.children[0].state, before.children[0].restarts, before.children[0].since) == (
            "running",
            0,
            begin,
        )
        assert before.children[0].last_error is None
        assert (after.children[0].state, after.children[0].restarts) == ("running", 1)
        assert after.children[0].since == pytest.approx(begin + 1.05)
        assert isinstance(after.children[0].last_error, Boom)
        assert (after.restarts, after.failures) == (1, 1)
        assert after.last_failure is not None
        assert after.last_failure.path == "top/s/a"


async def test_tasks_are_named_by_their_path() -> None:
    child = Script()
    async with open_supervisor("s") as supervisor:
        await supervisor.start(ChildSpec("a", child))
        assert child.names == [trio.lowlevel.current_task().name + "/s/a"]


async def test_tasks_of_a_plain_nursery_continue_the_path() -> None:
    names: list[str] = []

    async def pump() -> None:
        names.append(trio.lowlevel.current_task().name)

    async def room(*, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pump, name=child_path("pump"))
            task_status.started()

    async with open_supervisor("rooms", under="serve") as supervisor:
        await supervisor.start(ChildSpec("room:blue", room, "temporary"))
        await settle()
    assert names == ["serve/rooms/room:blue/pump"]


async def test_a_name_is_unique_among_the_living_and_has_no_slash() -> None:
    async with open_supervisor("s", children=[ChildSpec("a", Script())]) as supervisor:
        with pytest.raises(ValueError, match="has a child named 'a'"):
            await supervisor.start(ChildSpec("a", Script()))
    for name in ("", "a/b"):
        with pytest.raises(ValueError, match="slash"):
            ChildSpec(name, Script())
    with pytest.raises(ValueError, match="restart"):
        ChildSpec("a", Script(), "sometimes")  # type: ignore[arg-type]


async def test_a_closed_supervisor_starts_nobody() -> None:
    async with open_supervisor("s") as supervisor:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await supervisor.start(ChildSpec("a", Script()))


async def test_leaving_stops_a_child_whose_start_is_under_way_elsewhere() -> None:
    async with trio.open_nursery() as nursery, open_supervisor("s") as supervisor:

        async def starter() -> None:
            with pytest.raises(RuntimeError):
                await supervisor.start(ChildSpec("a", Script("hang early")))

        nursery.start_soon(starter)
        await settle()


async def test_started_twice_is_a_bug_that_is_reported(autojump_clock: Any) -> None:
    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        task_status.started()

    reports: list[ChildReport] = []
    async with open_supervisor("s", report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", run, "temporary"))
        await settle()
    assert "twice" in str(reports[0].error)


async def test_the_default_report_is_a_log_record_with_the_traceback(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="nurseries.supervisor")
    async with open_supervisor("s", under="top") as supervisor:
        await supervisor.start(ChildSpec("a", Script("fail", "return")))
        await trio.sleep(1)
    failed, returned = caplog.records
    assert failed.getMessage() == "top/s/a failed: restart in 0.05 s"
    assert failed.exc_info
    assert failed.exc_info[0] is Boom
    assert (returned.levelname, returned.getMessage()) == ("INFO", "top/s/a returned: restart in 0.10 s")


@pytest.mark.parametrize("at", [None, "*"])
@pytest.mark.parametrize("seed", range(3))
def test_cancelled_at_any_step_it_leaves_no_child_behind_and_nobody_waiting(at: str | None, seed: int) -> None:
    async def scenario() -> None:
        alive = 0

        def child(*words: str) -> Run[int]:
            script = Script(*words)

            async def run(*, task_status: trio.TaskStatus[int]) -> None:
                nonlocal alive
                alive += 1
                try:
                    await script(task_status=task_status)
                finally:
                    alive -= 1

            return run

        async def life() -> None:
            specs = [ChildSpec("a", child("fail later")), ChildSpec("b", child("fail at stop"))]
            async with open_supervisor("s", children=specs, report=quiet) as supervisor:
                with pytest.raises(Boom):
                    await supervisor.start(ChildSpec("c", child("fail early")))
                await trio.sleep(2)
                await supervisor.stop("b")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(life, name="life")
        assert alive == 0

    assert cancel_at_every_checkpoint(scenario, victim="life", at=at, seed=seed) >= 5
