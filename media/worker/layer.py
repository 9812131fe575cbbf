"""A layer: one incoming RTP stream of a track. A track sent as simulcast has several, any other has one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from media.worker import rtcp
from media.worker.codecs import DESCRIBED, OPUS, Codec
from media.worker.cost import Cost
from media.worker.demand import Demand
from media.worker.dependencies import Dependencies
from media.worker.fanout import Fanout, Outgoing, picture_at
from media.worker.history import History
from media.worker.keyframes import KeyframeRequester, Pace
from media.worker.nack import Missing
from media.worker.outgoing_extensions import shared_part
from media.worker.payloads import READERS
from media.worker.picture import HIGHEST, Picture
from media.worker.reception import Reception
from media.worker.red import primary, relabel, wrap
from media.worker.rtcp import ReportBlock, SenderReport
from media.worker.rtp import RtpPacket

if TYPE_CHECKING:
    from media.worker.consumer import Consumer


#: Seconds without a packet after which a layer does not come any more. Sound may come 2.5 times a second, and one of
#: those be lost (RFC 7587, section 3.1.3).
LIVE, LIVE_SOUND = 0.6, 1.5


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
        "_alike",
        "_alike_for",
        "_alike_up_to",
        "_demand",
        "_dependencies",
        "_is_described",
        "_kind",
        "_live",
        "_pictured",
        "_read",
        "_sink",
        "_ssrc",
        "arrived",
        "clock_rate",
        "consumers",
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
        "waiting",
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
        #: Those that forward it, and those that will from where that makes sense.
        self.consumers: tuple[Consumer, ...] = ()
        self.waiting: tuple[Consumer, ...] = ()
        #: Of which consumers it is known what all of them admit, and that: see `_find_alike`.
        self._alike_for: tuple[Consumer, ...] | None = None
        self._alike: list[Outgoing] = []
        self._alike_up_to = -1
        #: Whether the publisher repeats what it is asked for, and whether on a stream of its own.
        self.repeats = False
        self.has_repair_stream = False
        #: The payload type of redundant sound in it (RFC 2198), if it may be that.
        self.red: int | None = None
        self.cost = Cost()
        self._demand = Demand()
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
        for consumer in self.consumers:
            consumer.stop()
        self.waiting += tuple(consumer for consumer in self.consumers if consumer.target is self)
        self.consumers = ()
        self.stream = stream
        self.reception = Reception(stream, self.clock_rate)
        self._reset()

    # ---- consumers

    def wait(self, consumer: Consumer) -> None:
        """Forward to this consumer, too, from the next packet from which that makes sense."""
        if consumer not in self.waiting:
            self.waiting = (*self.waiting, consumer)

    def stop_waiting(self, consumer: Consumer) -> None:
        """Do not begin to forward to this consumer."""
        if self.waiting:
            self.waiting = tuple(other for other in self.waiting if other is not consumer)

    def stop(self, consumer: Consumer) -> None:
        """Forward to this consumer no more."""
        self.consumers = tuple(other for other in self.consumers if other is not consumer)

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
            self.history.put(sequence, packet)
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
        if self.waiting:
            self._start(packet, sequence, picture, now)
        if self.consumers:
            # what is the same for all of them is made once
            shared = shared_part(self._kind, told, now)
            if self.red is not None:
                self._forward_redundant(packet, sequence, shared)
                return
            tail = shared + packet.data[packet.payload_at :]
            if self._alike_for is not self.consumers:
                self._find_alike()
            if sequence == self.newest and (picture is None or picture.layer <= self._alike_up_to):
                receivers = self._alike
            else:
                receivers = [
                    consumer.outgoing for consumer in self.consumers if consumer.admits(packet, sequence, tail, picture)
                ]
            if receivers:
                at = None if picture is None else picture_at(picture, len(shared))
                self._sink.fanout.forward(packet, tail, receivers, at)

    def unsettle(self) -> None:
        """What a consumer admits is going to change, or has changed."""
        self._alike_for = None

    def _find_alike(self) -> None:
        """See up to which temporal layer all consumers admit whatever comes in order: they need not be asked then."""
        self._alike_for = self.consumers
        self._alike = [consumer.outgoing for consumer in self.consumers]
        self._alike_up_to = min(
            consumer.temporal if consumer.temporal == consumer.temporal_target else -1 for consumer in self.consumers
        )

    def _forward_redundant(self, packet: RtpPacket, sequence: int, shared: bytes) -> None:
        """Forward sound that may be redundant: as that to those who take it so, and to others its own block."""
        payload = packet.data[packet.payload_at :]
        if not packet.has_media:  # a probe: nothing but padding, which is no block
            self._send(packet, sequence, shared + payload, self.consumers)
            return
        is_red = packet.payload_type == self.red
        begin = primary(payload, 0) if is_red else 0
        if begin is None:
            return
        takers = [consumer for consumer in self.consumers if consumer.redundant]
        if takers:
            number = OPUS.payload_type
            whole = relabel(payload, number) if is_red else wrap(payload, number)
            self._send(packet, sequence, shared + (whole or b""), takers)
        others = [consumer for consumer in self.consumers if not consumer.redundant]
        if others:
            plain = RtpPacket(packet.data[: packet.payload_at] + payload[begin:]) if is_red else packet
            self._send(plain, sequence, shared + payload[begin:], others)

    def _send(self, packet: RtpPacket, sequence: int, tail: bytes, consumers: Iterable[Consumer]) -> None:
        receivers = [each.outgoing for each in consumers if each.admits(packet, sequence, tail, None)]
        if receivers:
            self._sink.fanout.forward(packet, tail, receivers, None)

    def _start(self, packet: RtpPacket, sequence: int, picture: Picture | None, now: float) -> None:
        """Begin with those that wait: video at a keyframe, as nothing can be decoded before; sound at once."""
        if not packet.has_media or sequence != self.newest:
            return
        if self._kind == "video" and (picture is None or not picture.keyframe):
            self.ask_keyframe(now)
            return
        waiting, self.waiting = self.waiting, ()
        for consumer in waiting:
            consumer.start(self, sequence, packet.timestamp, picture, now)
        self.consumers += waiting

    # ---- the publisher

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Take the publisher's word about its clock, and pass it on."""
        assert self.reception is not None
        self.reception.reported(report, now)
        self.report = report
        for consumer in self.consumers:
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
        self.history.expire(now)
        self._measure(now)

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

        To be called every 50 ms or so.
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
