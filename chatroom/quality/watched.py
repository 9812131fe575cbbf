"""One thing that may be wrong with someone, and what was said of it last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from chatroom.media import Source
from chatroom.problems import Direction, ProblemKind
from chatroom.quality.debounce import CALM, Debounce, Seen
from chatroom.quality.events import Trouble


@attrs.frozen
class Moment:
    """A time: ``now`` in seconds of a clock that never goes back, ``unix`` in Unix seconds."""

    now: float
    unix: float

    def stamp(self, at: float) -> float:
        """Return in Unix seconds what is in seconds of the clock."""
        return round(self.unix - (self.now - at), 3)


class Watched:
    """Has `Debounce` decide, and makes the events."""

    def __init__(
        self,
        room: str,
        participant: str | None,
        epoch: int | None,
        kind: ProblemKind,
        *,
        direction: Direction | None = None,
        source: Source | None = None,
        begin: float,
        calm: float = CALM,
    ) -> None:
        self._room = room
        self._participant = participant
        self._epoch = epoch
        self.kind: ProblemKind = kind
        self._direction: Direction | None = direction
        self._source: Source | None = source
        self._debounce = Debounce(begin, calm)
        #: What was said last, if it is not over.
        self.told: Trouble | None = None

    def look(
        self,
        seen: Seen,
        moment: Moment,
        figures: Mapping[str, float] | None = None,
        *,
        concerns: Sequence[str] = (),
        lingers: bool = False,
        surely: bool = False,
    ) -> list[Trouble]:
        """Take what is seen; return what is to be said."""
        changed = self._debounce.look(seen, moment.now, lingers=lingers, surely=surely)
        if self.told is not None and self._debounce.severity is not None and seen not in (None, "unknown"):
            changed |= tuple(self.told.concerns) != tuple(concerns)
        if not changed:
            return []
        severity = self._debounce.severity
        if severity is None:
            return self.end(moment, figures)
        self.told = Trouble(
            room=self._room,
            at=moment.stamp(moment.now),
            participant=self._participant,
            epoch=self._epoch,
            kind=self.kind,
            direction=self._direction,
            source=self._source,
            severity=severity,
            since=moment.stamp(self._debounce.since),
            concerns=tuple(concerns),
            figures=dict(figures or {}),
        )
        return [self.told]

    def end(self, moment: Moment, figures: Mapping[str, float] | None = None) -> list[Trouble]:
        """Say that it is over, if it was said that it began."""
        if self.told is None:
            return []
        told, self.told = self.told, None
        return [attrs.evolve(told, at=moment.stamp(moment.now), over=True, figures=dict(figures or {}))]
