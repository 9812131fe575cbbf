"""Who is there, and whether anybody is left behind."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import trio

from nurseries import _trio

_TRIO = Path(trio.__file__).parent


def tasks_in(nursery: trio.Nursery | None = None) -> list[trio.lowlevel.Task]:
    """All tasks that live in a nursery, and in theirs, in the order they were started.

    Without a nursery all tasks of the run except Trio's own. Raises RuntimeError when there is none.
    """
    if nursery is not None:
        return _below([nursery])
    root = trio.lowlevel.current_root_task()
    return _below(root.child_nurseries) if root is not None else []


@contextmanager
def no_tasks_left() -> Generator[None, None, None]:
    """Raise AssertionError when the block ends and a task lives that did not when it began. It is named in the error.

    A task that has been cancelled lives until it has run to its end: where the block does not wait for that itself, let
    it end with `trio.testing.wait_all_tasks_blocked`. When the block raises, nothing is looked at.
    """
    before = set(tasks_in())
    yield
    left = [task for task in tasks_in() if task not in before]
    if left:
        raise AssertionError(f"left behind: {described(left)}")


def described(tasks: Iterable[trio.lowlevel.Task]) -> str:
    """Each task by its name and where it waits."""
    return ", ".join(f"{task.name} ({_place(task)})" for task in tasks) or "nobody"


def _below(nurseries: Iterable[trio.Nursery]) -> list[trio.lowlevel.Task]:
    found: list[trio.lowlevel.Task] = []
    todo = list(nurseries)
    while todo:
        for task in todo.pop().child_tasks:
            todo.extend(task.child_nurseries)
            found.append(task)
    return sorted((task for task in found if not _trio.is_own(task)), key=_trio.age)


def _place(task: trio.lowlevel.Task) -> str:
    if _trio.is_new(task):
        return "not begun"
    place = "somewhere in Trio"
    for frame, line in task.iter_await_frames():
        file = Path(frame.f_code.co_filename)
        if not file.is_relative_to(_TRIO):
            place = f"{file.name}:{line} in {frame.f_code.co_name}"
    return place
