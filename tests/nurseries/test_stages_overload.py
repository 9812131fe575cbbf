"""An hour in which ten times as much comes as can be handled, in virtual time."""

from __future__ import annotations

import gc
import sys
from collections import Counter

import trio
import trio.testing

from nurseries import Buffer, Sink, Source, Stage, StageStatistics, open_supervisor

Event = tuple[int | None, int]
SECONDS = 3600
#: Reports a second, on so many subjects, and once in a while a word that must not be lost.
REPORTS, SUBJECTS, WORDS_EVERY = 100, 50, 7
#: How many a sink handles in a second, and what there is room for at each place.
ABLE, ROOM = 10, 200


def subject(event: Event) -> int | None:
    return event[0]


def depths(*all_of_them: StageStatistics) -> int:
    waiting = 0
    for said in all_of_them:
        waiting += said.pending + (said.buffer.depth if said.buffer else 0)
        waiting += sum(each.depth + each.backlog + each.in_hand for each in said.subscriptions)
    return waiting


async def test_memory_is_flat_for_an_hour_of_overload(autojump_clock: trio.testing.MockClock) -> None:
    words: list[int] = []
    slow = Counter[str]()

    async def handle(batch: list[Event]) -> None:
        for key, number in batch:
            if key is None:
                words.append(number)
        slow["handled"] += len(batch)
        await trio.sleep(len(batch) / ABLE)

    async def hang(_: list[Event]) -> None:
        await trio.sleep_forever()

    source: Source[Event] = Source("reports", buffer=Buffer(ROOM, "coalesce", key=subject))
    stage = Stage[Event, Event]("stage", lambda batch: batch)
    sinks = [Sink("slow", handle), Sink("stuck", hang), Sink("drops", handle)]
    stage.subscribe(source, max_demand=40)
    sinks[0].subscribe(stage, max_demand=40)
    seats = [
        sinks[1].subscribe(stage, max_demand=40, buffer=Buffer(ROOM, "drop_newest")),
        sinks[2].subscribe(stage, max_demand=40, buffer=Buffer(ROOM, "drop_oldest")),
    ]
    nodes = [*sinks, stage, source]
    most, blocks, said_words, number = 0, [], 0, 0
    async with open_supervisor("s", children=[each.spec() for each in nodes]):
        for second in range(SECONDS):
            reports = [(each % SUBJECTS, each) for each in range(number, number + REPORTS)]
            number += REPORTS
            assert source.post_all(reports) == REPORTS
            if not second % WORDS_EVERY:
                assert source.post((None, second)), "there is always room for what must not be lost"
                said_words += 1
            if not second % 10:
                most = max(most, depths(*(each.statistics() for each in nodes)))
            if second in (SECONDS // 6, SECONDS - 1):
                gc.collect()
                blocks.append(sys.getallocatedblocks() - len(words))
            await trio.sleep(1)
        await trio.sleep(60)
    assert most < 3 * ROOM, "what waits is bounded"
    assert blocks[1] - blocks[0] < 1_000, "nothing piles up elsewhere"
    buffer = source.statistics().buffer
    assert buffer is not None
    assert buffer.dropped["coalesced"] > 0.8 * REPORTS * SECONDS
    assert "full" not in buffer.dropped
    assert seats[0].statistics().dropped["full"] > 10_000
    assert slow["handled"] >= ABLE * SECONDS
    assert len(words) >= said_words, "words come through, to the one that takes its time and the one that drops"
    assert set(range(0, SECONDS, WORDS_EVERY)) <= set(words)
