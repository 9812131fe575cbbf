"""Ten thousand come and go, in every way there is, at a real server; then it is to be as it was before.

Run from the top of the repository: ``python -m benchmarks.churn [--visits 10000] [--seed 1]``. After the first visits,
in which buffers and caches fill, everyone is awaited to be gone and what lives is counted; after the last ones, again.
It fails if there is more then: descriptors, threads, rooms, sockets, what else ``/healthz`` counts, or memory, by 5 %.

What a process took for a crowd it mostly keeps, for the next one: its memory is that of the largest there was, give or
take. So the crowd before the first count is as large as the one after it, up to `CROWD`. That is for those who are
still there, too, as they were lost without a word; if only speed bounded them, a busy machine would have a small crowd.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

from benchmarks.signalling.contenders import CONTENDERS, Process, resident, running
from benchmarks.signalling.swarm import Wrong
from benchmarks.signalling.visitor import Visit
from tests.processes import children

ROOMS = 300
AT_ONCE = 40
#: People in the rooms at a time, those included whose sockets were lost and who might come back.
CROWD = 300
#: Seconds between two looks at how many there are.
LOOK = 0.5
#: Memory that is no leak: the allocator's own coming and going.
TOLERANCE = 0.05
#: Seconds without anybody leaving after which those who are left are left behind.
PATIENCE = 60.0
#: Seconds in which what ends with the last of them has ended: lingering connections, threads that wait for work.
REST = 15.0
#: Short, so that who is gone is gone, yet longer than a busy machine stands still; and small, so that what is kept of
#: the past is full before it is counted.
LIMITS = {
    "room_linger": 1.0,
    "join_timeout": 20.0,
    "ping_after": 2.0,
    "reconnecting_after": 10.0,
    "left_after": 20.0,
    "socketless": 30.0,
    "log_records": 4,  # as many visits to a room as there are before the first count, about
}
#: Numbers of ``/healthz``: those that are zero once all are gone, and those that say how much there has been.
PEOPLE = "rooms.participants"
LEAVING = ("rooms.rooms", PEOPLE, "sockets")
GROWING = {"admissions", "restarts", "pid"}


@attrs.frozen
class Count:
    """What lives. ``counted`` is to be the same again, ``memory`` (bytes) about the same."""

    counted: dict[str, int]
    memory: dict[str, int]


def health(server: Process) -> dict[str, int]:
    """The numbers of ``/healthz``, by their paths, but those that only grow."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=PATIENCE) as answer:
        found = dict(numbers(json.load(answer)))
    return {name: value for name, value in found.items() if name.rpartition(".")[2] not in GROWING}


def numbers(data: dict[str, Any], path: str = "") -> Iterator[tuple[str, int]]:
    """Name every whole number in nested objects."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{path}{name}.")
        elif type(value) is int:
            yield f"{path}{name}", value


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def count(server: Process) -> Count:
    """Count what lives now in the server and its worker."""
    (worker,) = children(server.pid)
    counted = {
        "descriptors": descriptors(server.pid),
        "threads": len(list(Path(f"/proc/{server.pid}/task").iterdir())),
        "worker descriptors": descriptors(worker),
        "worker threads": len(list(Path(f"/proc/{worker}/task").iterdir())),
        **health(server),
    }
    return Count(counted, {"memory": server.memory(), "worker memory": resident(worker)})


async def settle(server: Process) -> None:
    """Wait until nobody is there and the rooms have gone. Raises Wrong if they do not."""
    before, deadline = -1, time.monotonic() + PATIENCE
    while True:
        found = await trio.to_thread.run_sync(partial(health, server))
        left = sum(found.get(name, 0) for name in LEAVING)
        # A busy machine may have had the worker replaced.
        if not left and len(children(server.pid)) == 1:
            break
        if left != before:
            before, deadline = left, time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise Wrong(f"{left} rooms, people and sockets were left behind: {found}")
        await trio.sleep(0.2)
    await trio.sleep(REST)


async def come_and_go(server: Process, visits: Iterator[Visit], endings: Counter[str]) -> int:
    """Make all these visits, some at a time, and return how many people there were at most."""
    present = most = 0

    async def look() -> None:
        nonlocal present, most
        while True:
            present = (await trio.to_thread.run_sync(partial(health, server))).get(PEOPLE, 0)
            most = max(most, present)
            await trio.sleep(LOOK)

    async def visitor() -> None:
        for visit in visits:
            while present >= CROWD:  # noqa: ASYNC110 - the server does not tell
                await trio.sleep(LOOK / 5)
            await visit.make(server.port)
            endings[visit.ending] += 1

    async with trio.open_nursery() as looking:
        looking.start_soon(look)
        async with trio.open_nursery() as nursery:
            for _ in range(AT_ONCE):
                nursery.start_soon(visitor)
        looking.cancel_scope.cancel()
    return most


async def churn(server: Process, warm_up: int, visits: int, seed: int) -> bool:
    """Let them come and go, print what lives before and after, and return whether it is the same."""
    source = random.Random(seed)
    drawn = [Visit.draw(source, number, ROOMS) for number in range(visits)]
    endings: Counter[str] = Counter()
    crowd = await come_and_go(server, iter(drawn[:warm_up]), endings)
    await settle(server)
    before, worker = count(server), children(server.pid)
    began, cpu = time.monotonic(), server.cpu()
    later_crowd = await come_and_go(server, iter(drawn[warm_up:]), endings)
    rate = (visits - warm_up) / (time.monotonic() - began), (visits - warm_up) / (server.cpu() - cpu)
    await settle(server)
    after = count(server)
    print(f"{visits} visits in {ROOMS} rooms, seed {seed}: {rate[0]:.0f} a second, {rate[1]:.0f} a CPU second.")
    print(f"At most {crowd} people were there at a time before the first count, and {later_crowd} after it.")
    print("Endings: " + ", ".join(f"{name} {number}" for name, number in sorted(endings.items())) + ".\n")
    fine = compare(before, after, warm_up, visits)
    if children(server.pid) != worker:
        raise Wrong("the worker had to be replaced, and so was not measured: the machine was too busy")
    return fine


def compare(before: Count, after: Count, warm_up: int, visits: int) -> bool:
    """Print the table, and return whether nothing was left behind."""
    print(f"| what lives | after {warm_up:,} visits | after {visits:,} | |\n|---|---:|---:|---|")
    fine = True
    for name, value in before.counted.items():
        now = after.counted.get(name, 0)
        fine &= now <= value
        print(f"| {name} | {value} | {now} | {'' if now <= value else '**more**'} |")
    for name, value in before.memory.items():
        now = after.memory[name]
        fine &= now <= value * (1 + TOLERANCE)
        print(f"| {name}, MiB | {value / 2**20:.1f} | {now / 2**20:.1f} | {now / value - 1:+.1%} |")
    return fine


def main() -> None:
    """Churn as the command line says; the exit code is 1 if anything was left behind."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn")
    parser.add_argument("--visits", type=int, default=10_000, help="[%(default)s]")
    parser.add_argument("--warm-up", type=int, default=2_000, help="of the visits, before it is counted  [%(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="[%(default)s]")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and not without ending the servers
    with running(CONTENDERS[0], **LIMITS) as server:
        fine = trio.run(churn, server, options.warm_up, options.visits, options.seed)
    sys.exit(0 if fine else "something was left behind")


if __name__ == "__main__":
    main()
