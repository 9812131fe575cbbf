"""What a worker tells of everybody's connections once a second, unasked: what judgement of them rests on.

Counts are of the time since the sample before. Times are seconds, rates bits a second; what was not measured is null.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from media.terms import LegState, Source

#: The most participants of one `Samples`, which have some 1,500 bytes each, and never more than 8,000.
MAX_SAMPLES = 100


@attrs.frozen
class TrackSample:
    """One track that comes in, all its layers together."""

    source: Source
    #: Packets and bytes that came, without those that came once more.
    packets: int
    octets: int
    #: By their numbers: packets that should have come, how many of them did not at once, and how many came later.
    expected: int
    lost: int
    recovered: int
    #: Pictures that were sent, of its liveliest layer; 0 where they cannot be told.
    pictures: int
    #: RFC 3550, section 6.4.1; and by how much longer packets are under way than the quickest lately.
    jitter: float
    delay: float
    #: The loudest tenth of a second, in decibels below the loudest there can be: 127 is silence (RFC 6464).
    level: int | None
    #: Whether anybody is or is to be sent it. What nobody is sent, its publisher may stop to send.
    wanted: bool
    #: Whether a layer that came before is asked for, and does not come.
    lacking: bool


@attrs.frozen
class UplinkSample:
    """What a participant sends. ``quiet`` is for how long nothing of theirs came on that leg."""

    state: LegState
    quiet: float | None
    tracks: list[TrackSample]


@attrs.frozen
class DownlinkSample:
    """What a participant receives. ``quiet`` is for how long nothing of theirs came on that leg."""

    state: LegState
    quiet: float | None
    bitrate: float
    #: As they reported: packets that should have come, and of those that were sent, how many did not come at once.
    expected: int
    lost: int
    round_trip: float | None
    #: What they estimate that their link takes (REMB, and the sound that it leaves out), and what we believe of it.
    estimate: float | None
    budget: float | None
    #: For how long there was no sign of a link that takes too little.
    unhurt: float | None
    #: Pictures there are for them, how many of those are not sent for want of bandwidth, and whether others are sent
    #: smaller than they are shown.
    pictures: int
    paused: int
    lowered: bool
    #: Whose microphones are heard by others and not sent to this one.
    unsent: list[str]


@attrs.frozen
class ParticipantSample:
    """One participant's connections: null where there is none."""

    participant: str
    epoch: int
    uplink: UplinkSample | None
    downlink: DownlinkSample | None


@attrs.frozen
class Samples:
    """What everybody's connections in a room were like in the last ``seconds``, in one or several parts.

    ``late`` says by how many seconds the worker did its work too late, at worst, in the last second or two;
    ``unsent`` how many packets it could not send since its start for want of room in its sockets.
    """

    event: ClassVar[str] = "samples"
    router: str
    seconds: float
    late: float
    unsent: int
    participants: list[ParticipantSample]
