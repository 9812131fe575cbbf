"""The lease on a place in a room: who is still there, by two witnesses.

The witnesses are the socket (frames, among them the answers to our pings) and the media plane (checks and packets of
the participant's own connections). Either is enough to be `present`. When neither is heard for a while, or the socket
is lost and nothing was heard since, someone is `reconnecting`; later they have `left`.

Nothing here has a clock or a task: times come in, in seconds of any clock that never goes back, and `Lease.due` says
when to look again. What is heard is judged by the moment it was heard at, not by when it is told, so evidence that
comes late cannot bring anybody back.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from types import MappingProxyType
from typing import Any, Literal

import attrs

State = Literal["present", "reconnecting", "left"]
#: What the witnesses say together: somebody is there; nobody was heard lately; nobody was heard for too long.
Verdict = Literal["alive", "silent", "gone"]

#: The state that follows. Whoever has left does not come back: a return after that is another stay.
TRANSITIONS: Mapping[tuple[State, Verdict], State] = MappingProxyType(
    {
        ("present", "alive"): "present",
        ("present", "silent"): "reconnecting",
        ("present", "gone"): "left",
        ("reconnecting", "alive"): "present",
        ("reconnecting", "silent"): "reconnecting",
        ("reconnecting", "gone"): "left",
        ("left", "alive"): "left",
        ("left", "silent"): "left",
        ("left", "gone"): "left",
    }
)


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be greater than 0, not {value!r}")


@attrs.frozen(kw_only=True)
class Terms:
    """How long a silence may be, in seconds."""

    #: Silence of both witnesses until someone is shown as reconnecting, and until they have left.
    reconnecting_after: float = attrs.field(default=4.5, validator=_positive)
    left_after: float = attrs.field(default=11.5, validator=_positive)
    #: A lost socket is not mentioned for so long: most come back sooner, and then there was nothing to tell.
    grace: float = attrs.field(default=0.75, validator=_positive)
    #: What the media plane hears so soon after the loss may have been on its way before it.
    echo: float = attrs.field(default=0.25, validator=_positive)
    #: Without a socket nobody stays for longer, whatever the media plane hears.
    socketless: float = attrs.field(default=60.0, validator=_positive)

    def __attrs_post_init__(self) -> None:
        if not self.reconnecting_after < self.left_after:
            raise ValueError("'reconnecting_after' must be less than 'left_after'")


class Lease:
    """One stay's lease. It begins with a socket that was heard just now."""

    def __init__(self, terms: Terms, now: float) -> None:
        self._terms = terms
        self.state: State = "present"
        self._socket = now
        self._media = -inf
        #: Until when they are not missed, and what counted as heard when that was said.
        self._patience = -inf
        self._excused = -inf
        #: When the socket was lost; None while there is one.
        self._lost: float | None = None

    def socket_heard(self, now: float) -> None:
        """A frame came in on the participant's socket."""
        self._socket = max(self._socket, now)

    def socket_lost(self, now: float) -> None:
        """The socket ended, and nobody said that they leave."""
        self._lost = now

    def resumed(self, now: float) -> None:
        """There is a socket again."""
        self._lost = None
        self._socket = max(self._socket, now)

    def media_heard(self, at: float) -> None:
        """Something of the participant's connections came in, at that moment."""
        self._media = max(self._media, at)

    def excuse(self, seconds: float, until: float) -> None:
        """Count so many seconds as nobody's silence, since it was we who did not listen, and miss nobody ``until``.

        That brings nobody back; and whoever is heard no more leaves, however often we do not listen.
        """
        if max(self._socket, self._media) != self._excused:
            self._patience = until
        self._socket += seconds
        self._media += seconds
        self._excused = max(self._socket, self._media)
        if self._lost is not None:
            self._lost += seconds

    def look(self, now: float) -> State:
        """Return the state at ``now``, which is the state from then on."""
        self.state = TRANSITIONS[self.state, self._verdict(now)]
        return self.state

    @property
    def due(self) -> float:
        """When to look again if nothing is heard until then; never, for whoever has left."""
        if self.state == "left":
            return inf
        gone = self._gone_at()
        return gone if self.state == "reconnecting" else min(self._silent_at(), gone)

    def _verdict(self, now: float) -> Verdict:
        if now >= self._gone_at():
            return "gone"
        return "silent" if now >= self._silent_at() else "alive"

    def _silent_at(self) -> float:
        terms = self._terms
        at = max(self._socket, self._media) + terms.reconnecting_after
        if self._lost is not None:
            grace = self._lost + terms.grace
            # Whoever was silent when the socket was lost is not heard by its loss.
            at = max(at, grace) if self._media > self._lost + terms.echo else min(at, grace)
        return max(at, self._patience) if self.state == "present" else at

    def _gone_at(self) -> float:
        at = max(self._socket, self._media) + self._terms.left_after
        if self._lost is not None:
            at = min(at, self._lost + self._terms.socketless)
        return max(at, self._patience)
