"""What a stuck sink does to the others: how long events take to them, with it and without."""

from __future__ import annotations

import time
from typing import Literal

import attrs
import trio

from nurseries import Buffer, Sink, Source, Stage, broadcast
from nurseries.stages.node import Node

#: So many events at once, each so many seconds: 20,000 a second.
BURST, PAUSE = 40, 0.002
#: Those of the first are not counted.
WARM_UP = 0.5


@attrs.frozen
class Latency:
    """Seconds from posting to handling, over the first three sinks; and what the fourth lost."""

    p50: float
    p99: float
    seen: int
    lost: int


async def latency(fourth: Literal["quick", "stuck"], *, seconds: float = 4.0, others: int = 3) -> Latency:
    """Post at a steady rate to a source whose events go to three sinks, and to one that may never come back."""
    taken: list[float] = []
    start = 0.0

    def note(batch: list[float]) -> None:
        now = time.perf_counter()
        taken.extend(now - posted for posted in batch if posted > start)

    async def hang(_: list[float]) -> None:
        await trio.sleep_forever()

    source = Source[float]("source")
    stage = Stage[float, float]("stage", lambda batch: batch, dispatch=broadcast())
    sinks = [Sink(f"sink:{number}", note) for number in range(others)]
    stage.subscribe(source)
    for sink in sinks:
        sink.subscribe(stage)
    last = Sink[float]("fourth", hang if fourth == "stuck" else sum)
    seat = last.subscribe(stage, buffer=Buffer(2_000, "drop_oldest"))
    nodes: list[Node] = [last, *sinks, stage, source]
    async with trio.open_nursery() as nursery:
        for node in nodes:
            nursery.start_soon(node.run)
        begin = time.perf_counter()
        start = begin + WARM_UP
        due = trio.current_time()
        while (now := time.perf_counter()) < begin + seconds:
            if source.post_all([now] * BURST) != BURST:
                raise RuntimeError("the pipeline does not keep up")
            due += PAUSE
            await trio.sleep_until(due)
        await trio.sleep(0.2)
        nursery.cancel_scope.cancel()
    taken.sort()
    lost = sum(seat.statistics().dropped.values())
    return Latency(taken[len(taken) // 2], taken[len(taken) * 99 // 100], len(taken), lost)
