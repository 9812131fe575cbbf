"""What a lease is held against."""

from __future__ import annotations

import attrs

from chatroom.lease import State, Terms


@attrs.define
class Picture:
    """A lease that keeps all that was ever heard, and derives the rest from it each time anew."""

    terms: Terms
    state: State = "present"
    evidence: list[float] = attrs.field(factory=lambda: [0.0])
    media: list[float] = attrs.field(factory=list)
    lost: float | None = None

    def look(self, now: float) -> State:
        if self.state != "left":
            self.state = self._now(now)
        return self.state

    def _now(self, now: float) -> State:
        quiet = now - max(self.evidence)
        away = None if self.lost is None else now - self.lost
        if quiet >= self.terms.left_after or (away is not None and away >= self.terms.socketless):
            return "left"
        quiet_for_long = quiet >= self.terms.reconnecting_after
        if self.lost is None or away is None:
            return "reconnecting" if quiet_for_long else "present"
        if any(at > self.lost + self.terms.echo for at in self.media):
            return "reconnecting" if quiet_for_long and away >= self.terms.grace else "present"
        return "reconnecting" if quiet_for_long or away >= self.terms.grace else "present"
