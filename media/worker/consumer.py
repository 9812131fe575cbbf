"""A consumer: one track going out to one subscriber."""

from __future__ import annotations

from typing import Protocol

from media.worker.codecs import Codec
from media.worker.continuity import Continuity
from media.worker.fanout import Outgoing
from media.worker.outgoing_extensions import own_part
from media.worker.rtcp import SenderReport, pack_sender_report, pack_source_description
from media.worker.rtp import RtpPacket


class PacketSink(Protocol):
    """The transport of the subscriber."""

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing: ...
    def send_rtcp(self, packet: bytes) -> None: ...


class Consumer:
    """Forwards a producer's packets under its own SSRC, sequence numbers and timestamps.

    It is silent until `resume`, when the subscriber has agreed to receive it and is connected. A video begins with a
    keyframe, as nothing can be decoded before.
    """

    __slots__ = (
        "_continuity",
        "_sink",
        "_started",
        "_waits_for_keyframe",
        "active",
        "cname",
        "outgoing",
        "ssrc",
    )

    def __init__(self, sink: PacketSink, codec: Codec, ssrc: int, mid: str, cname: str) -> None:
        self._sink = sink
        self._continuity = Continuity(codec.clock_rate)
        self._waits_for_keyframe = codec.kind == "video"
        self._started = False
        #: What its copies are.
        self.outgoing = sink.outgoing(codec.payload_type, ssrc, own_part(codec.kind, mid))
        self.ssrc = ssrc
        self.cname = cname
        self.active = False

    def resume(self) -> None:
        """Begin to forward, from the next packet from which that makes sense."""
        self.active = True
        self._started = False

    def pause(self) -> None:
        """Stop to forward."""
        self.active = False
        self._started = False

    def on_stream(self) -> None:
        """The producer's packets are of another stream from now on."""
        self._started = False

    def admit(
        self, packet: RtpPacket, sequence: int, report: SenderReport | None, now: float, *, keyframe: bool
    ) -> bool | None:
        """Say whether a packet whose extended sequence number is ``sequence`` goes out, as ``outgoing`` then says.

        Returns None if it does not for want of a keyframe.
        """
        if not self._started:
            if not self.active or not packet.has_media:
                return False
            if self._waits_for_keyframe and not keyframe:
                return None
            self._start(packet, sequence, report, now)
        return self._continuity.passes(sequence, packet.timestamp, now)

    def on_sender_report(self, report: SenderReport) -> None:
        """Forward what the publisher says about its clock, by which sound and picture are kept together."""
        if self._started:
            out = self.outgoing
            timestamp = report.rtp_timestamp + out.timestamp_offset
            self._sink.send_rtcp(
                pack_sender_report(self.ssrc, report.ntp_timestamp, timestamp, out.packets, out.octets)
                + pack_source_description(self.ssrc, self.cname)
            )

    def _start(self, packet: RtpPacket, sequence: int, report: SenderReport | None, now: float) -> None:
        self._started = True
        continuity, out = self._continuity, self.outgoing
        continuity.start(sequence, packet.timestamp, now)
        out.sequence_offset = continuity.sequence_offset & 0xFFFF
        out.timestamp_offset = continuity.timestamp_offset & 0xFFFFFFFF
        if report is not None:
            self.on_sender_report(report)
