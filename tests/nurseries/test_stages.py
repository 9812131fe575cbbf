"""Sources, stages and sinks as they run."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable

import trio
import trio.testing

from nurseries import Buffer, Sink, Source, Stage, balance, open_supervisor, partition
from nurseries.facts import facts_of
from nurseries.testing import tasks_in
from tests.nurseries.pipelines import Item, Slow, of, running


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


async def test_the_others_go_on_when_whoever_held_them_up_leaves() -> None:
    got: list[int] = []
    stuck, source, sink = Slow(), Source[int]("source"), Sink("sink", got.extend)
    slow = Sink("stuck", stuck.handle)
    sink.subscribe(source)
    source.post_all(range(100))
    with slow.subscribe(source, max_demand=10) as seat:
        async with running(source, sink, slow):
            await trio.testing.wait_all_tasks_blocked()
            assert len(got) == 10
            seat.cancel()
            await trio.testing.wait_all_tasks_blocked()
            assert got == list(range(100))


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


async def test_a_sink_gives_way_to_others_after_each_batch() -> None:
    source, sink = Source[int]("source"), Sink[int]("sink", lambda _: None)
    sink.subscribe(source, max_demand=1000, min_demand=990)
    source.post_all(range(1000))
    async with running(source):
        await trio.testing.wait_all_tasks_blocked()
        async with running(sink):
            steps = 0
            while sink.statistics().received < 1000:
                steps += 1
                await trio.lowlevel.checkpoint()
            assert steps >= 90


async def test_what_says_what_it_does() -> None:
    source = Source[int]("source")
    assert repr(source) == "<source source: stopped>"
    sink = Sink[int]("sink", print)
    sink.subscribe(source)
    async with running(source):
        await trio.testing.wait_all_tasks_blocked()
        assert repr(source) == "<source source: items>"


async def test_a_sink_takes_from_its_sources_in_turn() -> None:
    sources = [Source[int](f"source:{number}") for number in range(2)]
    slow = Slow()
    sink = Sink("sink", slow.handle)
    for source in sources:
        sink.subscribe(source, max_demand=4)
    sources[0].post_all(range(4))
    sources[1].post_all(range(10, 14))
    async with running(*sources) as nursery:
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(sink.run)
        for _ in range(4):
            slow.may.release()
        await trio.testing.wait_all_tasks_blocked()
    assert slow.got in ([0, 1, 10, 11, 2, 3, 12, 13], [10, 11, 0, 1, 12, 13, 2, 3])


async def test_it_ends_when_all_its_sources_have() -> None:
    got: list[int] = []
    sources = [Source[int](f"source:{number}") for number in range(2)]
    sink = Sink("sink", got.extend)
    for number, source in enumerate(sources):
        sink.subscribe(source)
        source.post(number)
    with trio.fail_after(1):
        async with running(*sources), trio.open_nursery() as nursery:
            nursery.start_soon(sink.run)
            sources[0].close()
            await trio.testing.wait_all_tasks_blocked()
            assert sink.statistics().doing == "items"
            sources[1].close()
    assert sorted(got) == [0, 1]


async def test_what_waits_for_room_still_comes_after_the_source_has_ended() -> None:
    slow, source = Slow(), Source[int]("source", dispatch=partition(lambda item: item % 2))
    sinks = Sink[int]("even", slow.handle), Sink[int]("odd", print)
    for number, sink in enumerate(sinks):
        sink.subscribe(source, partition=number, max_demand=8 if number else 4)
    source.post_all(range(0, 16, 2))
    source.close()
    async with trio.open_nursery() as nursery:
        for node in (*sinks, source):
            nursery.start_soon(node.run)
        await trio.testing.wait_all_tasks_blocked()
        assert sinks[0].statistics().subscriptions[0].depth == 2
        for _ in range(9):
            slow.may.release()
    assert slow.got == list(range(0, 16, 2))


async def test_whoever_leaves_after_the_source_has_ended_loses_what_waits() -> None:
    source = Source[int]("source", dispatch=balance())
    slow = Slow()
    sink = Sink("sink", slow.handle)
    seat = sink.subscribe(source, max_demand=4)
    source.post_all(range(4))
    source.close()
    async with running(sink):
        await source.run()
        await trio.testing.wait_all_tasks_blocked()
        seat.cancel()
        said = seat.statistics()
        assert (said.depth, said.in_hand, said.dropped) == (0, 2, {"cancelled": 2})


async def test_its_task_tells_about_it() -> None:
    source = Source[int]("source")
    async with open_supervisor("s", under="", children=[source.spec()]) as supervisor:
        source.post(1)
        await trio.testing.wait_all_tasks_blocked()
        task = next(each for each in tasks_in(supervisor._nursery) if each.name == "s/source")
        said = facts_of(task)["stage"]
        assert (said["name"], said["buffer"]["depth"], said["doing"]) == ("source", 1, "demand")


async def test_a_cancelled_subscription_goes_at_once() -> None:
    source, sink = Source[int]("source"), Sink[int]("sink", lambda _: None)
    gc.collect()
    gc.disable()
    try:
        async with running(source, sink):
            with sink.subscribe(source) as seat:
                await trio.testing.wait_all_tasks_blocked()
            gone = weakref.ref(seat)
            del seat
            assert gone() is None, "it is left to the garbage collector"
    finally:
        gc.enable()


async def test_whoever_taps_a_stage_sees_each_batch_before_it_is_handled() -> None:
    order: list[tuple[str, list[int]]] = []
    source = Source[int]("numbers")
    double = Stage[int, int]("double", lambda batch: [2 * each for each in batch])
    sink = Sink[int]("sink", lambda batch: order.append(("handled", list(batch))))
    double.subscribe(source)
    sink.subscribe(double)
    assert double.tap is sink.tap is None
    double.tap = sink.tap = lambda name, items: order.append((name, list(items)))
    async with running(source, double, sink):
        source.post_all((1, 2))
        await trio.testing.wait_all_tasks_blocked()
        assert order == [("double", [1, 2]), ("sink", [2, 4]), ("handled", [2, 4])]
        double.tap = sink.tap = None
        source.post(3)
        await trio.testing.wait_all_tasks_blocked()
        assert order[3:] == [("handled", [6])]
