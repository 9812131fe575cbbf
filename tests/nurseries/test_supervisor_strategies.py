from __future__ import annotations

from typing import Any

import pytest
import trio

from nurseries import Backoff, ChildReport, ChildSpec, Strategy, TooManyRestarts, log_report, open_supervisor
from tests.nurseries.script import Boom, quiet, settle
from tests.nurseries.staff import Staff

BACKOFF = Backoff(first=1.0, factor=1.0)


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("one_for_one", "!b +b b"),
        ("rest_for_one", "!b -d -c +b b +c c +d d"),
        ("one_for_all", "!b -d -c -a +a a +b b +c c +d d"),
    ],
)
async def test_who_ends_and_comes_back_with_a_child_that_failed(
    autojump_clock: Any, strategy: Strategy, said: str
) -> None:
    staff = Staff()
    specs = [staff.spec(name) for name in "abcd"]
    async with open_supervisor("s", children=specs, strategy=strategy, report=quiet) as supervisor:
        assert staff.said() == "+a a +b b +c c +d d"
        staff.fail("b")
        await trio.sleep(10)
        assert staff.said() == said
        statistics = supervisor.statistics()
        assert statistics.strategy == strategy
        assert [child.name for child in statistics.children] == list("abcd")
        assert {child.state for child in statistics.children} == {"running"}
        again = said.count("+")
        assert (statistics.restarts, sum(child.restarts for child in statistics.children)) == (again, again)
        assert statistics.failures == 1
    assert staff.said() == "-d -c -b -a"


