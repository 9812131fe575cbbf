"""What a listener on a bad network hears with redundant sound (RED, RFC 2198), and without: the share made up for want.

Run from the top of the repository: ``python -m benchmarks.redundancy [CONDITIONS ...]``, as for ``tests.network``. A
Chromium speaks to two others in one room; what these are sent goes over a relay that loses packets.
"""

from __future__ import annotations

import asyncio
import re
import sys

from playwright.async_api import Page, async_playwright

from media.messages import Accept
from tests.browser import chromium
from tests.media.worker.harness import RunningWorker, ready_worker
from tests.media.worker.test_chromium_codecs import SCRIPT, Room
from tests.network.process import Network, running_network

SECONDS = 20.0
CONDITIONS = ["clear", "2%", "5%", "10%", "bursty"]


class Far(Room):
    """A room whose listener is behind the relay."""

    port = 0

    async def subscribe(self, *only: str) -> None:
        offer = await self.worker.offer(self.bob, timeout=15)
        answer = await self.do("answer", re.sub(r" \d+ typ host", f" {self.port} typ host", offer.sdp), *only)
        await self.worker.ask(Accept(self.name, self.bob, 1, offer.offer, answer))


async def measure(page: Page, worker: RunningWorker, network: Network, conditions: str) -> None:
    """Print a line of the table."""
    network.tell("all down clear")
    name = re.sub(r"\W", "", conditions)
    rooms = {
        only: Far(page, worker, f"{way}-{name}", ["vp8"]) for way, only in (("red", "opus|red"), ("plain", "opus"))
    }
    for only, room in rooms.items():
        room.port = network.ports["all"]
        await room.open("speak", "microphone", only)
        await room.do("heard")
    network.tell(f"all down {conditions}")
    before = [await room.do("heard") for room in rooms.values()]
    await asyncio.sleep(SECONDS)
    after = [await room.do("heard") for room in rooms.values()]
    with_it, without = (_share(*pair) for pair in zip(before, after, strict=True))
    print(f"{conditions}: {with_it:.2%} concealed with redundancy, {without:.2%} without", flush=True)
    for room in rooms.values():
        await room.do("end")


def _share(before: dict[str, int], after: dict[str, int]) -> float:
    return (after["concealed"] - before["concealed"]) / max(1, after["all"] - before["all"])


async def main(every: list[str]) -> None:
    """Measure under each of these conditions."""
    async with ready_worker() as worker, async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        try:
            page = await started.new_page()
            await page.evaluate(SCRIPT)
            with running_network(["all"], ("127.0.0.1", worker.port), seed=1) as network:
                for conditions in every:
                    await measure(page, worker, network, conditions)
        finally:
            await started.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or CONDITIONS))
