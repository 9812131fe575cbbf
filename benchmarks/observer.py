"""What it costs to look: the CPU of a server with fifty people in it, watched in no way, always, metered, looked at.

Run from the top of the repository: ``python -m benchmarks.observer [--seconds 20] [--rounds 3] [--people 50]``. Each
kind of watching has a server process of its own, in turn, several times; what is told is the median, in percent of one
core, and what each adds to the one before. Pictures and sound are forwarded by other processes, so the media plane is a
fake that says twice a second whom it hears, as a worker does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import trio

from chatroom.limits import Limits
from chatroom.media import Heard
from chatroom.testing import FakeMedia
from tests.web.operator.operated import operated
from tests.web.page import Page, page
from web.observer import Observer
from web.operator.client import Client

#: How a server is watched, each with all that stands before it.
WAYS = ("nobody looks", "watched always", "metered", "looked at once a second")
#: How fifty people are: what each does, and how often, in seconds.
IDLE: dict[str, float] = {}
BUSY = {"update": 1.0, "chat": 5.0, "layout": 2.0}
LOADS = {"idle": IDLE, "busy": BUSY}
ROOMS = 5
#: Seconds until caches are filled.
WARM = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        trio.run(serve, options.serve)
        return
    found: dict[tuple[str, str], list[float]] = {(load, way): [] for load in LOADS for way in WAYS}
    for _ in range(options.rounds):
        for load, way in found:
            with server(way) as (pid, notice):
                found[load, way].append(trio.run(use, pid, notice, LOADS[load], way, options.people, options.seconds))
    print(f"{options.people} people, {options.rounds} rounds of {options.seconds:g} s; the server's CPU, % of one core")
    for load in LOADS:
        before = 0.0
        for way in WAYS:
            median = statistics.median(found[load, way]) * 100
            added = "" if way == WAYS[0] else f"  (+{median - before:.2f})"
            rounds = " ".join(f"{100 * each:.2f}" for each in found[load, way])
            print(f"{load:5} {way:24} {median:6.2f}{added:10}  of {rounds}")
            before = median


# ---- the server


async def serve(way: str) -> None:
    """Be the server until standard input ends, and say where it is."""
    if way == WAYS[0]:
        Observer.attached = _unattached  # type: ignore[method-assign]
    media = FakeMedia()
    with tempfile.TemporaryDirectory() as directory:
        async with operated(Path(directory), Limits(participants=100, command_rate=100.0), media=media) as server:
            print(json.dumps([server.served.port, server.notice.url, server.token]), flush=True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hear, media)
                await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
                nursery.cancel_scope.cancel()


async def hear(media: FakeMedia) -> None:
    """Say whom the media plane hears, as a worker does."""
    while True:
        await trio.sleep(0.5)
        for session in list(media.attached.values()):
            session.post(Heard(0.1))


@contextmanager
def _unattached(self: Observer) -> Generator[None, None, None]:  # noqa: ARG001
    yield


@contextmanager
def server(way: str) -> Generator[tuple[int, list[Any]], None, None]:
    """Run a server process, and say its id, port, operator's address and token."""
    command = [sys.executable, "-m", "benchmarks.observer", "--serve", way]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            line = process.stdout.readline()
            while not line.startswith("["):
                line = process.stdout.readline()
            yield process.pid, json.loads(line)
        finally:
            process.stdin.close()
            process.wait(20)


# ---- the people


async def use(pid: int, notice: list[Any], load: dict[str, float], way: str, people: int, seconds: float) -> float:
    port, url, token = notice
    async with trio.open_nursery() as nursery, joined(port, people) as pages:
        for number, each in enumerate(pages):
            nursery.start_soon(answer, each)
            for command, every in load.items():
                nursery.start_soon(act, each, command, every, every * number / people)
        over = threading.Event()
        client = Client(url, token)
        if WAYS.index(way) >= 2:
            await trio.to_thread.run_sync(lambda: client.post("/api/meter", seconds=seconds + 60))
        if WAYS.index(way) >= 3:
            nursery.start_soon(trio.to_thread.run_sync, look, url, token, over)
        await trio.sleep(WARM)
        before, began = cpu(pid), time.perf_counter()
        await trio.sleep(seconds)
        used = (cpu(pid) - before) / (time.perf_counter() - began)
        over.set()
        nursery.cancel_scope.cancel()
    return used


@asynccontextmanager
async def joined(port: int, people: int) -> AsyncGenerator[list[Page], None]:
    async with AsyncExitStack() as stack:
        pages = []
        for number in range(people):
            each = await stack.enter_async_context(page(port, f"P{number}", f"room-{number % ROOMS}"))
            pages.append(each)
        yield pages


async def answer(each: Page) -> None:
    """Read whatever comes, and answer pings, as a page does."""
    while True:
        event = json.loads(await each.socket.get_message())
        if event["type"] == "ping":
            await each.send("pong", n=event["n"])


async def act(each: Page, command: str, every: float, after: float) -> None:
    await trio.sleep(after)
    on = False
    while True:
        on = not on
        said: dict[str, dict[str, Any]] = {
            "update": {"microphone": on},
            "chat": {"text": "hello"},
            "layout": {"sizes": {"a": 180}},
        }
        fields = said[command]
        await each.send(command, **fields)
        await trio.sleep(every)


def look(url: str, token: str, over: threading.Event) -> None:
    """Ask once a second, on one connection, as the page does."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    after = 0
    while not over.wait(1.0):
        connection.request("GET", f"/api/look?by=cpu&after={after}", headers={"Authorization": f"Bearer {token}"})
        seen = json.loads(connection.getresponse().read())
        after = max([after, *(each["number"] for each in seen["timeline"])])
    connection.close()


def cpu(pid: int) -> float:
    """Seconds of CPU that the threads of a process have used; the kernel counts them in nanoseconds."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


if __name__ == "__main__":
    main()
