"""Which rooms are suspected of killing their workers, and what becomes of them. Times come in, in seconds.

A worker says in memory that outlives it whose room it is busy with (`media.serving`). That room is to blame for its
death, or, of a worker that does not tell, each room that was on it may be. One that was at nobody's was ended from
outside, most likely, so that is weaker evidence.

Who is to blame is kept **apart**, on a worker with no other rooms: at once, if it had neighbours, and otherwise from
the second death in a minute on. It is **refused** media for a while, longer each time, when it has killed a worker that
it had for itself, or there is none for it alone. Those that are suspected together are kept apart and never refused,
until it is seen which of them it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import Literal

import attrs

#: Seconds for which a death counts, and how many of them are no accident.
PERIOD = 60.0
ENOUGH = 2
#: Of so many a room is refused, though it had a worker of its own; and of so many, though those were weak evidence.
TOO_MANY, TOO_MANY_WEAK = 3, 5
#: Seconds for which it is refused, the first time and at the most; twice as long each time.
FIRST, MOST = 15.0, 480.0
#: Of more it is not longer.
MAX_REFUSALS = 10
#: Seconds without another death after which it is a room like any other.
SENTENCE = 600.0
#: Rooms of which anything is remembered; beyond that the oldest suspicion is dropped.
MAX_RECORDS = 1_000

Standing = Literal["free", "apart", "refused"]


@attrs.define
class _Record:
    """What is held against a room: when workers died, with whether that is evident, and until when it is what."""

    deaths: list[tuple[float, bool]] = attrs.field(factory=list)
    apart_until: float = -inf
    refused_until: float = -inf
    refusals: int = 0
    #: whether it was the only one to blame
    certain: bool = False

    def over(self, now: float) -> bool:
        return now >= self.apart_until and not any(now - at < PERIOD for at, _ in self.deaths)


@attrs.frozen
class Suspect:
    """A room that is not free. ``deaths`` are those of the last minute; ``seconds`` are how long it stays so."""

    room: str
    standing: Standing
    deaths: int
    seconds: float


def count_standings(suspects: Iterable[Suspect]) -> dict[str, int]:
    """Return how many are apart and how many are refused."""
    counts = {"apart": 0, "refused": 0}
    for suspect in suspects:
        counts[suspect.standing] += 1
    return counts


class Quarantine:
    """Remembers the deaths of workers, and says of each room how it stands."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def died(
        self, rooms: Collection[str], culprit: str | None, now: float, *, others: bool = True, evident: bool = True
    ) -> list[str]:
        """A worker died with these rooms on it, perhaps of ``culprit``. Return those that are apart or refused for it.

        ``others`` says whether there is, or will be, another worker for one room alone; ``evident``, whether it is
        likely that it died of a room.
        """
        for room in [room for room, record in self._records.items() if record.over(now)]:
            del self._records[room]
        suspects = list(rooms) if culprit is None else [culprit]
        for room in suspects:
            record = self._take(room)
            record.deaths = [*(each for each in record.deaths if now - each[0] < PERIOD), (now, evident)]
        while len(self._records) > MAX_RECORDS:
            del self._records[next(iter(self._records))]
        suspects = [room for room in suspects if room in self._records]
        # Whoever kills was there each time.
        most = max((len(self._records[room].deaths) for room in suspects), default=0)
        guilty = [room for room in suspects if len(self._records[room].deaths) == most]
        accident = (
            most < ENOUGH
            and (culprit is None or len(rooms) == 1)
            and not any(self._records[r].refusals for r in guilty)
        )
        if accident:  # none for those that are apart: they are so for longer, and no worse off
            guilty = [room for room in guilty if now < self._records[room].apart_until]
        for room in guilty:
            self._records[room].apart_until = now + SENTENCE
        if len(guilty) == 1 and not accident:
            self._judge(self._records[guilty[0]], now, others=others)
        return guilty

    def _judge(self, record: _Record, now: float, *, others: bool) -> None:
        record.certain = True
        evident = sum(evident for _, evident in record.deaths)
        most = 1 if record.refusals else TOO_MANY if others else ENOUGH
        if evident >= most or len(record.deaths) >= TOO_MANY_WEAK:
            record.refused_until = now + min(FIRST * 2**record.refusals, MOST)
            record.refusals = min(record.refusals + 1, MAX_REFUSALS)
            record.apart_until = record.refused_until + SENTENCE

    def _take(self, room: str) -> _Record:
        """Return what is held against a room, which is the newest suspicion from now on."""
        record = self._records.pop(room) if room in self._records else _Record()
        self._records[room] = record
        return record

    def wait(self, room: str, now: float) -> None:
        """There is no place for a room that is apart: it is refused for a while, and that is not held against it."""
        record = self._records[room]
        record.refused_until = now + FIRST
        record.apart_until = max(record.apart_until, record.refused_until + PERIOD)

    def is_certain(self, room: str) -> bool:
        """Whether a room was the only one to blame for a death."""
        return room in self._records and self._records[room].certain

    def standing(self, room: str, now: float) -> Standing:
        """Say how a room stands."""
        record = self._records.get(room)
        if record is None:
            return "free"
        return "refused" if now < record.refused_until else "apart" if now < record.apart_until else "free"

    def refused_for(self, room: str, now: float) -> float:
        """Return for how many seconds more a room is refused; 0.0 if it is not."""
        record = self._records.get(room)
        return 0.0 if record is None else max(0.0, record.refused_until - now)

    def due(self, now: float) -> float:
        """Return when the next room is refused no more; inf if none is."""
        return min(
            (record.refused_until for record in self._records.values() if now < record.refused_until), default=inf
        )

    def suspects(self, now: float) -> list[Suspect]:
        """Return the rooms that are not free."""
        return [
            Suspect(
                room,
                standing,
                sum(now - at < PERIOD for at, _ in record.deaths),
                round((record.refused_until if standing == "refused" else record.apart_until) - now, 1),
            )
            for room, record in self._records.items()
            if (standing := self.standing(room, now)) != "free"
        ]
