"""Hold calls of four people in which the network of one is bad, and print what they saw and heard, as Markdown."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time

from benchmarks.recovery.measure import Outcome, measure
from benchmarks.recovery.report import table
from benchmarks.recovery.situations import SITUATIONS


def main() -> None:
    """Measure what the command line says."""
    names = [situation.name for situation in SITUATIONS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, help="these alone; each takes some 50 seconds")
    parser.add_argument("--seed", type=int, default=0, help="of the network's accidents  [%(default)s]")
    parser.add_argument("--attempts", type=int, default=2, help="where a call does not get going  [%(default)s]")
    parser.add_argument("server", nargs="*", help="more options of the server, after --")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the server
    outcomes: list[Outcome] = []
    try:
        for situation in SITUATIONS:
            if options.only and situation.name not in options.only:
                continue
            for attempt in range(options.attempts):
                began = time.monotonic()
                try:
                    with contextlib.redirect_stdout(sys.stderr):  # where the server's log goes
                        outcomes.append(measure(situation, options.seed, tuple(options.server)))
                except TimeoutError as error:
                    print(f"{situation.name}: {error}", file=sys.stderr, flush=True)
                    if attempt == options.attempts - 1:
                        raise
                else:
                    print(f"{situation.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                    break
    finally:  # of a long run that was cut short, too
        print(table(outcomes))


if __name__ == "__main__":
    main()
