# ruff: noqa: T201
"""Pages to fetch, and workers that come and go. Nothing is fetched ahead of who has time for it.

It prints::

    8 links are asked for
    fast has page 1
    fast has page 2
    2 links are asked for
    slow takes no more: what waits for it goes to the other
    fast has page 3
    fast has page 4
    fast has page 9
    fast has page 10
    fast has page 7
    fast has page 8
    slow has page 5
    slow has page 6
    that was all
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import trio
import trio.testing

from nurseries import Sink, Source, balance, child_path

PAGES = 10


class Links:
    """Gives out as many as there is somebody for."""

    def __init__(self) -> None:
        self.given = 0

    async def some(self, most: int) -> Sequence[int]:
        first, self.given = self.given + 1, min(PAGES, self.given + most)
        links = range(first, self.given + 1)
        if not links:
            await trio.sleep_forever()  # to return none would be the end
        print(most, "links are asked for")
        return links


def worker(name: str, seconds: float) -> Callable[[list[int]], Awaitable[None]]:
    async def fetch(pages: list[int]) -> None:
        await trio.sleep(seconds)
        for page in pages:
            print(f"{name} has page {page}")

    return fetch


async def main() -> None:
    links = Source("links", produce=Links().some, dispatch=balance())
    fast, slow = Sink("fast", worker("fast", 1)), Sink("slow", worker("slow", 5))
    async with trio.open_nursery() as nursery:
        fast.subscribe(links, max_demand=4)
        leaving = slow.subscribe(links, max_demand=4)
        for each in (fast, slow, links):
            nursery.start_soon(each.run, name=child_path(each.name))
        await trio.sleep(1.5)
        print("slow takes no more: what waits for it goes to the other")
        leaving.cancel()
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    print("that was all")


if __name__ == "__main__":
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
