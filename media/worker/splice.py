"""Where the numbers of one stream go on in another, so that a receiver sees one that never breaks off."""

from __future__ import annotations

import random

import attrs

from media.worker.rtcp import SenderReport

#: How many seconds the clocks' own words may differ from the time that has passed and be believed.
_BELIEVED = 1.0


@attrs.frozen
class Numbers:
    """The numbers of a packet, extended or not; or the differences between two packets' numbers."""

    sequence: int
    timestamp: int
    picture: int
    tl0: int


@attrs.frozen
class End:
    """The last packet that went out: its numbers, when it came in, and what was added to its timestamp."""

    numbers: Numbers
    at: float
    timestamp_offset: int


def splice(
    end: End | None,
    begin: Numbers,
    clock_rate: int,
    now: float,
    old: SenderReport | None,
    new: SenderReport | None,
) -> Numbers:
    """Return what is to be added to the numbers of a stream whose packet ``begin`` comes after ``end``.

    A receiver takes a jump for a loss or for a freeze. Where both streams have told of their clocks, by the reports
    ``old`` and ``new``, the time between the two packets is known; else that between their arrivals is taken for it.
    """
    if end is None:
        # RFC 3550 asks for a random start, SRTP for secrecy. Far from zero, so that a number before it is none.
        return Numbers(0x10000 + random.getrandbits(15) - begin.sequence, random.getrandbits(32), 0, 0)
    last = end.numbers
    elapsed = max(1, int((now - end.at) * clock_rate))
    if old is not None and new is not None:
        between = (new.ntp_timestamp - old.ntp_timestamp) * clock_rate >> 32
        same_instant = old.rtp_timestamp + end.timestamp_offset + between
        told = _signed(same_instant + begin.timestamp - new.rtp_timestamp - last.timestamp)
        if told > 0 and abs(told - elapsed) < _BELIEVED * clock_rate:
            elapsed = told
    return Numbers(
        last.sequence + 1 - begin.sequence,
        last.timestamp + elapsed - begin.timestamp,
        last.picture + 1 - begin.picture,
        last.tl0 + 1 - begin.tl0,
    )


def _signed(difference: int) -> int:
    """Return a difference of 32-bit timestamps as the shorter way round."""
    return (difference + 0x80000000 & 0xFFFFFFFF) - 0x80000000
