"""What flows in a room, as a worker tells it when asked; see `media.messages`.

Rates are in bits a second, and times in seconds. What was not measured is null.
"""

from __future__ import annotations

import attrs

from media.terms import Agreement, Carrier, DtlsState, Leg, LegState, PauseReason, Source

#: The most consumers of one `MediaStatistics`, which have some 600 bytes each.
MAX_CONSUMERS = 1_000


@attrs.frozen
class TransportStatistics:
    """One leg of a participant. ``drops`` counts what came in and was of no use, by reason.

    ``budget`` is what the link to a subscriber is believed to take, and ``estimate`` what the subscriber said last
    (REMB), which leaves sound out. ``age`` is how long ago it was opened, ``checks`` how many connectivity checks came
    since, and ``checks_refused`` those that were not authentic. ``carrier`` is what the path in use goes over, null
    where no check has shown one; ``silent`` how long ago the last came that is surely the page's; ``unanswered`` for
    how long an offer waits for the page's answer; ``undecodable`` what is not offered since the page cannot decode it,
    each as ``participant/source``.
    """

    participant: str
    leg: Leg
    state: LegState
    bitrate: float
    budget: float | None
    estimate: float | None
    loss: float | None
    round_trip: float | None
    drops: dict[str, int]
    age: float = 0.0
    checks: int = 0
    checks_refused: int = 0
    carrier: Carrier | None = None
    dtls: DtlsState = "waiting"
    silent: float | None = None
    unanswered: float | None = None
    undecodable: list[str] = attrs.field(factory=list)


@attrs.frozen
class LayerStatistics:
    """One stream that comes in. ``lost`` counts what did not come at once, ``recovered`` what of it came later.

    ``nacks`` counts packets asked for, ``repeated`` those that came on the stream of repetitions, ``probes`` those that
    were not missing; ``plis`` counts keyframes asked for. ``silent`` is how long ago the newest packet came,
    ``keyframe`` how long ago the last keyframe did, and ``keyframe_wanted`` for how long one is waited for. ``missed``
    counts packets that did not come, by their numbers: of sound, too, which is not asked for again. ``loss`` is their
    share lately: what is older counts less.
    """

    rid: str | None
    ssrc: int | None
    live: bool
    used: bool
    width: int
    height: int
    bitrate: float
    packets: int
    lost: int
    recovered: int
    given_up: int
    nacks: int
    repeated: int
    probes: int
    plis: int
    jitter: float
    silent: float | None = None
    keyframe: float | None = None
    keyframe_wanted: float | None = None
    missed: int = 0
    loss: float = 0.0


@attrs.frozen
class ProducerStatistics:
    """One track that comes in, with its layers.

    Of a microphone, ``level`` is how quiet it was in the last tenth of a second, in decibels below the loudest it can
    be (RFC 6464, 127 is silence), null where its packets do not tell; ``quiet`` for how long it has
    been silent; and ``heard`` whether it is among those that are forwarded.
    """

    participant: str
    mid: str
    source: Source
    layers: list[LayerStatistics]
    codec: str = ""
    level: float | None = None
    quiet: float | None = None
    heard: bool = True


@attrs.frozen
class ConsumerStatistics:
    """One track that goes out to ``participant``. ``temporal`` is the highest temporal layer that does.

    ``nacks`` counts packets that the subscriber asked for, and what became of them: ``repeated`` were sent again,
    ``too_soon`` and ``over_budget`` were not, and ``gone`` were not there any more. ``packets`` and ``octets`` went out
    for the first time, ``unsent`` were to go out, then or again, and SRTP or the kernel refused; ``padded`` were sent
    again though nobody missed them, to see whether the link takes more. ``left_out`` are of higher temporal layers,
    ``plis`` keyframes that the subscriber asked for. ``loss`` (a share) and ``jitter`` are as the subscriber reported
    them last. ``agreement`` is what the page said to the track, ``forwarding`` whether anything is forwarded, and
    ``waits`` whether that is to begin with a keyframe, or a packet, that has not come.
    """

    participant: str
    of: str
    source: Source
    ssrc: int
    active: bool
    layer: str | None
    target: str | None
    temporal: int
    paused: PauseReason | None
    bitrate: float
    packets: int
    octets: int
    left_out: int
    nacks: int
    repeated: int
    too_soon: int
    over_budget: int
    gone: int
    plis: int
    loss: float | None
    jitter: float | None
    round_trip: float | None
    agreement: Agreement = "offered"
    forwarding: bool = False
    waits: bool = False
    unsent: int = 0
    padded: int = 0


@attrs.frozen
class MediaStatistics:
    """What flows in a room now. ``complete`` is False if there were more consumers than `MAX_CONSUMERS`."""

    transports: list[TransportStatistics]
    producers: list[ProducerStatistics]
    consumers: list[ConsumerStatistics]
    complete: bool


@attrs.frozen
class Stall:
    """A time in which a worker did nothing else, at least; ``at`` is when it began, in Unix seconds.

    ``where`` is the last line of ours that it was at, and the last of all; empty if it was not seen. ``stood_still``
    says that the process did not run for most of it: it was stopped, or the machine had no time for it.
    """

    at: float
    seconds: float
    where: str
    stood_still: bool

    def __str__(self) -> str:
        words = f"{self.seconds:.2f} s: {self.where or 'a line that was not seen'}"
        return words + (" (the process stood still: it was stopped, or the machine was too busy)" * self.stood_still)


@attrs.frozen
class WorkerStatistics:
    """What lives in a worker now, and what has passed through it since its start."""

    routers: int
    participants: int
    transports: int
    producers: int
    consumers: int
    packets_received: int
    packets_sent: int
    packets_dropped: int
    #: Of those, not sent: the socket's buffer was full; no path, or another objection; SRTP failed.
    sends_full: int
    sends_refused: int
    sends_unprotected: int
    #: Whether the compiled kernel forwards; otherwise it is Python.
    kernel: bool
    #: TCP connections on which a check was authenticated, and those on which none was so far
    tcp_proven: int = 0
    tcp_unproven: int = 0
    #: TCP connections that were refused or given up, for being too many, too slow or none of ours
    tcp_refused: int = 0
    #: packets for which there was no room on a TCP connection; they are among ``packets_dropped``
    tcp_packets_dropped: int = 0
    #: what all these datagrams had in them, without the headers of UDP and IP; of what the kernel forwarded nearly so
    octets_received: int = 0
    octets_sent: int = 0
    #: of the packets that came in, those that the kernel dealt with before Python looked at them
    packets_ahead: int = 0
    #: how often its loop was held for longer than it may be, in seconds the longest of these, and the last
    stalls: int = 0
    stall_longest: float = 0.0
    stall_last: Stall | None = None
