# ruff: noqa: T201
"""Rooms are temporary: whoever needs one asks for it, and one that failed is not brought back.

It prints::

    blue is open
    green is open
    green failed: forget (KeyError('nobody'))
    left: rooms/blue
    green is open
    left: rooms/blue rooms/green
    all are closed
"""

from __future__ import annotations

from functools import partial

import trio
import trio.testing

from nurseries import ChildReport, ChildSpec, Supervisor, open_supervisor


async def room(name: str, *, task_status: trio.TaskStatus[trio.MemorySendChannel[str]]) -> None:
    """Take words from an inbox, which is what starting a room returns."""
    inbox, words = trio.open_memory_channel[str](10)
    people = {"Ada"}
    print(name, "is open")
    task_status.started(inbox)
    async for person in words:
        try:
            people.remove(person)
        except KeyError as error:
            raise KeyError("nobody") from error


async def ask_for(rooms: Supervisor, name: str) -> trio.MemorySendChannel[str]:
    """Have a room of that name."""
    return await rooms.start(ChildSpec(name, partial(room, name), restart="temporary"))


def report(said: ChildReport) -> None:
    print(f"{said.path.rpartition('/')[2]} {said.ending}: {said.action} ({said.error!r})")


def say_who_is_left(rooms: Supervisor) -> None:
    print("left:", *(f"{rooms.path}/{child.name}" for child in rooms.statistics().children))


async def main() -> None:
    async with open_supervisor("rooms", under="", report=report) as rooms:
        await ask_for(rooms, "blue")
        green = await ask_for(rooms, "green")
        await green.send("Bob")
        await trio.testing.wait_all_tasks_blocked()
        say_who_is_left(rooms)
        await ask_for(rooms, "green")
        say_who_is_left(rooms)
    print("all are closed")


if __name__ == "__main__":
    trio.run(main)
