"""Sources, stages and sinks as they run."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from nurseries import Buffer, ChildReport, Overflow, Sink, Source, Stage, balance, open_supervisor, partition
from nurseries.stages.node import Node

Item = tuple[str | None, int]


def of(item: Item) -> str | None:
    return item[0]


@asynccontextmanager
async def running(*nodes: Node) -> AsyncGenerator[trio.Nursery]:
    async with trio.open_nursery() as nursery:
        for node in nodes:
            await nursery.start(node.run, name=node.name)
        yield nursery
        nursery.cancel_scope.cancel()


class Slow:
    """A function that lets a batch go when it is told to."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.batches: list[int] = []
        self.may = trio.Semaphore(0)

    async def handle(self, batch: list[Any]) -> None:
        self.batches.append(len(batch))
        await self.may.acquire()
        self.got += batch


async def test_items_go_down_and_everyone_ends() -> None:
    got: list[int] = []
    source = Source[int]("numbers")
    double = Stage[int, int]("double", lambda batch: [2 * each for each in batch])
    sink = Sink("sink", got.extend)
    double.subscribe(source)
    sink.subscribe(double)
    assert source.post_all(range(500)) == 500
    source.close()
    async with trio.open_nursery() as nursery:
        for node in (source, double, sink):
            nursery.start_soon(node.run)
    assert got == list(range(0, 1000, 2))
    said = double.statistics()
    assert (said.received, said.sent, said.batches, said.subscriptions, said.doing) == (500, 500, 1, (), "stopped")


async def test_what_is_produced_was_asked_for() -> None:
    asked: list[int] = []
    slow = Slow()

    async def produce(most: int) -> list[int]:
        asked.append(most)
        return list(range(min(most, 4)))

    source = Source("source", produce=produce)
    sink = Sink("sink", slow.handle)
    sink.subscribe(source, max_demand=10, min_demand=5)
    async with running(source, sink):
        await trio.testing.wait_all_tasks_blocked()
        assert asked == [10, 6, 2]
        assert slow.batches == [5]  # how many there were when it looked
        assert source.statistics().doing == "demand"
        slow.may.release()
        await trio.testing.wait_all_tasks_blocked()
        assert asked == [10, 6, 2, 5, 1]


async def test_to_produce_more_than_was_asked_for_is_a_mistake() -> None:
    async def produce(most: int) -> list[int]:
        return [0] * (most + 1)

    source = Source("source", produce=produce)
    Sink[int]("sink", print).subscribe(source)
    with pytest.raises(ValueError, match="asked for 1000 items and produced 1001"):
        await source.run()


async def test_nobody_there_is_no_demand() -> None:
    source = Source[int]("source", buffer=Buffer(2))
    async with running(source):
        assert [source.post(each) for each in range(4)] == [True, True, False, False]
        await trio.testing.wait_all_tasks_blocked()
        said = source.statistics()
        assert said.buffer is not None
        assert (said.buffer.depth, said.sent, said.dropped, said.doing) == (2, 0, {"refused": 2}, "demand")


async def test_a_posted_item_that_must_not_be_dropped_is_an_error_when_there_is_no_room() -> None:
    source: Source[Item] = Source("source", buffer=Buffer(2, "coalesce", key=of, kept="fail"))
    assert source.post(("a", 1))
    assert source.post((None, 2))
    assert source.post((None, 3)), "the one that can be dropped made room"
    with pytest.raises(Overflow):
        source.post((None, 4))
    said = source.statistics()
    assert said.buffer is not None
    assert (dict(said.dropped), dict(said.buffer.dropped)) == ({"refused": 1}, {"full": 1})


async def test_one_posts_to_what_is_open_and_does_not_produce() -> None:
    async def produce(most: int) -> list[int]:
        return []

    source = Source[int]("source")
    source.close()
    with pytest.raises(trio.ClosedResourceError):
        source.post(1)
    with pytest.raises(RuntimeError):
        Source("source", produce=produce).post(1)
    with pytest.raises(ValueError):
        Source("source", produce=produce, buffer=Buffer(3))


async def test_one_run_at_a_time() -> None:
    source = Source[int]("source")
    async with running(source):
        with pytest.raises(RuntimeError, match="runs already"):
            await source.run()


