"""Whether a worker is still there, judged by how long it has said nothing while somebody listened.

It is asked every now and then; any word of it is a sign of life. Nothing here has a clock or a task: times come in, in
seconds of any clock that never goes back, and `Pulse.due` says when to look again. Whoever looks later than that did
not listen meanwhile (the machine was busy, or stopped), and that time is nobody's silence: see also `chatroom.lease`.
So there are looks at which nothing is due: a stop is noticed at the next one. Who was stopped together with us needs a
moment to answer; that is given once, or somebody who is gone would never be missed by a machine that is always late.

Nor is it silence when a worker waits for a core: to end one that is starved would only make the machine busier. The
system tells how long that was, and that a worker which is stopped, or hangs, waits for none.
"""

from __future__ import annotations

from math import inf
from typing import Any, Literal

import attrs

#: What is to be done: nothing; ask it; take it for lost, since it says nothing at all or does not answer.
Look = Literal["wait", "ask", "silent", "mute"]

#: Seconds by which a look may be late before it seems that we were stopped.
STALL = 0.1


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be greater than 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Terms:
    """Seconds from one question to the next, that a silence may last, and that an answer may take."""

    interval: float = attrs.field(validator=_positive)
    silence: float = attrs.field(validator=_positive)
    answer: float = attrs.field(validator=_positive)


class Pulse:
    """One worker's signs of life. It begins with a word that was heard just now."""

    def __init__(self, terms: Terms, now: float) -> None:
        self._terms = terms
        self._looked = now
        self._heard = now
        self._next = now + terms.interval
        #: When the question was asked that is not answered; and without the excuses, for the round trip.
        self._asked = inf
        self._sent = now
        #: Until when it is not given up, and whether that was granted since it was heard last.
        self._patience = -inf
        self._forgiven = False
        #: How long it has waited for a core, since its start, and how much more of that counts as no silence.
        self._starved = 0.0
        self._grace = self._most_grace
        self.rtt: float | None = None

    def heard(self, now: float) -> None:
        """It said something."""
        self._heard = now
        self._forgiven = False
        self._grace = self._most_grace

    def answered(self, now: float) -> None:
        """It answered the question."""
        self._asked = inf
        self.rtt = now - self._sent

    @property
    def due(self) -> float:
        """When to look again."""
        asked = self._next if self._asked == inf else self._mute_at
        return min(self._looked + self._terms.interval / 2, self._silent_at, asked)

    def look(self, now: float, starved: float = 0.0) -> Look:
        """Say what is to be done now. One question is asked at a time.

        ``starved`` is for how many seconds it has waited for a core since its start, as far as that is known.
        """
        if (late := now - self.due) > 0:
            self._excuse(late, now)
        self._feed(starved, now)
        self._looked = now
        if now >= self._silent_at:
            return "silent"
        if self._asked != inf:
            return "mute" if now >= self._mute_at else "wait"
        if now < self._next:
            return "wait"
        self._asked = self._sent = now
        self._next = now + self._terms.interval
        return "ask"

    def _excuse(self, late: float, now: float) -> None:
        if late > STALL and not self._forgiven:
            self._forgiven = True
            self._patience = now + self._terms.interval
        self._heard = min(self._heard + late, now)
        if self._asked != inf:
            self._asked = min(self._asked + late, now)

    def _feed(self, starved: float, now: float) -> None:
        starving = min(starved - self._starved, now - self._looked, self._grace)
        self._starved = starved
        if starving > 0:
            self._grace -= starving
            self._heard = min(self._heard + starving, now)

    @property
    def _most_grace(self) -> float:
        return max(0.0, self._terms.answer - self._terms.silence)

    @property
    def _silent_at(self) -> float:
        return max(self._heard + self._terms.silence, self._patience)

    @property
    def _mute_at(self) -> float:
        return max(self._asked + self._terms.answer, self._patience)
