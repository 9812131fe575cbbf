"""Where a task stands in the tree, as its name: ``serve/rooms/room:blue``."""

from __future__ import annotations

import trio


def child_path(name: str) -> str:
    """The path of a child that the calling task is about to start: its own name, a slash, and ``name``.

    Supervisors name their children so by themselves. For a plain nursery::

        nursery.start_soon(pump, name=child_path("pump"))
    """
    return f"{trio.lowlevel.current_task().name}/{name}"
