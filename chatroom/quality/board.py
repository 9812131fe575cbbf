"""What is shown in a room: everybody's bars, and the problems that there are; who is to be told what of it.

Nothing here has a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from chatroom.events import Problem, ProblemOver, Signal
from chatroom.problems import Direction, ProblemKind
from chatroom.quality.events import QualityEvent, Signalled, Trouble

#: Told to nobody but the participant.
PRIVATE: frozenset[ProblemKind] = frozenset({"talking_while_muted"})
#: Told to the participant and to those it concerns.
NARROW: frozenset[ProblemKind] = frozenset({"cannot_be_heard"})

Notice: TypeAlias = Signal | Problem | ProblemOver
#: A notice, and the ids of those it is for; None where that is everyone.
Told: TypeAlias = tuple[Notice, frozenset[str] | None]


def subject(event: QualityEvent) -> tuple[object, ...] | None:
    """Return what an event is the newest word on; None where each counts for itself."""
    if isinstance(event, Signalled):
        return ("signal", event.room, event.epoch)
    if isinstance(event, Trouble):
        return (event.kind, event.room, event.epoch, event.direction, event.source)
    return None


class Board:
    """The newest word on each subject."""

    def __init__(self) -> None:
        self._signals: dict[str, Signal] = {}
        self._problems: dict[tuple[object, ...], Problem] = {}

    def apply(self, event: QualityEvent) -> Sequence[Told]:
        """Take an event, and return who is to be told what."""
        if isinstance(event, Signalled) and event.participant is not None:
            signal = Signal(event.participant, event.level, event.uplink, event.downlink, event.since)
            self._signals[event.participant] = signal
            return [(signal, None)]
        if not isinstance(event, Trouble):
            return []
        key = subject(event)
        assert key is not None
        before = self._problems.pop(key, None)
        over = ProblemOver(event.kind, event.participant, event.direction, event.source)
        if event.over:
            return [] if before is None else [(over, _audience(before))]
        problem = self._problems[key] = Problem(
            event.kind,
            event.participant,
            event.direction,
            event.source,
            event.severity,
            event.since,
            event.concerns,
            event.figures,
        )
        told: list[Told] = [(problem, _audience(problem))]
        gone = frozenset(() if before is None else before.concerns) - frozenset(problem.concerns)
        if gone and event.kind in NARROW:
            told.insert(0, (over, gone - {event.participant or ""}))
        return told

    def slow(self, participant: str, direction: Direction) -> bool:
        """Whether a connection is slow, in that direction."""
        return any(
            (each.kind, each.participant, each.direction) == ("network_slow", participant, direction)
            for each in self._problems.values()
        )

    def forget(self, participant: str) -> None:
        """Somebody has left: of them, nothing is to be told to those who come."""
        self._signals.pop(participant, None)

    def clear(self) -> Sequence[Told]:
        """What was known is void; return who is to be told what."""
        self._signals.clear()
        problems, self._problems = self._problems, {}
        return [
            (ProblemOver(each.kind, each.participant, each.direction, each.source), _audience(each))
            for each in problems.values()
        ]

    def of(self, participant: str) -> Sequence[Notice]:
        """Return all there is to be told to someone who knows nothing."""
        problems = [each for each in self._problems.values() if participant in (_audience(each) or (participant,))]
        return [*self._signals.values(), *problems]


def _audience(problem: Problem) -> frozenset[str] | None:
    if problem.kind in PRIVATE:
        return frozenset((problem.participant or "",))
    if problem.kind in NARROW:
        return frozenset((problem.participant or "", *problem.concerns))
    return None
