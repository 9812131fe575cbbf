"""Where items come from: posted, or produced as they are asked for."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from nurseries import Buffer, Overflow, Sink, Source
from tests.nurseries.pipelines import Item, Slow, of, running


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


async def test_what_nobody_asks_for_wakes_nobody() -> None:
    source = Source[int]("source")
    async with running(source):
        await trio.testing.wait_all_tasks_blocked()
        source.post(1)
        assert trio.lowlevel.current_statistics().tasks_runnable == 0
        seat = Sink[int]("sink", print).subscribe(source)
        await trio.testing.wait_all_tasks_blocked()
        assert seat.statistics().depth == 1
        source.post(2)
        assert trio.lowlevel.current_statistics().tasks_runnable == 1
        await trio.testing.wait_all_tasks_blocked()
        assert seat.statistics().depth == 2


async def test_what_was_posted_is_given_out_before_it_ends() -> None:
    got: list[int] = []
    source, sink = Source[int]("source"), Sink("sink", got.extend)
    source.post_all([1, 2, 3])
    source.close()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(source.run)
        await trio.testing.wait_all_tasks_blocked()
        sink.subscribe(source, max_demand=2)
        nursery.start_soon(sink.run)
    assert got == [1, 2, 3]


def test_one_asks_for_a_partition_where_there_are_some() -> None:
    source, sink = Source[int]("source"), Sink[int]("sink", print)
    with pytest.raises(ValueError, match="source has no partitions, and sink asks for 'blue'"):
        sink.subscribe(source, partition="blue")
    assert source.statistics().subscribers == sink.statistics().subscriptions == ()
