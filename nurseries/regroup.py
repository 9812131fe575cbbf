"""Bringing neighbours back together: the task that has them end in reverse order and start in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import trio

from nurseries.life import Life
from nurseries.strategies import next_step


class Regroup:
    """Does what `nurseries.strategies.next_step` says, one step after the other, while there is something to be done.

    It looks at all children again after each change, so it need not know what came in between: another failure, a stop,
    a start. ``children`` are those of a supervisor, by name, in order; its ``nursery`` is where the task lives, named
    ``name``. ``overrun`` is called with a child that takes too long to end.
    """

    def __init__(
        self, children: Mapping[str, Life], nursery: trio.Nursery, name: str, overrun: Callable[[Life], None]
    ) -> None:
        self._children = children
        self._nursery = nursery
        self._name = name
        self._overrun = overrun
        self._active = False
        self._closed = False
        self._not_before = -math.inf
        self._changed = trio.Event()

    @property
    def active(self) -> bool:
        """Whether children are being brought back, so that a new one has to wait."""
        return self._active

    def begin(self, others: tuple[str, ...], not_before: float) -> None:
        """Have these end, and everyone who is down started again, not before that time.

        While it is active already, this adds to what is to be done.
        """
        for name in others:
            self._children[name].recalled = True
        self._not_before = max(self._not_before, not_before)
        if not self._active:
            self._active = True
            self._nursery.start_soon(self._run, name=self._name)

    def notice(self) -> None:
        """Look again. To be called after each change of a child; costs nothing while inactive."""
        if self._active:
            changed, self._changed = self._changed, trio.Event()
            changed.set()

    def close(self) -> None:
        """Bring nobody back any more."""
        self._closed = True
        self.notice()

    async def _run(self) -> None:
        try:
            while not self._closed:
                step = next_step([life.member for life in self._children.values()])
                if step.do == "done":
                    return
                life = self._children[step.name]
                until = math.inf
                if step.do == "stop":
                    life.tell("a neighbour failed")
                    until = life.end_by
                elif step.do == "start":
                    until = self._not_before
                    if until <= trio.current_time():
                        life.go()
                        continue
                # Taken before anything else can run, so no change is missed.
                changed = self._changed
                with trio.move_on_at(until):
                    await changed.wait()
                if step.do == "stop" and life.member.standing == "recalled" and trio.current_time() >= until:
                    self._overrun(life)
        finally:
            self._active = False
