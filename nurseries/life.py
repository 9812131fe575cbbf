"""One child of a supervisor from its start to its end: the phase it is in, and what others wait for.

The phases follow each other in one task, and each has a cancel scope of its own. What runs is shielded: it is told to
end by its supervisor and by nobody else, in its turn. What merely waits to be run again is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import trio

from nurseries.children import ChildSpec, ChildStatistics, State
from nurseries.strategies import Member, Standing


@attrs.define(eq=False)
class Life:
    """A living child."""

    spec: ChildSpec[Any]
    path: str
    state: State = "starting"
    since: float = attrs.field(factory=trio.current_time)
    #: When the present run began, or when it was ready.
    started: float = -math.inf
    runs: int = 0
    streak: int = 0
    last_error: Exception | None = None
    #: It ends for good: somebody stopped it.
    leaving: bool = False
    #: It ends because of a neighbour, and is run again if it is of that kind.
    recalled: bool = False
    #: When it was told to end.
    told: float | None = None
    overran: bool = False
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    #: Set when a child that is down may run.
    turn: trio.Event = attrs.field(factory=trio.Event)
    #: Set when whoever started it has an answer: ``value``, or ``refusal`` to be raised.
    answered: trio.Event = attrs.field(factory=trio.Event)
    value: Any = None
    refusal: BaseException | None = None
    gone: trio.Event = attrs.field(factory=trio.Event)

    @property
    def restarts(self) -> int:
        return max(0, self.runs - 1)

    @property
    def end_by(self) -> float:
        """Until when it may take its time to end, having been told to."""
        assert self.told is not None
        return self.told + self.spec.shutdown

    @property
    def member(self) -> Member:
        """What the strategies see of it."""
        standing: Standing
        if self.leaving:
            standing = "leaving"
        elif self.recalled:
            standing = "overrun" if self.overran else "recalled"
        elif self.state == "waiting":
            standing = "down"
        else:
            standing = "starting" if self.state == "starting" else "up"
        return Member(self.spec.name, self.spec.restart, standing)

    def statistics(self) -> ChildStatistics:
        return ChildStatistics(self.spec.name, self.state, self.restarts, self.since, self.last_error)

    def enter(self, state: State) -> trio.CancelScope:
        """Begin a phase, in a scope of its own."""
        self.scope = trio.CancelScope(shield=state != "waiting")
        self._be("stopping" if self.told is not None else state)
        if self.told is not None:
            self.scope.cancel("it was told to end before it began")
        return self.scope

    def tell(self, reason: str) -> None:
        """Tell it to end what it is at. The first time counts, for its deadline, too."""
        if self.told is None:
            self.told = trio.current_time()
            self._be("stopping")
            self.scope.cancel(reason)

    def stop(self, reason: str) -> None:
        """Tell it to end for good."""
        self.leaving = True
        self.tell(reason)

    def be_down(self) -> None:
        """Be over with a run, and wait for the turn."""
        self.recalled = self.overran = False
        self.told = None
        self.turn = trio.Event()
        self._be("waiting")

    def go(self) -> None:
        """Give a child that is down its turn."""
        self._be("starting")
        self.turn.set()

    def ready(self, value: Any) -> None:
        """Be up, and answer whoever started it."""
        self.started = trio.current_time()
        if self.told is None:
            self._be("running")
        self.answer(value)

    def answer(self, value: Any = None, refusal: BaseException | None = None) -> None:
        """Answer whoever started it. Only the first answer counts."""
        if not self.answered.is_set():
            self.value, self.refusal = value, refusal
            self.answered.set()

    def end(self) -> None:
        """Be gone. Nobody is left waiting."""
        self.answer(refusal=RuntimeError(f"{self.path} was stopped before it had started"))
        self.gone.set()

    def _be(self, state: State) -> None:
        self.state, self.since = state, trio.current_time()


class Status(trio.TaskStatus[Any]):
    """The ``task_status`` of one run of a child. ``changed`` is called when it is ready."""

    def __init__(self, life: Life, changed: Callable[[], None]) -> None:
        self.called = False
        self._life = life
        self._changed = changed

    def started(self, value: Any = None) -> None:
        if self.called:
            raise RuntimeError(f"{self._life.path} called started() twice")
        self.called = True
        self._life.ready(value)
        self._changed()
