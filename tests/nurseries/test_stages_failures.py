"""What fails, is too slow, or raises, and what becomes of the items."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
import trio
import trio.testing

from nurseries import Buffer, ChildReport, Overflow, Sink, Source, Stage, open_supervisor, partition
from tests.nurseries.pipelines import Item, Slow, of, running


@pytest.mark.parametrize("kept", ["wait", "fail"])
async def test_what_must_not_be_dropped_waits_or_ends_the_one_who_is_too_slow(kept: Any) -> None:
    got: list[Item] = []
    stuck, source, sink = Slow(), Source[Item]("source"), Sink("sink", got.extend)
    slow = Sink("stuck", stuck.handle)
    sink.subscribe(source)
    seat = slow.subscribe(source, max_demand=2, buffer=Buffer(3, "coalesce", key=of, kept=kept))
    reports: list[ChildReport] = []
    async with (
        running(source, sink),
        open_supervisor("s", children=[slow.spec()], report=reports.append) as supervisor,
    ):
        for number in range(50):
            source.post(("a" if number % 2 else None, number))
            await trio.testing.wait_all_tasks_blocked()
        if kept == "wait":
            assert len(got) == 9
            assert (seat.statistics().backlog, reports) == (1, [])
            return
        assert len(got) == 50
        assert isinstance(reports[0].error, Overflow)
        dropped = seat.statistics().dropped["overflow"]
        assert dropped > 40
        await trio.sleep(1)
        source.post((None, 50))
        await trio.testing.wait_all_tasks_blocked()
        assert seat.statistics().in_hand == 1
        assert seat.statistics().dropped["overflow"] == dropped
        assert slow.statistics().dropped == {"cancelled": 1}
        assert supervisor.statistics().restarts == 1


@pytest.mark.parametrize(
    ("attempts", "got", "dropped"), [(1, [0, 1, 4, 5], 2), (2, [0, 1, 4, 5], 2), (3, [0, 1, 2, 3, 4, 5], 0)]
)
async def test_a_batch_that_fails_is_handled_again_or_dropped(
    attempts: float, got: list[int], dropped: int, autojump_clock: trio.testing.MockClock
) -> None:
    seen: list[int] = []
    failures = iter([True, True, False])

    async def handle(batch: list[int]) -> None:
        if 2 in batch and next(failures):
            raise OSError("no")
        seen.extend(batch)

    source = Source[int]("source")
    sink = Sink("sink", handle, attempts=attempts)
    seat = sink.subscribe(source, max_demand=4)
    reports: list[ChildReport] = []
    async with open_supervisor("s", children=[sink.spec(), source.spec()], report=reports.append):
        source.post_all(range(6))
        await trio.sleep(60)
    assert seen == got
    assert [str(report.error) for report in reports] == ["no"] * (1 if attempts == 1 else 2)
    said = sink.statistics()
    assert (said.failures, said.dropped.get("failed", 0)) == (len(reports), dropped)
    assert (seat.statistics().handled, seat.statistics().demand) == (6, 4)


async def test_a_failing_stage_gives_out_nothing_of_what_failed(autojump_clock: trio.testing.MockClock) -> None:
    def handle(batch: list[int]) -> Iterable[int]:
        for each in batch:
            if each == 3:
                raise OSError("no")
            yield each

    got: list[int] = []
    source, stage, sink = Source[int]("source"), Stage("stage", handle), Sink("sink", got.extend)
    stage.subscribe(source, max_demand=4)
    sink.subscribe(stage)
    source.post_all(range(6))
    async with open_supervisor(
        "s", children=[each.spec() for each in (sink, stage, source)], report=lambda _: None
    ) as supervisor:
        await trio.sleep(60)
        assert supervisor.statistics().failures == 1
    assert got == [0, 1, 4, 5]
    assert stage.statistics().dropped == {"failed": 2}


async def test_a_source_that_fails_is_asked_again(autojump_clock: trio.testing.MockClock) -> None:
    got: list[int] = []
    turns = iter([[1], None, [2], []])

    async def produce(most: int) -> list[int]:
        turn = next(turns)
        if turn is None:
            raise OSError("no")
        return turn

    source, sink = Source("source", produce=produce), Sink("sink", got.extend)
    sink.subscribe(source)
    children = [sink.spec("transient"), source.spec("transient")]
    async with open_supervisor("s", children=children, report=lambda _: None) as supervisor:
        await trio.sleep(60)
        assert supervisor.statistics().children == (), "all of it has ended"
    assert got == [1, 2]
    assert source.statistics().failures == 1


async def test_a_key_that_raises_costs_the_items_it_was_tried_with() -> None:
    source: Source[int] = Source("source", dispatch=partition(lambda item: 1 // item))
    seat = Sink[int]("sink", print).subscribe(source)
    source.post_all([1, 0])
    with pytest.raises(ZeroDivisionError):
        await source.run()
    assert (source.statistics().dropped, source.statistics().pending) == ({"failed": 2}, 0)
    assert seat.statistics().received == 0


def test_attempts_are_at_least_one() -> None:
    for wrong in (0, -1, math.nan):
        with pytest.raises(ValueError):
            Sink("sink", print, attempts=wrong)


async def test_a_batch_to_be_handled_again_waits_for_demand_though_its_source_has_ended() -> None:
    failures = iter([OSError("no")])

    def handle(batch: list[int]) -> list[int]:
        for error in failures:
            raise error
        return batch

    got: list[int] = []
    source, stage, sink = Source[int]("source"), Stage[int, int]("stage", handle, attempts=2), Sink("sink", got.extend)
    stage.subscribe(source)
    first = sink.subscribe(stage)
    source.post_all([1, 2])
    source.close()
    await source.run()
    with pytest.raises(OSError, match="no"):
        await stage.run()
    first.cancel()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.run)
        await trio.testing.wait_all_tasks_blocked()
        assert stage.statistics().doing == "demand"
        sink.subscribe(stage)
        nursery.start_soon(sink.run)
    assert got == [1, 2]


async def test_what_a_stage_has_made_is_given_out_before_it_ends() -> None:
    got: list[int] = []
    source, sink = Source[int]("source"), Sink("sink", got.extend)
    stage = Stage[int, int]("stage", lambda batch: [item for item in batch for _ in range(3)])
    stage.subscribe(source)
    sink.subscribe(stage, max_demand=2)
    source.post_all(range(10))
    source.close()
    async with trio.open_nursery() as nursery:
        for node in (source, stage, sink):
            nursery.start_soon(node.run)
    assert got == [item for item in range(10) for _ in range(3)]
