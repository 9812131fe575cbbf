"""What happened lately that nobody planned: restarts, steps that held the loop. Bounded: of each kind the oldest is
forgotten, so that many slow steps leave the restarts to be seen.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

import attrs
import trio

from nurseries.children import ChildReport
from nurseries.facts import Fact, plain

#: How much of each kind a timeline remembers unless told otherwise.
REMEMBERED = 500


@attrs.frozen
class Happening:
    """One entry. ``number`` only grows; ``at`` is in Unix seconds; ``task`` is the name of the one it happened to."""

    number: int
    at: float
    kind: str
    task: str
    words: str
    details: Fact = None


@attrs.frozen
class TimelineStatistics:
    """How much is remembered, and how much there has been by kind."""

    remembered: int
    kinds: dict[str, int]


class Timeline:
    """May be added to from any thread. ``clock`` returns Unix seconds."""

    def __init__(self, remembered: int = REMEMBERED, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._remembered = remembered
        self._kept: dict[str, deque[Happening]] = {}
        self._kinds: dict[str, int] = {}

    def add(self, kind: str, task: str, words: str, details: object = None, at: float | None = None) -> None:
        happening = Happening(
            next(self._numbers), self._clock() if at is None else at, kind, task, words, plain(details)
        )
        self._kept.setdefault(kind, deque(maxlen=self._remembered)).append(happening)
        self._kinds[kind] = self._kinds.get(kind, 0) + 1

    def child_ended(self, report: ChildReport) -> None:
        """Take what a supervisor has to say."""
        kind = report.ending if report.ending == "overran" else f"child_{report.action}"
        words = "" if report.error is None else f"{type(report.error).__name__}: {_first(report.error)}"
        if report.action == "restart":
            words = f"{words or 'it returned'}; again in {report.delay:.2f} s"
        self.add(kind, report.path, words or report.ending, {"others": report.others} if report.others else None)

    def after(self, number: int) -> tuple[Happening, ...]:
        """What has happened since the entry with that number; 0 for all that is remembered."""
        found = [each for kept in tuple(self._kept.values()) for each in tuple(kept) if each.number > number]
        return tuple(sorted(found, key=lambda each: each.number))

    def statistics(self) -> TimelineStatistics:
        return TimelineStatistics(sum(map(len, self._kept.values())), dict(self._kinds))


_current: ContextVar[Timeline | None] = ContextVar("nurseries.timeline", default=None)


@contextmanager
def recording(timeline: Timeline) -> Generator[None, None, None]:
    """Have the supervisors that are opened below tell ``timeline``: by this task, and by those started in the block."""
    reset = _current.set(timeline)
    try:
        yield
    finally:
        _current.reset(reset)


def remark(kind: str, words: str, details: object = None, at: float | None = None) -> None:
    """Tell the timeline of this task's context, if it has one, of something else that happened to this task."""
    timeline = _current.get()
    if timeline is not None:
        timeline.add(kind, trio.lowlevel.current_task().name, words, details, at)


def note(report: ChildReport) -> None:
    """Tell the timeline of this task's context, if it has one."""
    timeline = _current.get()
    if timeline is not None:
        timeline.child_ended(report)


def _first(error: BaseException) -> str:
    """The first error inside of groups, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return " ".join(str(error).split()) or type(error).__name__
