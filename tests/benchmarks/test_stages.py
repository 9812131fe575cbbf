"""What is measured of stages happens, and nothing is lost."""

from __future__ import annotations

import pytest

from benchmarks.stages.__main__ import row
from benchmarks.stages.throughput import (
    MEASUREMENTS,
    SINKS,
    Feed,
    Figures,
    Pipeline,
    bursts,
    room,
    singly,
    through,
    trickle,
)
from nurseries import broadcast, partition


@pytest.mark.parametrize("feed", [bursts, singly, trickle])
async def test_every_event_is_seen(feed: Feed) -> None:
    figures = await through(Pipeline(partition(room)), feed, 600)
    assert (figures.items, figures.seen) == (600, 600)
    figures = await through(Pipeline(broadcast()), bursts, 600)
    assert figures.seen == 600 * SINKS


def test_a_line_of_the_table() -> None:
    runs = [Figures(items=1000, seen=1000, batches=10, cpu=0.001 * each, wall=0.002 * each) for each in (1, 2, 9)]
    assert row("name", runs) == "| name | 2.00 | 500,000 | 250,000 | 100 |"
    assert len(MEASUREMENTS) == 8
