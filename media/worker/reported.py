"""What a subscriber has said of one outgoing stream, in its receiver reports (RFC 3550, section 6.4)."""

from __future__ import annotations

from collections import deque

from media.worker.rtcp import ReportBlock

#: Sender reports of which it is remembered when they were sent.
MAX_REPORTS = 4
#: Packets that may be on their way at any time.
AHEAD = 10


class Reported:
    """Losses and round trips, from report blocks and what is known here of what went out. Times are seconds."""

    def __init__(self) -> None:
        self.last_block: ReportBlock | None = None
        #: Seconds to the subscriber and back, when that was measured.
        self.round_trip: float | None = None
        #: The sender report by which it was measured last, and when that went out.
        self._measured_by: int | None = None
        self.measured_from = 0.0
        self._sent: deque[tuple[int, float]] = deque(maxlen=MAX_REPORTS)
        #: Since when what the subscriber will report next went out, and how many packets had gone out then.
        self.since: float | None = None
        self._packets = 0
        #: Numbers that were passed over without a packet, when the subscriber reported last; and how many of those it
        #: has not seen yet, as a number below 0.
        self._holes: int | None = None
        self._unseen = 0

    def sent(self, ntp_timestamp: int, now: float) -> None:
        """A sender report of this time went out."""
        self._sent.append((ntp_timestamp >> 16 & 0xFFFFFFFF, now))

    def on_block(
        self, block: ReportBlock, now: float, *, packets: int, newest: int | None, holes: int | None
    ) -> tuple[int, int]:
        """Take a block; return how many packets were lost, of how many, since last time.

        Until now so many ``packets`` went out, the last with the number ``newest``, and so many numbers with none, from
        a beginning that nobody knows. What the publisher's link lost is a hole for the subscriber, too, and no loss of
        this link: it is taken off both. By the subscriber's word of the last sender report the round trip is measured
        (RFC 3550, section 6.4.1).
        """
        for stamp, sent_at in self._sent:
            # Each but once: what is said of it again is of the same moment.
            if stamp == block.last_sender_report != self._measured_by:
                self._measured_by, self.measured_from = stamp, sent_at
                self.round_trip = max(0.0, now - sent_at - block.delay_since / 65_536)
        last, self.last_block = self.last_block, block
        if last is None or newest is None or self._has_reached(newest - block.highest_sequence & 0xFFFF, packets):
            self.since, self._packets = now, packets
        before, self._holes = self._holes, holes
        if last is None:
            return 0, 0
        expected = block.highest_sequence - last.highest_sequence & 0xFFFFFFFF
        if expected >= 0x10000:
            return 0, 0
        more = 0 if before is None or holes is None else holes - before
        # Holes are known here before the subscriber comes to them: what is too much now is seen later.
        lost = block.packets_lost - last.packets_lost - more + self._unseen
        self._unseen = min(0, lost)
        lost = max(0, lost)
        return lost, max(lost, expected - max(0, more))

    def _has_reached(self, ahead: int, packets: int) -> bool:
        """Whether most of what went out since the last report has come: we are so much ahead of the subscriber.

        Where it has not, as nothing came through for a while, the next report is of that while, too.
        """
        return ahead >= 0x8000 or ahead <= max(AHEAD, (packets - self._packets) / 2)
