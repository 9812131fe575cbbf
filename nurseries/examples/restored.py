# ruff: noqa: T201
"""A sink that fails is run again, has its subscription as before, and loses a batch, or none, as it was made.

It prints::

    [at most once] handled 1 2
    [at most once] failed: restart
    [at most once] handled 5 6
    [at most once] dropped: failed 2
    [at least once] handled 1 2
    [at least once] failed: restart
    [at least once] handled 3 4
    [at least once] handled 5 6
    [at least once] dropped: nothing
"""

from __future__ import annotations

import math

import trio
import trio.testing

from nurseries import ChildReport, Sink, Source, open_supervisor


class Journal:
    """A disk that is full for a moment, when 3 is to be written."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.full = True

    def write(self, batch: list[int]) -> None:
        if 3 in batch and self.full:
            self.full = False
            raise OSError("no space left on device")
        self.say("handled " + " ".join(map(str, batch)))

    def report(self, said: ChildReport) -> None:
        self.say(f"{said.ending}: {said.action}")

    def say(self, what: str) -> None:
        print(f"[{self.kind}] {what}")


async def write(kind: str, attempts: float) -> None:
    journal = Journal(kind)
    numbers = Source[int]("numbers")
    sink = Sink("journal", journal.write, attempts=attempts)
    sink.subscribe(numbers, max_demand=4)
    async with open_supervisor("journal", children=[sink.spec(), numbers.spec()], report=journal.report):
        numbers.post_all(range(1, 7))
        await trio.sleep(10)
    dropped = [f"{reason} {number}" for reason, number in sink.statistics().dropped.items()]
    journal.say(f"dropped: {', '.join(dropped) or 'nothing'}")


async def main() -> None:
    await write("at most once", 1)
    await write("at least once", math.inf)


if __name__ == "__main__":
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
