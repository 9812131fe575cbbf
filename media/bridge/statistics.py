"""What a bridge tells about itself."""

from __future__ import annotations

from typing import Literal

import attrs

from media.bridge import member
from media.bridge.quarantine import Suspect


@attrs.frozen
class MemberStatistics:
    """A place in the pool as it is now. The totals are since the bridge was made.

    ``pid`` is of a worker on this machine, ``address`` of one on another. ``rtt`` is in seconds.
    """

    name: str
    pid: int | None
    address: str | None
    state: member.State | Literal["spare"]
    port: int
    rooms: int
    sessions: int
    packets_per_second: float
    restarts: int
    rtt: float | None
    #: times that the worker's loop was held up
    stalls: int = 0


@attrs.frozen
class BridgeStatistics:
    """A bridge as it is now. The totals are since it was made."""

    members: tuple[MemberStatistics, ...]
    #: participants that are attached
    sessions: int
    #: requests that are not answered
    pending: int
    #: events for participants that are not attached, or from workers that they are not on
    events_dropped: int
    #: rooms that are apart from others or refused, as workers died with them
    suspects: tuple[Suspect, ...] = ()

    @property
    def ready(self) -> int:
        """The number of workers that take requests."""
        return sum(each.state in ("up", "spare") for each in self.members)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers on this machine that take requests."""
        return tuple(each.pid for each in self.members if each.pid is not None)

    @property
    def restarts(self) -> int:
        return sum(each.restarts for each in self.members)
