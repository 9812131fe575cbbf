"""The live tree of tasks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing

from nurseries import ChildSpec, TaskReport, find_task, open_supervisor, plain, provide_facts, watching
from nurseries.places import below, in_no_library

OURS = below(Path(__file__).parent)


def by_name(tree: tuple[TaskReport, ...]) -> dict[str, TaskReport]:
    return {report.name: report for report in tree}


async def waiting(channel: trio.MemoryReceiveChannel[None]) -> None:
    await channel.receive()


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.strip() == text)


async def test_the_tree_says_of_each_task_what_it_is_and_waits_for(autojump_clock: trio.testing.MockClock) -> None:
    put, get = trio.open_memory_channel[None](0)
    with watching(OURS) as watch:
        async with put, trio.open_nursery() as nursery:
            nursery.start_soon(waiting, get, name="a/b")
            await trio.sleep(5)
            nursery.start_soon(waiting, get, name="late")
            reports = by_name(watch.tree())
            assert reports["late"].state == "new"
            assert (reports["late"].steps, reports["late"].age) == (0, 0.0)
            await trio.testing.wait_all_tasks_blocked()
            tree = watch.tree()
            reports = by_name(tree)
            blocked = reports["a/b"]
            assert (blocked.state, blocked.age, blocked.older) == ("parked", 5.0, False)
            assert blocked.own is not None
            assert blocked.own.file.endswith("tests/nurseries/test_tree.py")
            assert blocked.own.line == line_of("await channel.receive()")
            assert blocked.own.function == "waiting"
            assert blocked.waits is not None
            assert blocked.waits.file == "trio/_channel.py"
            assert blocked.waits.function == "MemoryReceiveChannel.receive"
            assert blocked.stack == ()
            me = trio.lowlevel.current_task().name
            assert reports[me].state == "running"
            assert reports[me].older
            assert reports[me].children == 2
            assert blocked.parent == reports[me].id
            assert blocked.depth == reports[me].depth + 1
            assert tree.index(reports[me]) < tree.index(blocked) < tree.index(reports["late"])
            assert "<TrioToken.run_sync_soon task>" not in reports
            nursery.cancel_scope.cancel()


async def test_deadlines_and_cancellation_are_said(autojump_clock: trio.testing.MockClock) -> None:
    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)

    with watching() as watch:
        async with trio.open_nursery() as nursery:
            with trio.move_on_after(9):
                async with trio.open_nursery() as inner:
                    inner.start_soon(trio.sleep_forever, name="bounded")
                    nursery.start_soon(trio.sleep_forever, name="free")
                    nursery.start_soon(stubborn, name="stubborn")
                    await trio.testing.wait_all_tasks_blocked()
                    reports = by_name(watch.tree())
                    assert (reports["bounded"].deadline, reports["free"].deadline) == (9.0, None)
                    nursery.cancel_scope.cancel()
                    reports = by_name(watch.tree())
                    assert (reports["bounded"].cancelled, reports["bounded"].deadline) == (True, None)
                    assert not reports["stubborn"].cancelled


async def test_a_stack_goes_through_async_generators() -> None:
    async def numbers() -> AsyncIterator[int]:
        while True:
            await trio.sleep(inf)
            yield 1

    async def reader() -> None:
        async for _ in numbers():
            pass

    with watching(OURS) as watch:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader, name="reader")
            await trio.testing.wait_all_tasks_blocked()
            (report,) = watch.tree(find_task("reader"), stacks=True)
            assert [place.function.rpartition(".")[2] for place in report.stack][:3] == [
                *("reader", "numbers", "sleep")
            ]
            assert str(report.own).endswith(".numbers")
            nursery.cancel_scope.cancel()


async def test_an_owner_tells_what_it_knows_and_what_breaks_is_shown_in_its_place() -> None:
    @attrs.frozen
    class Depth:
        waiting: int
        oldest: float

    async def owner() -> None:
        provide_facts("queue", lambda: Depth(3, float("inf")))
        provide_facts("broken", lambda: dict[str, int]()["x"])
        await trio.sleep_forever()

    with watching() as watch:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(owner, name="owner")
            await trio.testing.wait_all_tasks_blocked()
            (report,) = watch.tree(find_task("owner"))
            assert report.facts == {"queue": {"waiting": 3, "oldest": "inf"}, "broken": {"error": "KeyError('x')"}}
            assert json.loads(json.dumps(plain(report)))["facts"] == report.facts
            (bare,) = watch.tree(find_task("owner"), facts=False)
            assert bare.facts == {}
            nursery.cancel_scope.cancel()
            assert find_task("nobody") is None


async def test_supervisors_and_their_children_tell_of_restarts(autojump_clock: trio.testing.MockClock) -> None:
    runs = 0

    async def child(*, task_status: trio.TaskStatus[None]) -> None:
        nonlocal runs
        runs += 1
        task_status.started()
        if runs == 1:
            raise ValueError("once")
        await trio.sleep_forever()

    with watching() as watch:
        async with open_supervisor("s", under="x", children=[ChildSpec("c", child)], report=lambda _: None):
            await trio.sleep(2)
            reports = by_name(watch.tree())
            assert reports["x/s/c"].facts["child"]["restarts"] == 1
            me = reports[trio.lowlevel.current_task().name]
            totals = me.facts["supervisor x/s"]
            assert (totals["children"], totals["restarts"], totals["failures"]) == (1, 1, 1)
            assert totals["last_failure"] == "ValueError('once')"


async def test_nobody_is_remembered_who_is_gone() -> None:
    with watching() as watch:
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(trio.lowlevel.checkpoint)
        assert len(watch._born) == 0


@pytest.mark.parametrize("value", [b"x", object, {1: (2, {3})}, float("nan"), trio.Event()])
def test_everything_can_be_said_in_json(value: object) -> None:
    json.dumps(plain(value), allow_nan=False)


def test_what_is_ours_is_what_no_library_is() -> None:
    assert in_no_library(__file__)
    assert not in_no_library(trio.__file__)
    assert not in_no_library(json.__file__)
    assert not in_no_library("<string>")
