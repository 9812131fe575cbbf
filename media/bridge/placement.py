"""On which worker a room lives, and where the rooms of a lost one go. Plain functions of what the workers carry.

A room lives on one worker and stays there while anyone is in it. A new one goes to the worker that carries least.

One worker more than are wanted is the **spare**: it is ready, has no rooms and is given none, until another is lost and
it takes over. No worker is the spare for good. Whichever has no rooms can be it, so one that took over is followed by
the one that comes back in the place of the lost one, and there is nothing to hand over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

#: Packets per second, in and out, that somebody is expected to cause who has only just come.
EXPECTED = 150.0


@attrs.frozen
class Candidate:
    """A worker that takes requests, as this module sees it.

    ``packets`` is how many it takes and sends per second, ``sessions`` how many participants are in its ``rooms``.
    """

    number: int
    rooms: int = 0
    sessions: int = 0
    packets: float = 0.0
    remote: bool = False
    #: how many of its rooms are to be apart from others: see `media.bridge.quarantine`
    apart: int = 0

    @property
    def weight(self) -> float:
        """How much it carries, what is to be expected included."""
        return self.packets + EXPECTED * self.sessions


def spare(candidates: Collection[Candidate], wanted: int) -> int | None:
    """Say which worker is the spare, when ``wanted`` are enough to carry the rooms; None when none can be.

    Of this machine rather than another, for its way is the shorter; and the last, so that rooms are where an operator
    looks for them first.
    """
    if len(candidates) <= wanted:
        return None
    idle = [each for each in candidates if not each.rooms]
    return max(idle, key=lambda each: (not each.remote, each.number)).number if idle else None


def place(candidates: Collection[Candidate], wanted: int) -> int | None:
    """Say where a new room goes: to the worker that carries least, the first of several; None if there is none.

    A worker on which a room is apart from others is none for it.
    """
    kept = spare(candidates, wanted)
    return _least([each for each in candidates if each.number != kept and not each.apart])


def alone(candidates: Collection[Candidate]) -> int | None:
    """Say where a room goes that is to be apart from all others: to a worker without rooms, though it is the spare."""
    idle = [each for each in candidates if not each.rooms]
    return max(idle, key=lambda each: (not each.remote, each.number)).number if idle else None


def scattered(candidates: Collection[Candidate]) -> int | None:
    """Say where a room goes that is no more to blame than others that are apart: to where the fewest of those are.

    Where two of them are together, the next death does not tell which it is.
    """
    fewest = min((each.apart for each in candidates), default=0)
    return _least([each for each in candidates if each.apart == fewest])


def rescue(candidates: Collection[Candidate], kept: int | None, rooms: Mapping[str, int]) -> dict[str, int]:
    """Say where the ``rooms`` of a lost worker go, each given with the number of its sessions.

    All to ``kept``, which was the spare before the loss. Without one each goes to the worker that carries least, the
    big rooms first, and to none on which a room is apart from others. Rooms that nobody can take are left out.
    """
    candidates = [each for each in candidates if not each.apart]
    if any(each.number == kept for each in candidates) and kept is not None:
        return dict.fromkeys(rooms, kept)
    loads = {each.number: each for each in candidates}
    placed: dict[str, int] = {}
    for room in sorted(rooms, key=lambda room: -rooms[room]):
        number = _least(loads.values())
        if number is None:
            break
        placed[room] = number
        loads[number] = attrs.evolve(loads[number], sessions=loads[number].sessions + rooms[room])
    return placed


def _least(candidates: Collection[Candidate]) -> int | None:
    return min(candidates, key=lambda each: (each.weight, each.number)).number if candidates else None
