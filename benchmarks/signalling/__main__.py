"""Measure our server and others side by side. ``python -m benchmarks.signalling --help`` lists the options."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

from benchmarks.signalling.contenders import CONTENDERS, NODE, PEERS, Contender
from benchmarks.signalling.measure import Figures, idle, many_rooms, one_room, one_stuck
from benchmarks.signalling.report import medians, table

Measurement = Callable[[Contender], Figures]
MEASUREMENTS: dict[str, Measurement] = {
    "room-200": partial(one_room, pages=200),
    "stuck-200": partial(one_stuck, pages=200),
    "rooms": many_rooms,
    "idle": idle,
    "room-1000": partial(one_room, pages=1_000),
}


def versions() -> str:
    """Name what was measured."""
    names = ["hypercorn", "trio", "trio-websocket", "starlette", "uvicorn", "websockets", "uvloop", "httptools"]
    known = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    node = subprocess.run([NODE, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    words = "console.log(require('ws/package.json').version)"
    ws = subprocess.run([NODE, "-e", words], cwd=PEERS, check=True, capture_output=True, text=True).stdout.strip()
    return f"Python {platform.python_version()}, {known}; Node.js {node}, ws {ws}"


def main() -> None:
    """Measure what the command line says, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signalling", description=__doc__)
    parser.add_argument("--repetitions", type=int, default=3, help="of everything; medians are shown  [%(default)s]")
    parser.add_argument("--only", action="append", metavar="NAME", help="contenders with this in their names")
    parser.add_argument("--measure", action="append", choices=MEASUREMENTS, help="these alone")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the servers
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    contenders = [
        each for each in CONTENDERS if not options.only or any(part in each.name.lower() for part in options.only)
    ]
    if not contenders:
        parser.error("there is no such contender")
    runs: dict[str, list[Figures]] = {each.name: [] for each in contenders}
    try:
        run(contenders, options.measure or list(MEASUREMENTS), options.repetitions, runs)
    finally:  # of a long run that was cut short, too
        print(f"\nMedians of {options.repetitions}. {versions()}.\n")
        print(table({name: medians(each) for name, each in runs.items()}))


def run(contenders: list[Contender], names: list[str], repetitions: int, runs: dict[str, list[Figures]]) -> None:
    """Measure, and put the figures into ``runs`` as they come. Raises Wrong."""
    # Each measurement of all, then the next: what else the machine does meanwhile is done to all of them.
    for repetition in range(repetitions):
        for name in names:
            for contender in contenders:
                began = time.monotonic()
                figures = MEASUREMENTS[name](contender)
                runs[contender.name].append(figures)
                shown = ", ".join(f"{key}: {value:.4g}" for key, value in figures.items())
                where = f"{repetition + 1}/{repetitions} {name} {contender.name}"
                print(f"{where} ({time.monotonic() - began:.0f} s): {shown}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