async def test_a_stage_works_only_for_those_who_ask() -> None:
    handled: list[int] = []

    async def handle(batch: list[int]) -> Iterable[int]:
        handled.extend(batch)
        return [item for item in batch for _ in range(3)]

    source = Source[int]("source")
    stage = Stage("stage", handle)
    slow = Slow()
    sink = Sink("sink", slow.handle)
    stage.subscribe(source)
    source.post_all(range(100))
    async with running(source, stage, sink):
        await trio.testing.wait_all_tasks_blocked()
        assert handled == []
        with sink.subscribe(stage, max_demand=4, min_demand=2):
            await trio.testing.wait_all_tasks_blocked()
            said = stage.statistics()
            assert (handled, said.sent, said.pending, said.doing) == ([0, 1, 2, 3], 4, 8, "demand")
            for _ in range(3):
                slow.may.release()
            await trio.testing.wait_all_tasks_blocked()
            assert slow.got == [0, 0, 0, 1, 1, 1]


async def test_a_stuck_sink_with_a_buffer_that_drops_holds_nobody_up() -> None:
    got: list[int] = []
    stuck, source, sink = Slow(), Source[int]("source"), Sink("sink", got.extend)
    slow = Sink("stuck", stuck.handle)
    sink.subscribe(source)
    seat = slow.subscribe(source, max_demand=10, buffer=Buffer(20, "drop_oldest"))
    async with running(source, sink, slow):
        for number in range(1000):
            assert source.post(number)
            await trio.testing.wait_all_tasks_blocked()
        assert got == list(range(1000))
        said = seat.statistics()
        assert (said.in_hand, said.depth, said.dropped) == (1, 20, {"full": 979})


async def test_a_stuck_sink_with_a_buffer_that_waits_holds_the_others_up() -> None:
    got: list[int] = []
    stuck, source, sink = Slow(), Source[int]("source"), Sink("sink", got.extend)
    slow = Sink("stuck", stuck.handle)
    sink.subscribe(source)
    slow.subscribe(source, max_demand=10)
    async with running(source, sink, slow):
        source.post_all(range(100))
        await trio.testing.wait_all_tasks_blocked()
        assert got == list(range(10))
        slow_one = source.statistics().subscribers[1]
        assert (slow_one.sink, slow_one.demand, slow_one.in_hand) == ("stuck", 0, 5)


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


async def test_a_worker_that_leaves_leaves_its_work_to_the_others() -> None:
    source = Source[int]("source", dispatch=balance())
    slow = [Slow(), Slow()]
    sinks = [Sink(f"sink:{number}", each.handle) for number, each in enumerate(slow)]
    seats = [sink.subscribe(source, max_demand=4) for sink in sinks]
    source.post_all(range(8))
    async with running(source, *sinks):
        await trio.testing.wait_all_tasks_blocked()
        assert [each.batches for each in slow] == [[2], [2]]
        seats[0].cancel()
        for _ in range(9):
            slow[0].may.release()
            slow[1].may.release()
        await trio.testing.wait_all_tasks_blocked()
        assert slow[0].got == [0, 1]
        assert slow[1].got == [4, 5, 6, 7, 2, 3]


async def test_rooms_come_and_go() -> None:
    source = Source[Item]("source", dispatch=partition(of))
    blue, red = list[Item](), list[Item]()
    sinks = Sink("blue", blue.extend), Sink("red", red.extend)
    async with running(source, *sinks):
        with sinks[0].subscribe(source, partition="blue"), sinks[1].subscribe(source, partition="red"):
            source.post_all([("blue", 1), ("red", 2), ("blue", 3), ("green", 4)])
            await trio.testing.wait_all_tasks_blocked()
        source.post(("blue", 5))
        with sinks[1].subscribe(source, partition="red"):
            source.post(("red", 6))
            await trio.testing.wait_all_tasks_blocked()
        assert (blue, red) == ([("blue", 1), ("blue", 3)], [("red", 2), ("red", 6)])
        assert source.statistics().dropped == {"unclaimed": 2}


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


async def test_a_pipeline_gives_way_to_others() -> None:
    source, sink = Source[int]("source"), Sink[int]("sink", lambda _: None)
    sink.subscribe(source, max_demand=10)
    source.post_all(range(1000))
    async with running(source, sink):
        steps = 0
        while sink.statistics().received < 1000:
            steps += 1
            await trio.lowlevel.checkpoint()
        assert steps > 100


async def test_what_says_what_it_does() -> None:
    source = Source[int]("source")
    assert repr(source) == "<source source: stopped>"
    sink = Sink[int]("sink", print)
    sink.subscribe(source)
    async with running(source):
        await trio.testing.wait_all_tasks_blocked()
        assert repr(source) == "<source source: items>"
