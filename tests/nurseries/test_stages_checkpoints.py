"""A pipeline under a supervisor, torn at every checkpoint: nothing is lost but what is said to be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
import trio

from nurseries import Backoff, Sink, Source, Stage, open_supervisor, partition
from nurseries.children import ChildReport
from nurseries.stages.node import Node
from nurseries.testing import Injected, try_schedules
from nurseries.testing.fixtures import EveryCheckpoint

ITEMS = 60


class Line:
    """Sixty items through three stages. Everything in it waits now and then."""

    def __init__(self, attempts: float) -> None:
        self.got: list[list[int]] = [[], []]
        self.source = Source[int]("source")
        self.double = Stage("double", self.twice, dispatch=partition(lambda item: item // 2 % 10), attempts=attempts)
        self.sinks = [Sink(f"sink:{number}", self.take(number), attempts=attempts) for number in range(2)]
        self.double.subscribe(self.source, max_demand=8)
        for sink in self.sinks:
            sink.subscribe(self.double, max_demand=6, min_demand=2)

    async def twice(self, batch: list[int]) -> list[int]:
        await trio.sleep(0.1)
        return [2 * item for item in batch]

    def take(self, number: int) -> Callable[[list[int]], object]:
        async def take(batch: list[int]) -> None:
            await trio.sleep(0.3)
            self.got[number] += batch

        return take

    async def run(self, report: Callable[[ChildReport], None]) -> None:
        nodes = [*self.sinks, self.double, self.source]
        async with open_supervisor(
            "s",
            under="",
            children=[each.spec("transient") for each in nodes],
            report=report,
            backoff=Backoff(first=0.2),
        ) as supervisor:
            for item in range(ITEMS):
                assert self.source.post(item)
                await trio.sleep(0.05)
            self.source.close()
            await trio.sleep(200)
            assert supervisor.statistics().children == (), "all have come to their end"

    def lost(self) -> Counter[str]:
        lost: Counter[str] = Counter()
        for node in (self.source, self.double, *self.sinks):
            lost.update(node.statistics().dropped)
        return lost

    def check(self) -> None:
        got = [item for each in self.got for item in each]
        assert len(got) == len(set(got)), "nothing twice"
        assert len(got) + self.lost().total() == ITEMS, "nothing lost that is not counted"
        for each in self.got:
            for key in range(10):
                mine = [item for item in each if item // 2 % 10 == key]
                assert mine == sorted(mine)


@pytest.mark.parametrize("attempts", [1, math.inf])
@pytest.mark.parametrize("victim", ["s/source", "s/double", "s/sink:0"])
def test_a_stage_may_fail_anywhere(victim: str, attempts: float, every_checkpoint: EveryCheckpoint) -> None:
    line = Line(attempts)
    reports: list[ChildReport] = []

    async def scenario() -> None:
        nonlocal line
        line = Line(attempts)
        reports.clear()
        await line.run(reports.append)

    def check() -> None:
        line.check()
        failed = [report for report in reports if report.error is not None]
        assert all(isinstance(report.error, Injected) for report in failed)
        lost = line.lost()
        assert lost.total() == (0 if attempts > 1 else lost["failed"]) <= 8
        assert not lost.total() or failed

    assert every_checkpoint.fail(scenario, victim=victim, check=check) > 10


@pytest.mark.parametrize("attempts", [1, math.inf])
@pytest.mark.parametrize("victim", ["s/double", "s/sink:0"])
def test_a_stage_may_be_cancelled_anywhere_and_run_again(
    victim: str, attempts: float, every_checkpoint: EveryCheckpoint
) -> None:
    """As when a neighbour fails: what was cancelled is begun anew."""
    line = Line(attempts)

    async def again(node: Node) -> None:
        first = trio.CancelScope()

        async def once() -> None:
            with first:
                await node.run()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(once, name=f"s/{node.name}")
        await node.run()

    async def scenario() -> None:
        nonlocal line
        line = Line(attempts)
        async with trio.open_nursery() as nursery:
            for node in (*line.sinks, line.double, line.source):
                if f"s/{node.name}" == victim:
                    nursery.start_soon(again, node)
                else:
                    nursery.start_soon(node.run)
            for item in range(ITEMS):
                assert line.source.post(item)
                await trio.sleep(0.05)
            line.source.close()
            await trio.sleep(200)
            nursery.cancel_scope.cancel()

    def check() -> None:
        line.check()
        lost = line.lost()
        assert lost.total() == (0 if attempts > 1 else lost["cancelled"]) <= 8

    assert every_checkpoint.cancel(scenario, victim=victim, check=check) > 10


@pytest.mark.parametrize(("attempts", "loses"), [(1, True), (math.inf, False)])
def test_what_is_being_handled_is_what_the_policy_is_about(
    attempts: float, loses: bool, every_checkpoint: EveryCheckpoint
) -> None:
    """There are checkpoints at which a batch is lost, and with more attempts there are none: the above can fail."""
    line = Line(attempts)
    lost: list[int] = []

    async def scenario() -> None:
        nonlocal line
        line = Line(attempts)
        await line.run(lambda _: None)

    every_checkpoint.fail(scenario, victim="s/sink:1", check=lambda: lost.append(line.lost().total()))
    assert (max(lost) > 0) == loses


def test_whoever_is_quicker_nothing_is_lost() -> None:
    async def scenario() -> None:
        line = Line(1)
        await line.run(lambda _: None)
        line.check()
        assert not line.lost()

    try_schedules(scenario, seeds=range(30), postpone=0.2)
