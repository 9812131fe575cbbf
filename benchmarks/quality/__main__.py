"""Have something go wrong in seeded calls of people without browsers, and print who was blamed, as Markdown."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

from benchmarks.quality.faults import FAULTS
from benchmarks.quality.run import NAMES, Outcome, run
from tests.network.relay import relaying
from tests.ports import free_port
from tests.processes import running_server
from tests.quality.member import joining


async def faults(seeds: Sequence[int], at_once: int, url: str, port: int) -> list[Outcome]:
    """Hold these calls, so many at a time."""
    outcomes: list[Outcome] = []
    waiting = list(reversed(seeds))

    async def hold() -> None:
        while waiting:
            seed = waiting.pop()
            try:
                outcome = await run(seed, url, port)
            except TimeoutError:
                outcome = Outcome(
                    seed, FAULTS[seed % len(FAULTS)].name, 0, None, frozenset({"no call"}), None, late=False
                )
            outcomes.append(outcome)
            print(outcome, file=sys.stderr, flush=True)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(hold())
    return outcomes


async def clean(minutes: float, url: str, port: int) -> list[str]:
    """Hold a call in which nothing goes wrong, and return what was said to."""
    async with relaying(list(NAMES[:4]), ("127.0.0.1", port)) as lines, joining(url, "clean", lines) as members:
        began = time.monotonic()
        await asyncio.sleep(minutes * 60)
        return [f"{at - began:.0f} s: {word}" for each in members.values() for at, word in each.troubles()]


def report(outcomes: Sequence[Outcome]) -> str:
    """Write it as a table."""
    by_fault: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_fault[outcome.fault].append(outcome)
    lines = [
        "| fault | calls | right | told after, s (median, worst) | over after, s (median) |",
        "|---|---|---|---|---|",
    ]
    for name, some in by_fault.items():
        told = sorted(each.told for each in some if each.told is not None)
        over = sorted(each.over for each in some if each.over is not None)
        must = any(told)
        lines.append(
            f"| {name} | {len(some)} | {sum(each.right for each in some)} | "
            + (f"{told[len(told) // 2]:.1f}, {told[-1]:.1f}" if must else "")
            + f" | {f'{over[len(over) // 2]:.1f}' if must and over else ''} |"
        )
    right = sum(each.right for each in outcomes)
    lines.append(
        f"\n{right} of {len(outcomes)} right; the server said of {sum(o.late for o in outcomes)} that it was late"
    )
    lines += [f"* {each}" for each in outcomes if not each.right]
    return "\n".join(lines)


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many calls, of some 25 seconds  [%(default)s]")
    parser.add_argument("--first", type=int, default=0, help="the first seed  [%(default)s]")
    parser.add_argument("--at-once", type=int, default=2, help="how many at a time  [%(default)s]")
    parser.add_argument("--clean", type=float, default=0.0, metavar="MINUTES", help="and a call without a fault")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the server
    port = free_port()
    with (
        contextlib.redirect_stdout(sys.stderr),  # where the server's log goes
        running_server("--media-port", str(port), "--media-address", "127.0.0.1") as server,
    ):
        seeds = range(options.first, options.first + options.seeds)
        outcomes = asyncio.run(faults(seeds, options.at_once, server.url, port)) if seeds else []
        said = asyncio.run(clean(options.clean, server.url, port)) if options.clean else []
    if outcomes:
        print(report(outcomes))
    if options.clean:
        print(f"\nIn {options.clean:g} minutes without a fault was said: {'; '.join(said) or 'nothing'}")


if __name__ == "__main__":
    main()
