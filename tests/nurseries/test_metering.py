"""Who uses the processor, while somebody wants to know."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from nurseries import Meter, Reading, find_task, watching


class Processor:
    """CPU and time that only pass when a test says so."""

    def __init__(self) -> None:
        self.used = 0
        self.now = 0.0

    def cpu(self) -> int:
        return self.used

    def clock(self) -> float:
        return self.now


@pytest.fixture
def processor() -> Processor:
    return Processor()


async def test_each_task_has_its_steps_cpu_and_longest_step(processor: Processor) -> None:
    async def work(*steps: int) -> None:
        for used in steps:
            processor.used += used
            await trio.lowlevel.checkpoint()
        await trio.sleep_forever()

    meter = Meter(processor.clock, processor.cpu)
    meter.start(10)
    with watching() as watch:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, 5, 50, 10, name="a")
            nursery.start_soon(work, 1, name="b")
            await trio.testing.wait_all_tasks_blocked()
            readings = meter.readings()
            numbers = {report.name: report.id for report in watch.tree()}
            assert readings[numbers["a"]] == Reading(4, 65, 50)
            assert readings[numbers["b"]] == Reading(2, 1, 1)
            nursery.cancel_scope.cancel()
    processor.now = 4.0
    statistics = meter.statistics()
    assert (statistics.active, statistics.elapsed, statistics.remaining) == (True, 4.0, 6.0)
    assert statistics.gone.cpu == statistics.total.cpu == 66
    assert statistics.gone.longest == 50
    meter.stop()


async def test_it_ends_by_itself_and_what_was_read_stays(processor: Processor) -> None:
    meter = Meter(processor.clock, processor.cpu)
    meter.start(10)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever, name="a")
        await trio.testing.wait_all_tasks_blocked()
        processor.now = 10.5
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        assert not meter.statistics().active
        with pytest.raises(KeyError):
            trio.lowlevel.remove_instrument(meter)
        assert (meter.statistics().elapsed, meter.statistics().remaining) == (10.5, 0.0)
        before = meter.readings()
        assert before
        processor.now = 20.0
        await trio.lowlevel.checkpoint()
        assert meter.readings() == before
        assert find_task("a") is not None
        nursery.cancel_scope.cancel()
    meter.start(10)
    assert meter.readings() == {}
    meter.stop()
    meter.stop()


async def test_it_may_be_prolonged_and_not_for_ever(processor: Processor) -> None:
    meter = Meter(processor.clock, processor.cpu)
    meter.start(10)
    processor.now = 5.0
    meter.start(1e9)
    assert (meter.statistics().elapsed, meter.statistics().remaining) == (5.0, 3600.0)
    meter.stop()
