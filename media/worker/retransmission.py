"""How much one subscriber is sent once more."""

from __future__ import annotations

import attrs

#: Bytes that may be sent again for each byte sent. A link that loses more is not helped by more packets.
SHARE = 0.5
#: Bytes that may be sent again at once: a burst of losses in a keyframe.
BURST = 60_000.0
#: Bytes a second that may be sent again in any case.
FLOOR = 4_000.0
#: Seconds for which a packet is not sent again, at least: what asks for it may have crossed with it.
MIN_PAUSE = 0.02
#: Packets of which it is remembered when they were sent again.
MAX_REMEMBERED = 512


@attrs.frozen
class RetransmissionStatistics:
    """What was asked for, what was sent again, and why the rest was not."""

    asked: int
    sent: int
    too_soon: int
    over_budget: int
    gone: int
    #: granted, and refused by SRTP or the kernel
    unsent: int


class Retransmissions:
    """Grants or refuses, so that no storm begins: a packet once a round trip, and a share of what is sent anyway."""

    def __init__(self) -> None:
        self._sent_at: dict[int, float] = {}
        self._budget = BURST
        self._octets = 0
        self._at: float | None = None
        self._asked = 0
        self._sent = 0
        self._too_soon = 0
        self._over_budget = 0
        self._gone = 0
        self._unsent = 0

    def earn(self, octets: int, now: float) -> None:
        """Add to the budget; ``octets`` is all that was ever sent for the first time. Call it before `grant`."""
        elapsed = 0.0 if self._at is None else now - self._at
        earned = (octets - self._octets) * SHARE + elapsed * FLOOR
        self._octets, self._at = octets, now
        self._budget = min(BURST, self._budget + earned)

    def grant(self, sequence: int, size: int, now: float, round_trip: float) -> bool:
        """Say whether the packet, of ``size`` bytes, may be sent again now."""
        self._asked += 1
        last = self._sent_at.get(sequence)
        if last is not None and now - last < max(MIN_PAUSE, round_trip):
            self._too_soon += 1
            return False
        if size > self._budget:
            self._over_budget += 1
            return False
        self._budget -= size
        self._sent += 1
        self._sent_at.pop(sequence, None)
        self._sent_at[sequence] = now
        if len(self._sent_at) > MAX_REMEMBERED:
            del self._sent_at[next(iter(self._sent_at))]
        return True

    def unsent(self) -> None:
        """What was granted last did not go out. Its share of the budget is spent."""
        self._sent -= 1
        self._unsent += 1

    def missed(self) -> None:
        """A packet was asked for that is not there any more, or never was."""
        self._asked += 1
        self._gone += 1

    def statistics(self) -> RetransmissionStatistics:
        """A snapshot."""
        return RetransmissionStatistics(
            self._asked, self._sent, self._too_soon, self._over_budget, self._gone, self._unsent
        )
