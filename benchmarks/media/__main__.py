"""Measure what forwarding costs our worker and Janus, side by side, and print the tables as Markdown.

Needs root or user namespaces, and Debian's package janus (``make bench-media`` installs it).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time

from benchmarks.media import janus, place, report
from benchmarks.media.janus import JANUS
from benchmarks.media.measure import Figures, Size, measure
from benchmarks.media.ours import OURS, OURS_IN_PYTHON
from tests.browser.netns import CannotMake

#: Of the last two there are 20,000 packets a second.
SIZES = [Size(1, 9, 300), Size(2, 20, 300), Size(1, 40, 300), Size(10, 9, 222), Size(1, 40, 500)]
CONTENDERS = [OURS, OURS_IN_PYTHON, JANUS]
#: What the part in the load's network is told of how to reach the server's.
_ENTER = "BENCHMARK_ENTER"


def main() -> None:
    """Measure what the command line says."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the servers
    if janus.found() is None and (options.only is None or JANUS.name in options.only):
        sys.exit("Janus is not installed: apt-get install janus (Debian, Ubuntu), or --only Chatroom")
    if (enter := os.environ.get(_ENTER)) is not None:
        _measure_all(options, tuple(enter.split()))
        return
    try:
        with place.made() as made:
            command = [*made.load.enter, sys.executable, "-m", "benchmarks.media", *sys.argv[1:]]
            inside = subprocess.Popen(command, env={**os.environ, _ENTER: " ".join(made.to_server)})
            try:
                sys.exit(inside.wait())
            finally:
                inside.terminate()
                inside.wait()
    except CannotMake as error:
        sys.exit(str(error))


def _measure_all(options: argparse.Namespace, enter: tuple[str, ...]) -> None:
    contenders = [each for each in CONTENDERS if options.only is None or each.name in options.only]
    sizes = [size for number, size in enumerate(SIZES) if options.size is None or str(number) in options.size]
    runs: dict[str, list[Figures]] = {each.name: [] for each in contenders}
    try:
        for size in sizes:
            began = time.monotonic()
            found = asyncio.run(measure(contenders, size, enter, options.turns, options.seconds))
            for name, figures in found.items():
                runs[name].append(figures)
                print(report.line(name, figures), file=sys.stderr, flush=True)
            print(f"{size.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:  # of a long run that was cut short, too
        print(f"\nMedians of {options.turns} turns of {options.seconds:g} s.\n")
        for table in (report.cost_table, report.memory_table, report.capacity_table):
            print(table(runs), end="\n\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media", description=__doc__)
    names = [each.name for each in CONTENDERS]
    sizes = ", ".join(f"{number}: {size.name} at {size.rate} packets/s" for number, size in enumerate(SIZES))
    parser.add_argument("--turns", type=int, default=6, help="of each server; medians are shown  [%(default)s]")
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn  [%(default)s]")
    parser.add_argument("--only", action="append", choices=names, help="this one alone")
    parser.add_argument("--size", action="append", metavar="N", help=f"this one alone; {sizes}")
    return parser.parse_args()


if __name__ == "__main__":
    main()
