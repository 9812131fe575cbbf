# ruff: noqa: T201
"""A store, a cache that reads it, and a page that shows the cache: each holds on to what was started before it.

It prints::

    store 1 is ready
    cache 1 of store 1 is ready
    page 1 of cache 1 is ready
    cache failed: restart, together with page
    page 1 ends
    cache 2 of store 1 is ready
    page 2 of cache 2 is ready
    page 2 ends
    cache 2 ends
    store 1 ends
"""

from __future__ import annotations

import trio

from nurseries import ChildReport, ChildSpec, open_supervisor


class Part:
    """Something that exists anew in each run, and is made of the one before it."""

    def __init__(self, name: str, source: Part | None = None) -> None:
        self.name = name
        self.source = source
        self.number = 0
        self.bad = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.number += 1
        self.bad = trio.Event()
        of = f" of {self.source.name} {self.source.number}" if self.source else ""
        print(f"{self.name} {self.number}{of} is ready")
        task_status.started()
        try:
            await self.bad.wait()
            raise ValueError("out of step with the store")
        except trio.Cancelled:
            print(f"{self.name} {self.number} ends")
            raise


def report(said: ChildReport) -> None:
    print(f"{said.path.rpartition('/')[2]} {said.ending}: {said.action}, together with {', '.join(said.others)}")


async def main() -> None:
    store = Part("store")
    cache = Part("cache", store)
    page = Part("page", cache)
    parts = [ChildSpec(part.name, part.run) for part in (store, cache, page)]
    async with open_supervisor("pipeline", children=parts, strategy="rest_for_one", report=report):
        cache.bad.set()
        await trio.sleep(0.2)


if __name__ == "__main__":
    trio.run(main)