async def test_temporary_neighbours_end_and_do_not_come_back_and_transient_ones_do(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a", "temporary"), staff.spec("b"), staff.spec("c", "transient"), staff.spec("d", "temporary")]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet) as supervisor:
        staff.said()
        staff.fail("b")
        await trio.sleep(10)
        assert staff.said() == "!b -d -c -a +b b +c c"
        assert [child.name for child in supervisor.statistics().children] == ["b", "c"]


@pytest.mark.parametrize("word", ["fail", "finish"])
async def test_a_child_that_is_not_run_again_concerns_nobody(autojump_clock: Any, word: str) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", "temporary"), staff.spec("c")]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet):
        staff.said()
        staff.fail("b") if word == "fail" else staff.finish("b")
        await trio.sleep(10)
        assert staff.said() == ("!b" if word == "fail" else ".b")


async def test_a_permanent_child_that_returns_takes_its_neighbours_along(autojump_clock: Any) -> None:
    staff = Staff()
    async with open_supervisor("s", children=[staff.spec("a"), staff.spec("b")], strategy="one_for_all", report=quiet):
        staff.said()
        staff.finish("a")
        await trio.sleep(10)
        assert staff.said() == ".a -b +a a +b b"


async def test_neighbours_end_at_once_and_all_come_back_after_the_delay(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b")]
    async with open_supervisor(
        "s", children=specs, strategy="one_for_all", backoff=Backoff(first=2.0), report=quiet
    ) as supervisor:
        staff.said()
        staff.fail("a")
        await settle()
        assert staff.said() == "!a -b"
        assert [child.state for child in supervisor.statistics().children] == ["waiting", "waiting"]
        await trio.sleep(1.9)
        assert staff.said() == ""
        await trio.sleep(0.2)
        assert staff.said() == "+a a +b b"


async def test_each_comes_back_when_those_before_it_are_ready(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec(name, getting_ready=1.0) for name in "abc"]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet):
        staff.said()
        staff.fail("c")
        await trio.sleep(10)
        assert staff.said() == "!c -b -a +a a +b b +c c"


async def test_a_child_that_cannot_start_again_takes_along_who_is_there_and_counts(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", early=(2, 3)), staff.spec("c")]
    reports: list[ChildReport] = []
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=reports.append) as supervisor:
        staff.said()
        staff.fail("c")
        await trio.sleep(30)
        assert staff.said() == "!c -b -a +a a +b !b -a +a a +b !b -a +a a +b b +c c"
        assert [(report.path[-1], report.action) for report in reports] == [
            ("c", "restart"),
            ("b", "restart"),
            ("b", "restart"),
        ]
        assert supervisor.statistics().failures == 3


async def test_with_rest_for_one_those_before_a_child_that_cannot_start_again_stay(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", early=(2,)), staff.spec("c")]
    async with open_supervisor("s", children=specs, strategy="rest_for_one", report=quiet):
        staff.said()
        staff.fail("b")
        await trio.sleep(30)
        assert staff.said() == "!b -c +b !b +b b +c c"


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_one_failure_counts_once_however_many_come_back(autojump_clock: Any, strategy: Strategy) -> None:
    staff = Staff()
    with pytest.raises(TooManyRestarts, match="s/a: more than 2 restarts") as caught:  # noqa: PT012
        async with open_supervisor(
            "s", children=[staff.spec(name) for name in "abcd"], strategy=strategy, intensity=2, report=quiet
        ):
            for _ in range(3):
                staff.said()
                staff.fail("a")
                await trio.sleep(1)
                assert staff.said().startswith("!a -d -c -b +a")
    assert isinstance(caught.value.__cause__, Boom)
    assert staff.said() == "!a -d -c -b"
    assert not staff.running


async def test_an_earlier_child_that_fails_meanwhile_widens_what_is_restarted(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec(name, lingering=1.0 if name == "d" else 0.0) for name in "abcd"]
    async with open_supervisor("s", children=specs, strategy="rest_for_one", report=quiet):
        staff.said()
        staff.fail("c")
        await trio.sleep(0.5)  # d takes its time
        staff.fail("a")
        await trio.sleep(10)
        assert staff.said() == "!c !a -d -b +a a +b b +c c +d d"


async def test_the_longer_of_two_delays_holds(autojump_clock: Any) -> None:
    staff = Staff()
    async with open_supervisor(
        "s",
        children=[staff.spec(name) for name in "ab"],
        strategy="rest_for_one",
        period=30.0,
        backoff=Backoff(first=1.0, factor=4.0),
        report=quiet,
    ):
        staff.fail("b")
        await trio.sleep(2)
        staff.said()
        staff.fail("b")  # for the second time: 4 s
        await trio.sleep(0.5)
        staff.fail("a")  # for the first time: 1 s
        await trio.sleep(3.4)
        assert staff.said() == "!b !a"
        await trio.sleep(0.2)
        assert staff.said() == "+a a +b b"


async def test_a_child_that_fails_while_later_ones_are_still_coming_back(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b"), staff.spec("c", getting_ready=5.0)]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet):
        staff.said()
        staff.fail("a")
        await trio.sleep(3)
        assert staff.said() == "!a -c -b +a a +b b +c"
        staff.fail("a")
        await trio.sleep(20)
        assert staff.said() == "!a -c -b +a a +b b +c c"


async def test_a_neighbour_that_fails_while_it_is_being_stopped_is_reported_and_counts_for_nothing(
    autojump_clock: Any,
) -> None:
    staff = Staff()
    reports: list[ChildReport] = []
    specs = [staff.spec("a"), staff.spec("b"), staff.spec("c", lingering=1.0)]
    async with open_supervisor(
        "s", children=specs, strategy="one_for_all", intensity=1, report=reports.append
    ) as supervisor:
        staff.said()
        staff.fail("a")
        await trio.sleep(0.5)
        staff.fail("b")  # not told yet: c goes first
        await trio.sleep(10)
        assert staff.said() == "!a !b -c +a a +b b +c c"
        assert [(report.path[-1], report.action, report.others) for report in reports] == [
            ("a", "restart", ("c", "b")),
            ("b", "stop", ()),
        ]
        assert supervisor.statistics().failures == 2


async def test_a_transient_neighbour_that_is_done_before_it_is_told_to_end_is_done(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", "transient"), staff.spec("c", lingering=1.0)]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet):
        staff.said()
        staff.fail("a")
        await trio.sleep(0.5)
        staff.finish("b")
        await trio.sleep(10)
        assert staff.said() == "!a .b -c +a a +c c"


async def test_stop_leaves_the_neighbours_alone(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec(name) for name in "abc"]
    async with open_supervisor("s", children=specs, strategy="one_for_all", report=quiet) as supervisor:
        staff.said()
        assert await supervisor.stop("b")
        await trio.sleep(10)
        assert staff.said() == "-b"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (0.5, "!a -b -c +a a +c c"),  # c takes its time to end, b is not told yet
        (1.5, "!a -c -b +a a +c c"),  # the delay before the restart
        (2.5, "!a -c -b +a a +b -b +c c"),  # b is getting ready
        (3.5, "!a -c -b +a a +b b +c -b c"),  # c is getting ready
    ],
)
async def test_stop_while_others_are_brought_back(autojump_clock: Any, after: float, said: str) -> None:
    staff = Staff()
    specs = [
        staff.spec("a"),
        staff.spec("b", getting_ready=1.0),
        staff.spec("c", getting_ready=1.0, lingering=1.0),
    ]
    async with open_supervisor(
        "s", children=specs, strategy="one_for_all", backoff=Backoff(first=2.0), report=quiet
    ) as supervisor:
        staff.said()
        staff.fail("a")
        await trio.sleep(after)
        with trio.fail_after(0.1):
            assert await supervisor.stop("b")
        await trio.sleep(10)
        assert staff.said() == said
        assert [child.name for child in supervisor.statistics().children] == ["a", "c"]


async def test_a_child_started_while_others_are_brought_back_comes_after_them(autojump_clock: Any) -> None:
    staff = Staff()
    specs = [staff.spec("a"), staff.spec("b", getting_ready=1.0)]
    async with open_supervisor("s", children=specs, strategy="rest_for_one", backoff=BACKOFF, report=quiet) as s:
        staff.said()
        staff.fail("a")
        await settle()
        assert await s.start(staff.spec("c")) == 1
        assert staff.said() == "!a -b +a a +b b +c c"


async def test_a_first_start_that_a_failing_neighbour_interrupts_is_begun_anew(autojump_clock: Any) -> None:
    staff = Staff()
    async with open_supervisor("s", children=[staff.spec("a")], strategy="one_for_all", report=quiet) as supervisor:
        staff.said()

        async def fail() -> None:
            await trio.sleep(1)
            staff.fail("a")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            assert await supervisor.start(staff.spec("b", getting_ready=2.0)) == 2
        assert staff.said() == "+b !a -b +a a +b b"


async def test_an_error_of_a_first_start_that_a_neighbour_interrupts_is_reported_and_it_is_begun_anew(
    autojump_clock: Any,
) -> None:
    staff = Staff()
    reports: list[ChildReport] = []
    interrupted = False

    async def run(*, task_status: trio.TaskStatus[str]) -> None:
        nonlocal interrupted
        if interrupted:
            task_status.started("the second time")
            await trio.sleep_forever()
        interrupted = True
        try:
            await trio.sleep_forever()
        finally:
            raise Boom

    async with open_supervisor(
        "s", children=[staff.spec("a")], strategy="one_for_all", under="", report=reports.append
    ) as supervisor:

        async def fail() -> None:
            await trio.sleep(1)
            staff.fail("a")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            assert await supervisor.start(ChildSpec("b", run)) == "the second time"
        assert [(report.path, report.action) for report in reports] == [("s/a", "restart"), ("s/b", "stop")]


async def test_a_temporary_child_whose_first_start_a_neighbour_interrupts_is_an_error_of_the_starter(
    autojump_clock: Any,
) -> None:
    staff = Staff()
    async with open_supervisor("s", children=[staff.spec("a")], strategy="one_for_all", report=quiet) as supervisor:

        async def fail() -> None:
            await trio.sleep(1)
            staff.fail("a")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            with pytest.raises(RuntimeError, match="s/b was stopped before it had started"):
                await supervisor.start(staff.spec("b", "temporary", getting_ready=2.0))


async def test_a_first_start_that_fails_while_others_are_brought_back_is_the_starters_alone(
    autojump_clock: Any,
) -> None:
    staff = Staff()
    async with open_supervisor(
        "s", children=[staff.spec("a"), staff.spec("b")], strategy="one_for_all", report=quiet
    ) as supervisor:
        staff.said()
        staff.fail("a")
        await settle()
        with pytest.raises(Boom):
            await supervisor.start(staff.spec("c", early=(1,)))
        await trio.sleep(10)
        assert staff.said() == "!a -b +a a +b b +c !c"


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        (0.5, 1.5),  # c is ending, then b
        (1.5, 0.5),  # b is ending
        (2.2, 1.0),  # b is getting ready
        (3.5, 2.0),  # c is getting ready: it ends, then b
        (4.5, 2.0),  # all are back
    ],
)
async def test_closing_while_others_are_brought_back(autojump_clock: Any, after: float, seconds: float) -> None:
    staff = Staff()
    specs = [staff.spec("a"), *(staff.spec(name, getting_ready=1.0, lingering=1.0) for name in "bc")]
    async with open_supervisor(
        "s", children=specs, strategy="one_for_all", backoff=Backoff(first=2.0), report=quiet
    ) as supervisor:
        staff.fail("a")
        await trio.sleep(after)
        before = trio.current_time()
    assert trio.current_time() - before == pytest.approx(seconds)
    assert not staff.running
    assert supervisor.statistics().children == ()


async def test_a_report_names_those_who_are_stopped_for_a_child(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    staff = Staff()
    async with open_supervisor(
        "s", children=[staff.spec(name) for name in "abc"], strategy="rest_for_one", under="", report=log_report
    ):
        staff.fail("a")
        await trio.sleep(1)
    assert [record.getMessage() for record in caplog.records] == ["s/a failed: restart in 0.05 s, together with b, c"]


async def test_a_strategy_there_is_not() -> None:
    with pytest.raises(ValueError, match="one_for_one, one_for_all, rest_for_one, not 'all'"):
        async with open_supervisor("s", strategy="all"):  # type: ignore[arg-type]
            raise AssertionError("not reached")
