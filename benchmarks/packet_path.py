"""What forwarding a packet costs a media worker: CPU time of its process per packet that it sent.

Run from the top of the repository: ``python -m benchmarks.packet_path [--pure] [publishers subscribers]``. The peers
share the machine with the worker, but not its process, so they slow the run down and leave the figure as it is. With
``--pure`` the worker forwards in Python, though there is a compiled kernel.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.media.worker.harness import RunningWorker, ready_worker
from tests.media.worker.peer import Peer

#: As large as a browser's video packets, most of which are not the first of their frame.
PAYLOAD = bytes([0x80, 0x80, 0x01, 0x01]) + bytes(1_080)
SECONDS = 5.0
PACKETS_PER_SECOND = 300


def cpu_time(pid: int) -> float:
    """Return seconds of user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def subscriber(worker: RunningWorker, name: str, tracks: int) -> Peer:
    """Join and accept offers until there are so many tracks."""
    await worker.join(name)
    peer, offer = await worker.subscriber(name)
    while len(offer.tracks) < tracks:
        offer = await worker.offer(name)
        await worker.accept(peer, offer)
    peer.ignore_packets = True
    return peer


async def measure(publishers: int, subscribers: int, *options: str) -> None:
    """Forward for some seconds, and print the figure."""
    async with ready_worker("--port", "0", "--address", "127.0.0.1", "--log-level", "warning", *options) as worker:
        sources = [await worker.publisher(f"publisher{n}", {"0": "video"}) for n in range(publishers)]
        for n in range(subscribers):
            await subscriber(worker, f"subscriber{n}", publishers)
        for source in sources:
            source.send_frame("0", key=True)
        await asyncio.sleep(0.5)
        before, began = await worker.statistics(), time.monotonic()
        cpu = cpu_time(worker.process.pid)
        sent = 0
        while (elapsed := time.monotonic() - began) < SECONDS:
            due = int(elapsed * PACKETS_PER_SECOND)
            for _ in range(due - sent):
                for source in sources:
                    source.send_frame("0", payload=PAYLOAD)
            sent = due
            await asyncio.sleep(0.005)
        cpu = cpu_time(worker.process.pid) - cpu
        after = await worker.statistics()
    forwarded = after.packets_sent - before.packets_sent
    dropped = after.packets_dropped - before.packets_dropped
    name = f"{publishers}x{subscribers} {'kernel' if after.kernel else 'pure'}"
    print(
        f"{name}: {cpu / forwarded * 1e6:.1f} µs a packet, {forwarded / elapsed:.0f} packets/s,"
        f" {cpu / elapsed:.0%} of a core, {dropped} dropped"
    )


def main() -> None:
    """Measure what the command line says, or the usual three."""
    arguments = sys.argv[1:]
    options = ["--no-kernel"] if "--pure" in arguments else []
    numbers = [int(argument) for argument in arguments if argument != "--pure"]
    wanted = [(numbers[0], numbers[1])] if len(numbers) == 2 else [(1, 9), (2, 20), (1, 40)]
    for publishers, subscribers in wanted:
        asyncio.run(measure(publishers, subscribers, *options))


if __name__ == "__main__":
    main()
