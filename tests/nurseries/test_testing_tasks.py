from __future__ import annotations

import re

import pytest
import trio
import trio.testing

from nurseries.testing import no_tasks_left, tasks_in
from nurseries.testing.tasks import described


def names(nursery: trio.Nursery | None = None) -> list[str]:
    return [task.name for task in tasks_in(nursery)]


async def parent(*children: str) -> None:
    async with trio.open_nursery() as nursery:
        for child in children:
            nursery.start_soon(trio.sleep_forever, name=child)


async def test_tasks_are_told_by_nursery_with_their_descendants_in_order_of_start() -> None:
    async with trio.open_nursery() as outer, trio.open_nursery() as inner:
        outer.start_soon(parent, "a1", "a2", name="a")
        inner.start_soon(trio.sleep_forever, name="b")
        await trio.testing.wait_all_tasks_blocked()
        outer.start_soon(trio.sleep_forever, name="c")
        assert sorted(names(outer)) == ["a", "a1", "a2", "c"]
        assert (names(outer)[0], names(outer)[-1]) == ("a", "c")
        assert names(inner) == ["b"]
        assert {"a", "a1", "a2", "b", "c"} < set(names())
        assert not [name for name in names() if "run_sync_soon" in name]
        outer.cancel_scope.cancel()


def test_without_a_run_there_is_nobody_to_ask() -> None:
    with pytest.raises(RuntimeError):
        tasks_in()


async def test_a_task_that_is_left_behind_is_named_with_where_it_waits(nursery: trio.Nursery) -> None:
    nursery.start_soon(trio.sleep_forever, name="before")
    with no_tasks_left():
        async with trio.open_nursery() as inside:
            inside.start_soon(trio.lowlevel.checkpoint, name="inside")

    def leave() -> None:
        with no_tasks_left():
            nursery.start_soon(parent, name="new")

    with pytest.raises(AssertionError, match=re.escape("left behind: new (not begun)")):
        leave()
    await trio.testing.wait_all_tasks_blocked()

    async def leave_two() -> None:
        with no_tasks_left():
            nursery.start_soon(parent, "one", name="two")
            await trio.testing.wait_all_tasks_blocked()

    with pytest.raises(AssertionError, match=r"left behind: two \(test_testing_tasks.py:\d+ in parent\), one \("):
        await leave_two()


async def test_a_task_that_was_cancelled_is_given_time_to_end(nursery: trio.Nursery) -> None:
    scope = trio.CancelScope()

    async def cancelled() -> None:
        with scope:
            await trio.sleep_forever()

    with no_tasks_left():
        nursery.start_soon(cancelled)
        await trio.testing.wait_all_tasks_blocked()
        scope.cancel()
        await trio.testing.wait_all_tasks_blocked()


async def test_an_error_of_the_block_stays_what_it_is(nursery: trio.Nursery) -> None:
    def block() -> None:
        with no_tasks_left():
            nursery.start_soon(trio.sleep, 0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()


def test_nobody_is_described_as_nobody() -> None:
    assert described([]) == "nobody"
