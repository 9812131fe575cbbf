"""What is our own fault: a machine that does its work too late, or a network that everybody suffers from at once.

Nothing here has a clock.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from chatroom.problems import Direction
from chatroom.quality.debounce import Seen
from chatroom.quality.links import Verdict
from chatroom.quality.person import SAMPLE_FRESH, Person

#: Seconds of lateness that people notice, and that are hard to bear.
LATE, VERY_LATE = 0.3, 1.0
#: People of one worker, and the share of them, who must suffer at once until it is no accident of theirs.
CROWD, CROWD_SHARE = 3, 0.75
#: Packets in a second for which a worker had no room.
UNSENT = 50


@attrs.define
class WorkerHealth:
    """One worker, as its samples tell."""

    late: float = 0.0
    unsent: int = 0
    #: How many packets it could not send in the last second, in all.
    unsent_lately: int = 0
    told_at: float = 0.0
    #: What everybody on it suffers from.
    suffers: frozenset[Direction] = frozenset()

    def told(self, late: float, unsent: int, now: float) -> None:
        """Take what came with its samples."""
        if now - self.told_at >= 0.9:
            self.unsent_lately = max(0, unsent - self.unsent) if self.told_at else 0
            self.unsent, self.told_at = unsent, now
        self.late = late

    def crowd(self, people: Iterable[Person], now: float) -> None:
        """See whether too many of its people suffer at once."""
        judged: dict[Direction, int] = {"uplink": 0, "downlink": 0}
        bad: dict[Direction, int] = {"uplink": 0, "downlink": 0}
        for person in people:
            if now - person.sampled_at >= SAMPLE_FRESH:
                continue
            verdicts: dict[Direction, Verdict] = {"uplink": person.up, "downlink": person.down}
            for direction, verdict in verdicts.items():
                if verdict.seen != "unknown":
                    judged[direction] += 1
                    bad[direction] += verdict.seen is not None or (verdict.level or 4) < 3
        self.suffers = frozenset(
            direction for direction, count in bad.items() if count >= CROWD and count >= CROWD_SHARE * judged[direction]
        )

    def seen(self, own_late: float, now: float) -> Seen:
        """Return how bad it is, when ``own_late`` is by how much the server itself is late."""
        fresh = now - self.told_at < SAMPLE_FRESH
        late = max(own_late, self.late if fresh else 0.0)
        if late >= VERY_LATE:
            return "severe"
        if late >= LATE or (fresh and (self.suffers or self.unsent_lately >= UNSENT)):
            return "mild"
        return None

    def figures(self, own_late: float) -> dict[str, float]:
        """What it rests on."""
        figures = {"late": round(max(own_late, self.late), 3)}
        if self.unsent_lately:
            figures["unsent"] = float(self.unsent_lately)
        return figures
