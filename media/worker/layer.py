"""A layer: one incoming RTP stream of a track. A track sent as simulcast has several, any other has one."""

from __future__ import annotations

from typing import Protocol

from media.worker import rtcp
from media.worker.audience import Audience
from media.worker.codecs import DESCRIBED, Codec
from media.worker.cost import Cost
from media.worker.demand import Demand
from media.worker.dependencies import Dependencies
from media.worker.fanout import Fanout, picture_at
from media.worker.history import History
from media.worker.keyframes import KeyframeRequester, Pace
from media.worker.nack import Missing
from media.worker.outgoing_extensions import shared_part
from media.worker.payloads import READERS
from media.worker.picture import HIGHEST, Picture
from media.worker.reception import Reception
from media.worker.rtcp import ReportBlock, SenderReport
from media.worker.rtp import RtpPacket

#: Seconds without a packet after which a layer does not come any more. Sound may come 2.5 times a second, and one of
#: those be lost (RFC 7587, section 3.1.3).
LIVE, LIVE_SOUND = 0.6, 1.5
#: Seconds between two looks at what it takes, and at what is too old to be kept.
LOOK = 0.2


class RtcpSink(Protocol):
    """The transport of the publisher."""

    @property
    def fanout(self) -> Fanout: ...
    def send_rtcp(self, packet: bytes) -> None: ...


