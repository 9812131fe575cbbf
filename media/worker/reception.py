"""What a receiver knows about one incoming stream (RFC 3550, section 6.4.1 and appendix A)."""

from __future__ import annotations

from media.worker.rtcp import ReportBlock, SenderReport

#: The share by which what was lost since the last report, usually a second, counts among what was lost lately.
FORGETS = 0.3


class Reception:
    """Counts the packets of one SSRC for its receiver reports, and extends its sequence numbers.

    Times are seconds.
    """

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self._ssrc = ssrc
        self._clock_rate = clock_rate
        self._first: int | None = None
        self._highest = 0
        self._received = 0
        self._expected_before = 0
        self._received_before = 0
        self._transit: float | None = None
        self._jitter = 0.0
        self._sender_report: tuple[SenderReport, float] | None = None
        #: The share of what was sent lately that did not come; the older it is the less it counts.
        self.loss = 0.0

    @property
    def jitter(self) -> float:
        """The interarrival jitter, in units of the clock."""
        return self._jitter

    @property
    def expected(self) -> int:
        """How many packets should have come, by their numbers."""
        return 0 if self._first is None else self._highest - self._first + 1

    @property
    def received(self) -> int:
        """How many packets came."""
        return self._received

    @property
    def transit(self) -> float | None:
        """How long the newest packet was under way, in units of the clock, from a beginning that nobody knows."""
        return self._transit

    def extend(self, sequence: int) -> int:
        """Return a sequence number extended beyond 16 bits, which never wraps around; nothing is counted."""
        if self._first is None:
            return 0x10000 + sequence
        distance = (sequence - self._highest) & 0xFFFF
        return self._highest + (distance if distance < 0x8000 else distance - 0x10000)

    def discount(self) -> None:
        """Take back that the last packet was received: it was sent once more, so what was lost stays lost."""
        self._received -= 1

    def add(self, sequence: int, timestamp: int, now: float) -> int:
        """Take a packet; return its extended sequence number."""
        extended = self.extend(sequence)
        self._received += 1
        if self._first is None:
            self._first = extended
        elif extended <= self._highest:
            # It came late, by another way or once more: its transit says nothing of those of the rest.
            return extended
        self._highest = extended
        self._time(timestamp, now)
        return extended

    def follow(self, timestamp: int, now: float) -> int:
        """Take the packet that follows the newest one; return its extended sequence number."""
        self._received += 1
        self._highest += 1
        self._time(timestamp, now)
        return self._highest

    def _time(self, timestamp: int, now: float) -> None:
        # Only differences of transit times count, so the clocks need not agree. A timestamp that jumps or wraps
        # is left out.
        transit = now * self._clock_rate - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < self._clock_rate:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def reported(self, report: SenderReport, now: float) -> None:
        """Take the sender's own report, by which it measures the round trip."""
        self._sender_report = (report, now)

    def report(self, now: float) -> ReportBlock | None:
        """Return what has changed since the last call; None if nothing was ever received."""
        if self._first is None:
            return None
        expected = self.expected
        expected_interval = expected - self._expected_before
        lost_interval = expected_interval - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        if expected_interval > 0:
            self.loss += FORGETS * (max(0.0, lost_interval / expected_interval) - self.loss)
        fraction = min(255, max(0, (lost_interval << 8) // expected_interval)) if expected_interval > 0 else 0
        last, delay = 0, 0
        if self._sender_report is not None:
            report, at = self._sender_report
            last, delay = report.ntp_timestamp >> 16 & 0xFFFFFFFF, int((now - at) * 65_536)
        return ReportBlock(
            ssrc=self._ssrc,
            fraction_lost=fraction,
            packets_lost=expected - self._received,
            # the 16 bits it began with are an offset of ours
            highest_sequence=self._highest - 0x10000 & 0xFFFFFFFF,
            jitter=int(self._jitter),
            last_sender_report=last,
            delay_since=delay,
        )
