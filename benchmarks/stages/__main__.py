"""Measure what stages cost, and what a stuck one does to the others. ``python -m benchmarks.stages [--repetitions 3]``.

It prints two tables as Markdown. It fails if an event is lost, or if fewer than 100,000 a second go through.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from typing import Literal

import trio

from benchmarks.stages.stuck import Latency, latency
from benchmarks.stages.throughput import MEASUREMENTS, SINKS, Figures

#: Events a second of CPU time below which the first measurement fails.
AT_LEAST = 100_000


def row(name: str, runs: list[Figures]) -> str:
    """One line of the first table: medians over runs."""
    cost = statistics.median(run.cpu / run.items for run in runs)
    rate = statistics.median(run.items / run.wall for run in runs)
    batch = statistics.median(run.seen / run.batches for run in runs)
    return f"| {name} | {cost * 1e6:.2f} | {1 / cost:,.0f} | {rate:,.0f} | {batch:,.0f} |"


def throughput(repetitions: int) -> None:
    """Print how much goes through."""
    results: dict[str, list[Figures]] = {name: [] for name in MEASUREMENTS}
    for _ in range(repetitions):
        for name, measure in MEASUREMENTS.items():
            results[name].append(trio.run(measure))
    print("| source → stage → | CPU per event, µs | events per CPU second | events per second | events in a batch |")
    print("|---|---:|---:|---:|---:|")
    for name, runs in results.items():
        print(row(name, runs))
        for run in runs:
            each = SINKS if name.startswith("broadcast") else 1
            if "coalesced" not in name and run.seen != each * run.items:
                raise SystemExit(f"{name}: {run.seen} of {each * run.items} events came")
    best = min(run.cpu / run.items for run in next(iter(results.values())))
    if 1 / best < AT_LEAST:
        raise SystemExit(f"only {1 / best:,.0f} events per CPU second")


def stuck(repetitions: int) -> None:
    """Print what a stuck sink does to the others. The two cases take turns."""
    cases: list[Literal["quick", "stuck"]] = ["quick", "stuck"]
    results: dict[str, list[Latency]] = {case: [] for case in cases}
    for _ in range(repetitions):
        for case in cases:
            results[case].append(trio.run(latency, case))
    print("| 20,000 events a second to four sinks | p50, ms | p99, ms, of each run | lost by the fourth |")
    print("|---|---:|---:|---:|")
    for name, runs in results.items():
        p99 = ", ".join(f"{run.p99 * 1e3:.2f}" for run in runs)
        p50 = statistics.median(run.p50 for run in runs)
        print(f"| the first three, while the fourth is {name} | {p50 * 1e3:.2f} | {p99} | {runs[-1].lost:,} |")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3, help="of everything; medians are shown  [%(default)s]")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, Trio {trio.__version__}\n")
    throughput(options.repetitions)
    print()
    stuck(options.repetitions)


if __name__ == "__main__":
    main()
