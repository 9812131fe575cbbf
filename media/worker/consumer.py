"""A consumer: one track going out to one subscriber."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Protocol

from media.worker import rtcp
from media.worker.codecs import RED, Codec
from media.worker.fanout import Outgoing
from media.worker.layer import Layer
from media.worker.outgoing_extensions import own_part, shared_part
from media.worker.payloads import CLOSES_GAPS, NUMBERED, READERS
from media.worker.picture import Picture, renumber
from media.worker.renumbering import Renumbering, Span
from media.worker.reported import Reported
from media.worker.retransmission import Retransmissions
from media.worker.rtcp import SenderReport
from media.worker.rtp import RtpPacket, pack_start
from media.worker.splice import End, Numbers, splice

#: Seconds that a round trip is taken for while none was measured.
ROUND_TRIP = 0.1
#: Packets that are gone through for padding, the newest first.
PADDING_REACH = 30
#: No temporal layer is higher (TID has two bits).
ALL = 3


class PacketSink(Protocol):
    """The transport of the subscriber."""

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing: ...
    def send_rtp(self, packet: bytes) -> bool: ...
    def send_rtcp(self, packet: bytes) -> None: ...


class Consumer:
    """Forwards the packets of one layer at a time under its own SSRC, sequence numbers and timestamps.

    It is silent until `resume`, when the subscriber has agreed to receive it and is connected. Which layer is forwarded
    is said by `select`; the change is made by the layer itself, where its packets can be understood without those
    before. Until then the old one goes on.
    """

    def __init__(
        self, sink: PacketSink, codec: Codec, ssrc: int, mid: str, cname: str, *, repair_ssrc: int | None = None
    ) -> None:
        self._sink = sink
        self._codec = codec
        self._read = READERS[codec.name] if codec.name in NUMBERED else None
        self._closes_gaps = codec.name in CLOSES_GAPS
        self._renumbering = Renumbering()
        self._end: End | None = None
        self.retransmissions = Retransmissions()
        self._repair_sequence = random.getrandbits(15)
        self.reported = Reported()
        #: What its copies are. Its offsets are those of the current span, cut to the size of the fields.
        self.outgoing = sink.outgoing(codec.payload_type, ssrc, own_part(codec.kind, mid))
        #: The numbers with which packets go out now.
        self._span: Span | None = None
        #: Packets of higher temporal layers that did not go out, and keyframes that were asked for.
        self.left_out = 0
        self.plis = 0
        #: Packets that were repeated though nobody missed them.
        self.padded = 0
        #: Whether the subscriber takes redundant sound (RFC 2198), and whether it gets it.
        self.takes_redundant = self.redundant = False
        self.ssrc = ssrc
        self.cname = cname
        self.active = False
        #: The SSRC of repetitions, and whether the subscriber takes them (RFC 4588).
        self.repair_ssrc = repair_ssrc
        self.repair_payload_type: int | None = None
        #: The layer that is forwarded, and the one that is to be.
        self.layer: Layer | None = None
        self.target: Layer | None = None
        #: The highest temporal layer that goes out (RFC 7741), and the one that is to be the highest.
        self._temporal = self._temporal_target = ALL
        #: The number of the last picture that was left out.
        self._left_out: int | None = None

    @property
    def packets(self) -> int:
        """Packets that went out."""
        return self.outgoing.packets

    @property
    def octets(self) -> int:
        """Bytes of payload that went out."""
        return self.outgoing.octets

    @property
    def unsent(self) -> int:
        """Packets that were to go out and did not, as SRTP or the kernel refused them."""
        return self.outgoing.unsent

    # ---- what is forwarded

    @property
    def temporal(self) -> int:
        """The highest temporal layer that goes out (RFC 7741)."""
        return self._temporal

    @temporal.setter
    def temporal(self, value: int) -> None:
        if value != self._temporal:
            self._temporal = value
            self._unsettle()

    @property
    def temporal_target(self) -> int:
        """The temporal layer that is to be the highest."""
        return self._temporal_target

    @temporal_target.setter
    def temporal_target(self, value: int) -> None:
        if value != self._temporal_target:
            self._temporal_target = value
            self._unsettle()

    def _unsettle(self) -> None:
        if self.layer is not None:
            self.layer.audience.unsettle()

    def select(self, layer: Layer | None) -> None:
        """Have this layer forwarded, as soon as that makes sense, or none at all."""
        if layer is self.target:
            return
        if self.target is not None:
            self.target.audience.stop_waiting(self)
        self.target = layer
        if layer is None:
            self.leave()
        elif self.active and layer is not self.layer:
            layer.audience.wait(self)

    def resume(self) -> None:
        """Begin to forward, from the next packet from which that makes sense."""
        self.active = True
        self.leave()
        if self.target is not None:
            self.target.audience.wait(self)

    def choose_redundant(self, *, wanted: bool) -> None:
        """Forward redundant sound as such from now on, if the subscriber takes it, or else what it is made of."""
        redundant = wanted and self.takes_redundant
        if redundant != self.redundant:
            self.redundant = redundant
            self._unsettle()
            self.outgoing.payload_type = (RED if redundant else self._codec).payload_type

    def pause(self) -> None:
        """Stop to forward."""
        self.active = False
        self.leave()
        if self.target is not None:
            self.target.audience.stop_waiting(self)

    @property
    def waits(self) -> bool:
        """Whether it is to forward a layer that has not come to where it can begin."""
        return self.active and self.target is not None and self.layer is not self.target

    def leave(self) -> None:
        """Forward nothing until the layer that is wanted can begin."""
        if self.layer is not None:
            if self.layer is self.target and self.active:
                self.layer.audience.wait(self)
            self.layer.audience.stop(self)
            self.stop()

    def close(self) -> None:
        """Let go of the layers."""
        self.pause()
        self.target = None

    def ask_keyframe(self, now: float) -> None:
        """The subscriber cannot go on without a keyframe."""
        for layer in {self.layer, self.target}:
            if layer is not None:
                layer.ask_keyframe(now)

    # ---- what a layer calls

    def start(self, layer: Layer, sequence: int, timestamp: int, picture: Picture | None, now: float) -> None:
        """Go on with this packet of ``layer``, whose extended sequence number is ``sequence``."""
        report = None if self.layer is None else self.layer.report
        self.leave()
        first, tl0 = (0, 0) if picture is None else (picture.picture, picture.tl0)
        begin = Numbers(sequence, timestamp, first, tl0)
        added = splice(self._end, begin, self._codec.clock_rate, now, report, layer.report)
        self.layer = layer
        self._left_out = None
        self._begin(Span(sequence, added.sequence, added.timestamp, added.picture, added.tl0, layer.history))
        if layer.report is not None:
            self.on_sender_report(layer.report, now)

    def stop(self) -> None:
        """The layer's packets are of another stream from now on, and it waits for them."""
        layer, span = self.layer, self._span
        if layer is not None and layer.newest is not None and span is not None:
            self._end = End(
                Numbers(
                    layer.newest + span.sequence_offset,
                    layer.timestamp + span.timestamp_offset,
                    layer.picture + span.picture_offset,
                    layer.tl0 + span.tl0_offset,
                ),
                layer.arrived,
                span.timestamp_offset,
            )
        self.layer = None

    def admits(self, packet: RtpPacket, sequence: int, tail: bytes, picture: Picture | None) -> bool:
        """Say whether a packet of the layer goes out as ``outgoing`` says, together with the copies of others.

        One from before something changed does not: it is sent from here, or let go. ``tail`` is its payload, with what
        all consumers share before it.
        """
        assert self._span is not None
        if sequence < self._span.first:
            self._forward_late(packet, sequence, tail, picture)
            return False
        if picture is None:
            return True
        if self.temporal != self.temporal_target and picture.begins:
            self._change_temporal(picture)
        return picture.layer <= self.temporal or not self._leave_out(sequence, picture)

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Forward what the publisher says about its clock, by which sound and picture are kept together."""
        self.reported.sent(report.ntp_timestamp, now)
        timestamp = report.rtp_timestamp + self.outgoing.timestamp_offset
        self._sink.send_rtcp(
            rtcp.pack_sender_report(self.ssrc, report.ntp_timestamp, timestamp, self.packets, self.octets)
            + rtcp.pack_source_description(self.ssrc, self.cname)
        )

    # ---- what the subscriber says

    def on_nack(self, numbers: Iterable[int], now: float) -> None:
        """Send these packets once more, if they are there and that is not too much. Numbers are as they went out."""
        if self.layer is None or self.layer.newest is None or self._span is None:
            return
        self.retransmissions.earn(self.octets, now)
        newest = self.layer.newest + self._span.sequence_offset
        round_trip = ROUND_TRIP if self.reported.round_trip is None else self.reported.round_trip
        for number in numbers:
            sequence = newest - (newest - number & 0xFFFF)
            kept = self._renumbering.sent(sequence)
            if kept is None:
                self.retransmissions.missed()
            elif self.retransmissions.grant(sequence, len(kept[0].data), now, round_trip) and not self._repeat(
                *kept, sequence, now
            ):
                self.retransmissions.unsent()

    @property
    def pads(self) -> bool:
        """Whether there is anything to `pad` with: what is repeated without need is of no use, and does no harm."""
        layer = self.layer
        repeats = self.repair_ssrc is not None and self.repair_payload_type is not None
        return repeats and self.active and layer is not None and layer.newest is not None and self._span is not None

    def pad(self, octets: float, now: float) -> int:
        """Repeat the last packets until so much was sent, as far as that is to be had; return how much was sent."""
        sent = 0
        if not self.pads:
            return sent
        assert self.layer is not None
        assert self.layer.newest is not None
        assert self._span is not None
        newest = self.layer.newest + self._span.sequence_offset
        for sequence in range(newest, newest - PADDING_REACH, -1):
            if sent >= octets:
                break
            kept = self._renumbering.sent(sequence)
            if kept is not None and self._repeat(*kept, sequence, now):
                self.padded += 1
                sent += len(kept[0].data)
        return sent

    def on_report_block(self, block: rtcp.ReportBlock, now: float) -> tuple[int, int]:
        """Take what the subscriber says; return how many packets it lost, of how many, since last time."""
        newest = None
        if self.layer is not None and self.layer.newest is not None and self._span is not None:
            newest = self.layer.newest + self._span.sequence_offset
        holes = self._count_holes()
        return self.reported.on_block(block, now, packets=self.packets, newest=newest, holes=holes)

    def _count_holes(self) -> int | None:
        """Return how many more numbers than packets went out, from a beginning that nobody knows."""
        if self.layer is not None and self._span is not None and self.layer.newest is not None:
            return self.layer.newest + self._span.sequence_offset - self.packets
        return None if self._end is None else self._end.numbers.sequence - self.packets

    def _repeat(self, packet: RtpPacket, span: Span, sequence: int, now: float) -> bool:
        """Send a packet again; return whether it went out."""
        payload = packet.data[packet.payload_at :]
        picture = self._read(payload, 0) if self._read is not None else None
        if picture is not None:
            payload = renumber(payload, 0, picture, span.picture_offset, span.tl0_offset)
        payload_type, ssrc, number = self.outgoing.payload_type, self.ssrc, sequence
        if self.repair_ssrc is not None and self.repair_payload_type is not None:
            payload = (sequence & 0xFFFF).to_bytes(2) + payload
            payload_type, ssrc, number = self.repair_payload_type, self.repair_ssrc, self._repair_sequence
            self._repair_sequence += 1
        header = pack_start(packet, payload_type, number, packet.timestamp + span.timestamp_offset, ssrc)
        extensions = self.outgoing.extensions + shared_part(self._codec.kind, None, now)
        return self._sink.send_rtp(header + extensions + payload)

    def _forward_late(self, packet: RtpPacket, sequence: int, tail: bytes, picture: Picture | None) -> None:
        """Send a packet from before something changed; from before the layer's beginning it is of no use."""
        span = self._renumbering.incoming(sequence)
        if span is None:
            return
        size = len(packet.data) - packet.payload_at
        if picture is not None:
            tail = renumber(tail, len(tail) - size, picture, span.picture_offset, span.tl0_offset)
        out = self.outgoing
        timestamp = packet.timestamp + span.timestamp_offset
        header = pack_start(packet, out.payload_type, sequence + span.sequence_offset, timestamp, self.ssrc)
        if self._sink.send_rtp(header + out.extensions + tail):
            out.packets += 1
            out.octets += size
        else:
            out.unsent += 1

    def _change_temporal(self, picture: Picture) -> None:
        """Change how many temporal layers go out, with a picture from which that makes sense."""
        if self.temporal_target < self.temporal or picture.keyframe or (picture.up and picture.layer <= self.temporal):
            self.temporal = self.temporal_target
        elif picture.sync and self.temporal < picture.layer <= self.temporal_target:
            # It depends on the lowest layer only, and those of its layer that follow on nothing before it.
            self.temporal = picture.layer

    def _leave_out(self, sequence: int, picture: Picture) -> bool:
        """Let a packet go, and close the gap it leaves. One that came late has its place, and is let through."""
        layer, span = self.layer, self._span
        assert layer is not None
        assert span is not None
        if sequence != layer.newest:
            return False
        self.left_out += 1
        another = self._closes_gaps and picture.picture != self._left_out
        self._left_out = picture.picture
        offsets = (span.sequence_offset - 1, span.timestamp_offset, span.picture_offset - another, span.tl0_offset)
        self._begin(Span(sequence + 1, *offsets, span.history))
        return True

    def _begin(self, span: Span) -> None:
        """Have packets go out with these numbers from now on. Nothing else changes them."""
        self._span = span
        self._renumbering.begin(span)
        out = self.outgoing
        out.sequence_offset = span.sequence_offset & 0xFFFF
        out.timestamp_offset = span.timestamp_offset & 0xFFFFFFFF
        out.picture_offset = span.picture_offset & 0x7FFF
        out.tl0_offset = span.tl0_offset & 0xFF
