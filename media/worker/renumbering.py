"""The numbers under which one incoming stream goes on in another, and which they were a while ago."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import attrs

from media.worker.history import History
from media.worker.rtp import RtpPacket

#: Spans that are remembered. Each dropped picture begins another: eight seconds' worth of them.
MAX_SPANS = 128


@attrs.define(eq=False)
class Span:
    """Packets that went out with the same differences to how they came in, from extended number ``first`` on."""

    first: int
    sequence_offset: int
    timestamp_offset: int
    picture_offset: int
    tl0_offset: int
    #: Where the packets are kept; one for each incoming stream.
    history: History


class Renumbering:
    """The spans of one outgoing stream, the newest last. Outgoing numbers are extended, and only grow."""

    def __init__(self) -> None:
        self._spans: deque[Span] = deque(maxlen=MAX_SPANS)

    def begin(self, span: Span) -> None:
        """Packets go out so from now on. A span in which nothing went out is replaced."""
        if self._spans:
            last = self._spans[-1]
            if last.history is span.history and last.first + last.sequence_offset == span.first + span.sequence_offset:
                self._spans.pop()
        self._spans.append(span)

    def incoming(self, sequence: int) -> Span | None:
        """Return the span in which a packet came in late; None if it is from before the current stream."""
        if not self._spans:
            return None
        stream = self._spans[-1].history
        for span in self._newest_first():
            if span.history is not stream:
                return None
            if span.first <= sequence:
                return span
        return None

    def outgoing(self, sequence: int) -> Span | None:
        """Return the span in which a packet went out."""
        for span in self._newest_first():
            if span.first + span.sequence_offset <= sequence:
                return span
        return None

    def sent(self, sequence: int) -> tuple[RtpPacket, Span] | None:
        """Return the packet that went out under a number, as it came in, and its span; None if it is not kept."""
        span = self.outgoing(sequence)
        packet = None if span is None else span.history.get(sequence - span.sequence_offset)
        return None if span is None or packet is None else (packet, span)

    def _newest_first(self) -> Iterable[Span]:
        return reversed(self._spans)
