"""Break a call of two people in every way of `tests.browser.faults`, ask the server why, and print it as Markdown."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys

from playwright.sync_api import sync_playwright

from tests.browser import chromium
from tests.browser.faults import FAULTS, Told, play
from tests.browser.scene import set_up


def main() -> None:
    """Play what the command line says. Exits with 1 if a verdict does not name the cause within three seconds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diagnose", description=__doc__)
    parser.add_argument("--only", action="append", choices=[fault.name for fault in FAULTS], help="these alone")
    parser.add_argument("--hops", action="store_true", help="print each hop, too")
    options = parser.parse_args()
    path = chromium.find()
    if path is None:
        raise SystemExit("Chromium is not installed: `make test` installs it")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the server
    told: list[Told] = []
    wanted = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    with contextlib.redirect_stdout(sys.stderr), sync_playwright() as playwright:  # where the server's log goes
        with set_up(playwright, path) as scene:
            for fault in wanted:
                if fault.server is None:
                    told.append(play(fault, scene))
                    show(told[-1], hops=options.hops)
        for fault in wanted:
            if fault.server is not None:
                with set_up(playwright, path, *fault.server, relay=False) as scene:
                    told.append(play(fault, scene))
                    show(told[-1], hops=options.hops)
    print("| fault | verdict | whose | s | |\n|---|---|---|---:|---|")
    for each in told:
        verdict = each.answer["verdict"]
        mark = "✓" if each.right else "✗"
        print(f"| {each.fault.name} | {verdict['says']} | {verdict['whose']} | {each.seconds:.2f} | {mark} |")
    right = sum(each.right for each in told)
    print(f"\n{right} of {len(told)} verdicts name the cause within 3 s.")
    sys.exit(right < len(told))


def show(told: Told, *, hops: bool) -> None:
    """Say how one of them went, while the others are still to come."""
    verdict = told.answer["verdict"]
    print(f"--- {told.fault.name}: {verdict['code']} after {told.seconds:.2f} s", file=sys.stderr, flush=True)
    if hops:
        for hop in told.answer["hops"]:
            print(f"    {hop['state']:<8} {hop['name']:<16} {hop['figures']}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
