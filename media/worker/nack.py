"""What is missing of an incoming stream, and when to ask for it again (RFC 4585, section 6.2.1)."""

from __future__ import annotations

import attrs

#: Seconds after a packet was missed at which it is asked for. More often, or for ever, makes a bad link worse.
ASK_AT = (0.0, 0.15, 0.6)
#: Seconds after the last time at which it is given up.
PATIENCE = 0.4
#: Packets that may be missing at a time. Where more are, a keyframe is cheaper.
MAX_MISSING = 256


@attrs.define
class _Missing:
    since: float
    asked: int = 0


@attrs.frozen
class MissingStatistics:
    """What is missing now, and what became of the rest since the beginning."""

    missing: int
    lost: int
    recovered: int
    given_up: int


class Missing:
    """The packets of one stream that have not come, by extended sequence number. Times are seconds."""

    def __init__(self) -> None:
        self._missing: dict[int, _Missing] = {}
        self._lost = 0
        self._recovered = 0
        self._given_up = 0
        self._failed = False

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._missing

    def __len__(self) -> int:
        return len(self._missing)

    def gap(self, first: int, end: int, now: float) -> None:
        """The packets from ``first`` up to ``end``, without it, did not come before that one."""
        self._lost += end - first
        if len(self._missing) + end - first > MAX_MISSING:
            self._given_up += len(self._missing) + end - first
            self._missing.clear()
            self._failed = True
            return
        for sequence in range(first, end):
            self._missing[sequence] = _Missing(now)

    def arrived(self, sequence: int) -> bool | None:
        """Take a packet that came late; say whether it was asked for, or None if it was not missing at all."""
        missing = self._missing.pop(sequence, None)
        if missing is None:
            return None
        self._recovered += 1
        return missing.asked > 0

    def due(self, now: float) -> list[int]:
        """Return what is to be asked for now, in order. To be called at each gap, and every 50 ms then."""
        due: list[int] = []
        over: list[int] = []
        for sequence, missing in self._missing.items():
            age = now - missing.since
            if missing.asked < len(ASK_AT):
                if age >= ASK_AT[missing.asked]:
                    missing.asked += 1
                    due.append(sequence)
            elif age >= ASK_AT[-1] + PATIENCE:
                over.append(sequence)
        for sequence in over:
            del self._missing[sequence]
        if over:
            self._given_up += len(over)
            self._failed = True
        return sorted(due)

    def take_failure(self) -> bool:
        """Say whether anything was given up since the last call: then only a keyframe helps."""
        failed, self._failed = self._failed, False
        return failed

    def keyframe(self, sequence: int) -> None:
        """A keyframe began at ``sequence``: what was before it is not needed any more."""
        for old in [number for number in self._missing if number < sequence]:
            del self._missing[old]
            self._given_up += 1

    def statistics(self) -> MissingStatistics:
        """A snapshot."""
        return MissingStatistics(len(self._missing), self._lost, self._recovered, self._given_up)
