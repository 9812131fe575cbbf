# ruff: noqa: T201
"""Reports that come whether anybody can use them or not: the newest of each will do, but a leave is a leave.

It prints::

    display: Ada |||, Bo ||||
    display: Ada ||, Bo left
    display: Ada ||
    display: Ada |||
    display: Ada ||||
    archive: Ada |||, Bo ||||
    archive: Bo left, Ada ||||
    10 were posted, and 3 of them overtaken in the source
    3 more were while they waited for the archive
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
import trio
import trio.testing

from nurseries import Buffer, Sink, Source, Stage, open_supervisor


@attrs.frozen
class Report:
    """The loss on somebody's network in percent, or None: there is nobody any more."""

    person: str
    loss: int | None


@attrs.frozen
class Signal:
    """The same in bars, one to four."""

    person: str
    bars: int | None


def person_of(item: Report | Signal) -> str | None:
    """Say whom it is news about. That somebody left is not news about them: it must not be lost."""
    there = item.loss if isinstance(item, Report) else item.bars
    return None if there is None else item.person


def signals(batch: list[Report]) -> list[Signal]:
    return [Signal(each.person, None if each.loss is None else max(1, 4 - each.loss // 2)) for each in batch]


def printer(name: str, seconds: float) -> Callable[[list[Signal]], Awaitable[None]]:
    """Print what comes, and take so long for it."""

    async def show(batch: list[Signal]) -> None:
        await trio.sleep(seconds)
        said = [f"{each.person} left" if each.bars is None else f"{each.person} {'|' * each.bars}" for each in batch]
        print(f"{name}: {', '.join(said)}")

    return show


async def main() -> None:
    reports: Source[Report] = Source("reports", buffer=Buffer(100, "coalesce", key=person_of))
    bars = Stage("bars", signals)
    display = Sink("display", printer("display", 1))
    archive = Sink("archive", printer("archive", 10))
    bars.subscribe(reports)
    display.subscribe(bars, max_demand=2, min_demand=0)
    kept = archive.subscribe(bars, max_demand=2, min_demand=0, buffer=Buffer(10, "coalesce", key=person_of))

    async with open_supervisor("reports", children=[each.spec() for each in (archive, display, bars, reports)]):
        for loss in (0, 1, 3):
            reports.post(Report("Ada", loss))
        reports.post(Report("Bo", 0))
        await trio.sleep(0.5)
        for loss in (4, 5):
            reports.post(Report("Ada", loss))
        reports.post(Report("Bo", None))
        for loss in (4, 2, 0):
            await trio.sleep(2)
            reports.post(Report("Ada", loss))
        await trio.sleep(30)

    buffer = reports.statistics().buffer
    assert buffer is not None
    print(f"{buffer.received} were posted, and {buffer.dropped['coalesced']} of them overtaken in the source")
    print(f"{kept.statistics().dropped['coalesced']} more were while they waited for the archive")


if __name__ == "__main__":
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
