"""What has passed through the sockets of a node, those that are closed among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import attrs

from chatroom.session import Session


@attrs.frozen
class TrafficStatistics:
    """Totals since the start, and what waits in the lanes of the sockets that are open.

    ``closed`` counts sockets by the code that they were closed with; 1006 stands for those that ended without one.
    """

    commands: int
    refused: int
    posted: int
    written: int
    overtaken: int
    waiting_frames: int
    waiting_bytes: int
    fullest_bytes: int
    closed: Mapping[int, int]


class Traffic:
    """Counts when it is asked, and when a socket is gone; nothing per frame."""

    def __init__(self) -> None:
        self._gone = Counter[str]()
        self._closed = Counter[int]()

    def ended(self, session: Session) -> None:
        """Remember what passed through a socket that is gone. To be said once for each."""
        self._gone.update(_counted(session))
        if session.closing is not None:
            self._closed[session.closing.code] += 1

    def statistics(self, open: Iterable[Session]) -> TrafficStatistics:
        """Add those that are open."""
        total = Counter(self._gone)
        frames = octets = fullest = 0
        for session in open:
            total.update(_counted(session))
            lane = session.statistics().lane
            frames += lane.frames
            octets += lane.bytes
            fullest = max(fullest, lane.bytes)
        return TrafficStatistics(
            commands=total["commands"],
            refused=total["refused"],
            posted=total["posted"],
            written=total["written"],
            overtaken=total["overtaken"],
            waiting_frames=frames,
            waiting_bytes=octets,
            fullest_bytes=fullest,
            closed=dict(self._closed),
        )


def _counted(session: Session) -> dict[str, int]:
    statistics = session.statistics()
    lane = statistics.lane
    return {
        "commands": statistics.commands,
        "refused": statistics.refused,
        "posted": lane.posted,
        "written": lane.taken,
        "overtaken": lane.overtaken,
    }
