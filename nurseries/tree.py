"""The tasks of a run as they are now: who owns whom, how old they are, and what each waits for.

`Watch` is attached for as long as anybody may want to look; that costs a microsecond when a task is started and when it
ends, and nothing in between. `Watch.tree` costs some microseconds a task.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from math import inf, isfinite
from typing import Literal

import attrs
import trio

from nurseries import _trio
from nurseries.facts import Fact, facts_of
from nurseries.places import Ours, Place, in_no_library, innermost, places

TaskState = Literal["new", "running", "runnable", "parked"]


@attrs.frozen
class TaskReport:
    """One task. Times are in seconds of Trio's clock.

    ``id`` is never used again in a run; ``parent`` is the id of the task whose nursery it lives in. ``age`` counts from
    its start; of a task that was there before the `Watch`, from then, which ``older`` says. ``steps`` are the times it
    ran.

    ``waits`` is where it waits, to the last frame; ``own`` is the last frame of it in the program's own code.
    ``deadline`` is in how many seconds the first scope around it expires, None if none will; ``cancelled`` says that
    one has. ``nursery`` counts the nurseries of the parent from outside in; ``stack`` is empty unless it was asked for.
    """

    id: int
    parent: int | None
    nursery: int
    depth: int
    name: str
    state: TaskState
    age: float
    older: bool
    steps: int
    waits: Place | None
    own: Place | None
    deadline: float | None
    cancelled: bool
    children: int
    stack: tuple[Place, ...] = ()
    facts: dict[str, Fact] = attrs.field(factory=dict)


@attrs.define(eq=False)
class Found:
    """A task where a walk came upon it. ``nursery`` and ``depth`` are as in `TaskReport`."""

    task: trio.lowlevel.Task
    parent: Found | None
    nursery: int
    depth: int
    children: int = 0

    @property
    def id(self) -> int:
        return _trio.age(self.task)


class Watch(trio.abc.Instrument):
    """Remembers since when tasks have been there. One to a run, attached by `watching`."""

    def __init__(self, ours: Ours = in_no_library) -> None:
        self.ours = ours
        self._attached = trio.current_time()
        self._born: dict[trio.lowlevel.Task, float] = {}

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self._born[task] = trio.current_time()

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        self._born.pop(task, None)

    def age(self, task: trio.lowlevel.Task) -> float:
        """Seconds for which a task has been there, as far as is known."""
        return trio.current_time() - self._born.get(task, self._attached)

    def walk(self, under: trio.lowlevel.Task | None = None) -> list[Found]:
        """Go through a task and all below it, each before its children, which come in the order of their start.

        Without ``under`` it is the whole run. What is found is good until the next checkpoint.
        """
        root = under or trio.lowlevel.current_root_task()
        found: list[Found] = []
        todo = [] if root is None else [Found(root, None, 0, 0)]
        while todo:
            here = todo.pop()
            inside = [
                Found(child, here, number, here.depth + 1)
                for number, each in enumerate(here.task.child_nurseries)
                for child in each.child_tasks
                if not _trio.is_own(child)
            ]
            here.children = len(inside)
            found.append(here)
            if len(inside) > 1:
                inside.sort(key=_latest, reverse=True)
            todo += inside
        return found

    def tree(
        self, under: trio.lowlevel.Task | None = None, *, stacks: bool = False, facts: bool = True
    ) -> tuple[TaskReport, ...]:
        """Report all that `walk` finds."""
        return tuple(self.report(each, stacks=stacks, facts=facts) for each in self.walk(under))

    def report(self, found: Found, *, stacks: bool = False, facts: bool = True) -> TaskReport:
        """Report one task. ``stacks`` says its stack, at twice the cost; ``facts`` what its owner tells."""
        task = found.task
        state: TaskState = "runnable"
        if task is trio.lowlevel.current_task():
            state = "running"
        elif _trio.can_be_aborted(task):
            state = "parked"
        elif _trio.is_new(task):
            state = "new"
        frames = [] if state == "running" else list(task.iter_await_frames())
        waits, own = innermost(frames, self.ours)
        deadline = _trio.deadline(task)
        return TaskReport(
            id=found.id,
            parent=None if found.parent is None else found.parent.id,
            nursery=found.nursery,
            depth=found.depth,
            name=task.name,
            state=state,
            age=self.age(task),
            older=task not in self._born,
            steps=_trio.steps(task),
            waits=waits,
            own=own,
            deadline=deadline - trio.current_time() if isfinite(deadline) else None,
            cancelled=deadline == -inf,
            children=found.children,
            stack=places(frames) if stacks else (),
            facts=facts_of(task) if facts else {},
        )


def _latest(found: Found) -> int:
    return _trio.age(found.task)


@contextmanager
def watching(ours: Ours = in_no_library) -> Generator[Watch, None, None]:
    """Watch the tasks of the current run while the block lasts. ``ours`` says which files are the program's."""
    watch = Watch(ours)
    trio.lowlevel.add_instrument(watch)
    try:
        yield watch
    finally:
        trio.lowlevel.remove_instrument(watch)


def find_task(name: str) -> trio.lowlevel.Task | None:
    """Find a living task by its name. Of several it is any; None if there is none."""
    root = trio.lowlevel.current_root_task()
    todo = [] if root is None else [root]
    while todo:
        task = todo.pop()
        if task.name == name:
            return task
        todo += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return None