class Layer:
    """Hands each packet to the consumers that forward it, and asks the publisher for what is missing.

    ``ssrc`` is what the worker calls itself in RTCP; ``rid`` is the layer's name in the SDP (RFC 8851), if it has one;
    ``pace`` is when keyframes were asked for in any layer of the picture.
    """

    __slots__ = (
        "_demand",
        "_dependencies",
        "_is_described",
        "_kind",
        "_live",
        "_next_look",
        "_pictured",
        "_read",
        "_sink",
        "_ssrc",
        "arrived",
        "audience",
        "clock_rate",
        "cost",
        "has_repair_stream",
        "history",
        "keyframe_at",
        "keyframes",
        "missing",
        "nacks",
        "newest",
        "octets",
        "packets",
        "picture",
        "probes",
        "reception",
        "red",
        "repair",
        "repeated",
        "repeats",
        "report",
        "rid",
        "size",
        "stream",
        "temporal_octets",
        "timestamp",
        "tl0",
    )

    def __init__(
        self, sink: RtcpSink, ssrc: int, codec: Codec, rid: str | None = None, pace: Pace | None = None
    ) -> None:
        self._sink = sink
        self._ssrc = ssrc
        self._kind = codec.kind
        self._read = READERS.get(codec.name)
        self._is_described = codec.name in DESCRIBED
        self._live = LIVE_SOUND if codec.kind == "audio" else LIVE
        #: Units of its timestamps in a second.
        self.clock_rate = codec.clock_rate
        self.keyframes = KeyframeRequester(pace)
        #: What is known of its stream, another object for each; None before the first.
        self.reception: Reception | None = None
        self.rid = rid
        #: The SSRC of its packets, when one was seen, and that of their repetitions (RFC 4588).
        self.stream: int | None = None
        self.repair: int | None = None
        self.audience = Audience()
        #: Whether the publisher repeats what it is asked for, and whether on a stream of its own.
        self.repeats = False
        self.has_repair_stream = False
        #: The payload type of redundant sound in it (RFC 2198), if it may be that.
        self.red: int | None = None
        self.cost = Cost()
        self._demand = Demand()
        self._next_look = 0.0
        self._reset()

    def _reset(self) -> None:
        self.history = History()
        self.missing = Missing()
        self._dependencies = Dependencies() if self._is_described else None
        self.report: SenderReport | None = None
        #: The newest packet: its extended number and its timestamp; of the newest picture, its numbers.
        self.newest: int | None = None
        self.timestamp = 0
        self.picture = 0
        self._pictured: int | None = None
        self.tl0 = 0
        #: When the newest packet came.
        self.arrived = 0.0
        #: Bytes and packets that came in, without what was repeated.
        self.octets = 0
        self.packets = 0
        #: Packets asked for, those that came on the stream of repetitions, and those among them that were not missing.
        self.nacks = 0
        self.repeated = 0
        self.probes = 0
        self.temporal_octets = [0] * (HIGHEST + 1)
        self.cost.pause()
        #: Width and height, when a keyframe has told; and when the last one came.
        self.size: tuple[int, int] | None = None
        self.keyframe_at: float | None = None

    def begin(self, stream: int) -> None:
        """Its packets have this SSRC from now on."""
        self.audience.begin_anew(self)
        self.stream = stream
        self.reception = Reception(stream, self.clock_rate)
        self._reset()

    # ---- packets

    def on_rtp(self, packet: RtpPacket, told: bytes | None, now: float) -> None:
        """Take a packet of its stream, and forward it.

        ``told`` is what an extension tells of it: of sound its level, of a picture its dependency descriptor.
        """
        assert self.reception is not None
        sequence = self.reception.add(packet.sequence, packet.timestamp, now)
        newest = self.newest
        if newest is None or sequence > newest:
            self.newest = sequence
            self.timestamp = packet.timestamp
            self.arrived = now
            self.packets += 1
            self.octets += len(packet.data)
            if newest is not None and sequence != newest + 1 and self.repeats:
                self.missing.gap(newest + 1, sequence, now)
                self._ask(now)
        elif self.missing.arrived(sequence) and not self.has_repair_stream:
            # What is repeated on the stream itself says nothing of what the link does.
            self.reception.discount()
        self._forward(packet, sequence, told, now)
        if self.newest is not None:
            self.audience.arm(packet.payload_type, self.newest + 1, pictures=self._kind == "video")

    def on_forwarded(self, data: bytes, now: float, timestamp: int, picture: int, tl0: int, temporal: int) -> None:
        """Take the packet that follows the newest one, which has gone out by the lane: see `inlet.Took`."""
        assert self.reception is not None
        self.newest = sequence = self.reception.follow(timestamp, now)
        self.timestamp = timestamp
        self.arrived = now
        self.packets += 1
        self.octets += len(data)
        if self._read is not None:
            self.history.put(sequence, data)
            if picture >= 0:
                self.picture, self.tl0 = picture, tl0
            elif timestamp != self._pictured:
                self.picture, self._pictured = self.picture + 1 & 0x7FFF, timestamp
            self.temporal_octets[temporal] += len(data)

    def on_repeated(self, packet: RtpPacket, now: float) -> bool:
        """Take a packet that the publisher repeated, restored. One that was not missing is of no use."""
        if self.reception is None:
            return False
        sequence = self.reception.extend(packet.sequence)
        self.repeated += 1
        if self.missing.arrived(sequence) is None:
            self.probes += 1
            return False
        self._forward(packet, sequence, None, now)
        return True

    def _forward(self, packet: RtpPacket, sequence: int, told: bytes | None, now: float) -> None:
        picture: Picture | None = None
        if self._read is not None:
            self.history.put(sequence, packet.data)
            picture = self._read(packet.data, packet.payload_at)
            if picture is not None:
                if told is not None and self._dependencies is not None:
                    picture = self._dependencies.describe(picture, told)
                if sequence == self.newest:
                    if picture.picture_at:
                        self.picture, self.tl0 = picture.picture, picture.tl0
                    elif packet.timestamp != self._pictured:  # it has no number, so it is counted
                        self.picture, self._pictured = self.picture + 1 & 0x7FFF, packet.timestamp
                    self.temporal_octets[picture.layer] += len(packet.data)
        if picture is not None and picture.keyframe:
            self.keyframes.arrived()
            self.missing.keyframe(sequence)
            self.keyframe_at = now
            self.size = picture.size or self.size
        if self.audience.waiting:
            self._start(packet, sequence, picture, now)
        if self.audience.consumers:
            # what is the same for all of them is made once
            shared = shared_part(self._kind, told, now)
            if self.red is not None:
                self.audience.forward_redundant(packet, sequence, shared, self._sink.fanout, self.red)
                return
            tail = shared + packet.data[packet.payload_at :]
            newest = sequence == self.newest
            receivers = self.audience.receivers(packet, sequence, tail, picture, newest=newest)
            if receivers:
                at = None if picture is None else picture_at(picture, len(shared))
                self._sink.fanout.forward(packet, tail, receivers, at)

    def _start(self, packet: RtpPacket, sequence: int, picture: Picture | None, now: float) -> None:
        """Begin with those that wait: video at a keyframe, as nothing can be decoded before; sound at once."""
        if not packet.has_media or sequence != self.newest:
            return
        if self._kind == "video" and (picture is None or not picture.keyframe):
            self.ask_keyframe(now)
            return
        self.audience.start(self, packet, sequence, picture, now)

    # ---- the publisher

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Take the publisher's word about its clock, and pass it on."""
        assert self.reception is not None
        self.reception.reported(report, now)
        self.report = report
        for consumer in self.audience.consumers:
            consumer.on_sender_report(report, now)

    def ask_keyframe(self, now: float) -> None:
        """A consumer cannot go on without a keyframe."""
        # A stream that has not begun yet begins with one.
        if self._kind == "video" and self.stream is not None and self.keyframes.ask(now):
            self._sink.send_rtcp(rtcp.pack_pli(self._ssrc, self.stream))

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self.stream is None:
            return
        if self.missing:
            self._ask(now)
        if self.missing.take_failure():
            self.ask_keyframe(now)
        if self.keyframes.tick(now):
            self._sink.send_rtcp(rtcp.pack_pli(self._ssrc, self.stream))
        if now >= self._next_look:
            self._next_look = now + LOOK
            self.history.expire(now)
            self._measure(now)

    @property
    def hurries(self) -> bool:
        """Whether the publisher may have to be asked for something soon."""
        return bool(self.missing) or self.keyframes.goes_on

    @property
    def jitter(self) -> float:
        """Seconds (RFC 3550, section 6.4.1)."""
        return 0.0 if self.reception is None else self.reception.jitter / self.clock_rate

    @property
    def loss(self) -> float:
        """The share of its packets that did not come, lately."""
        return 0.0 if self.reception is None else self.reception.loss

    @property
    def missed(self) -> int:
        """How many of its packets have not come, without what was repeated on a stream of its own."""
        return 0 if self.reception is None else self.reception.expected - self.reception.received

    def is_live(self, now: float) -> bool:
        """Whether it comes in. Publishers drop layers without a word."""
        return self.newest is not None and now - self.arrived < self._live

    def is_usable(self, now: float) -> bool:
        """Whether it comes in, or would if the publisher were asked: not if it was, and it stays away."""
        return self._demand.is_usable(now, self._came, live=self.is_live(now))

    def is_missed(self, now: float) -> bool:
        """Whether it is asked for, though nobody waits for it, as it stays away."""
        return self._demand.is_missed(now)

    def is_lacking(self, now: float) -> bool:
        """Whether it came once, is asked for or was just now, and stays away."""
        return self._demand.is_lacking(now, self._came, live=self.is_live(now))

    def want(self, now: float, *, wanted: bool, judged: bool) -> None:
        """Take whether anybody is or is to be sent it, and whether it may be blamed for not coming.

        To be called ten times a second or so.
        """
        self._demand.want(now, self._came, live=self.is_live(now), wanted=wanted, judged=judged)

    @property
    def _came(self) -> float | None:
        return None if self.newest is None else self.arrived

    def _measure(self, now: float) -> None:
        if not self.is_live(now):
            self.cost.pause()
        elif self._kind == "audio":
            self.cost.look_at_sound(now, self.octets)
        else:
            self.cost.look_at_pictures(now, self.temporal_octets)

    def block(self, now: float) -> ReportBlock | None:
        """Return the receiver report block for its stream."""
        return None if self.reception is None else self.reception.report(now)

    def _ask(self, now: float) -> None:
        assert self.stream is not None
        due = self.missing.due(now)
        self.nacks += len(due)
        for message in rtcp.pack_nacks(self._ssrc, self.stream, due):
            self._sink.send_rtcp(message)
