"""A producer: one track coming in from a publisher."""

from __future__ import annotations

from typing import Protocol

from media.messages import Source
from media.worker.codecs import AUDIO_LEVEL, MID, Codec
from media.worker.consumer import Consumer
from media.worker.fanout import Fanout
from media.worker.keyframes import KeyframeRequester
from media.worker.outgoing_extensions import shared_part
from media.worker.reception import Reception
from media.worker.rtcp import ReportBlock, SenderReport, pack_pli
from media.worker.rtp import RtpPacket
from media.worker.sdp import MediaLine
from media.worker.vp8 import starts_keyframe


class RtcpSink(Protocol):
    """The transport of the publisher."""

    def send_rtcp(self, packet: bytes) -> None: ...


class Producer:
    """Hands each packet of a track to its consumers, and asks the publisher for what they need.

    ``participant`` is the publisher's id; ``ssrc`` is what the worker calls itself in RTCP.
    """

    def __init__(
        self,
        sink: RtcpSink,
        fanout: Fanout,
        ssrc: int,
        participant: str,
        source: Source,
        line: MediaLine,
        codec: Codec,
    ) -> None:
        self._sink = sink
        self._forward = fanout.forward
        self._ssrc = ssrc
        self.participant = participant
        self.mid = line.mid
        self.source: Source = source
        self.codec = codec
        self.track_id = f"{participant}-{line.mid}"
        self._is_video = codec.kind == "video"
        self._keyframes = KeyframeRequester()
        self._consumers: tuple[Consumer, ...] = ()
        self._reception: Reception | None = None
        self._sender_report: SenderReport | None = None
        #: The SSRC of its stream, when one was seen.
        self.stream: int | None = None
        self.update(line)

    def update(self, line: MediaLine) -> None:
        """Take the numbers of a new offer."""
        self.payload_type = line.payload_type
        self.mid_id = line.extensions.get(MID)
        self._level_id = line.extensions.get(AUDIO_LEVEL)

    def add(self, consumer: Consumer) -> None:
        """Forward to this consumer, too."""
        self._consumers = (*self._consumers, consumer)

    def remove(self, consumer: Consumer) -> None:
        """Forward to this consumer no more."""
        self._consumers = tuple(other for other in self._consumers if other is not consumer)

    def begin(self, stream: int) -> None:
        """Its packets have this SSRC from now on."""
        self.stream = stream
        self._reception = Reception(stream, self.codec.clock_rate)
        self._sender_report = None
        for consumer in self._consumers:
            consumer.on_stream()

    def on_rtp(self, packet: RtpPacket, extensions: dict[int, bytes], now: float) -> None:
        """Forward a packet of its stream."""
        assert self._reception is not None
        sequence = self._reception.add(packet.sequence, packet.timestamp, now)
        keyframe = self._is_video and starts_keyframe(packet.data, packet.payload_at)
        if keyframe:
            self._keyframes.arrived()
        report, wanted = self._sender_report, False
        receivers = []
        for consumer in self._consumers:
            admitted = consumer.admit(packet, sequence, report, now, keyframe=keyframe)
            if admitted:
                receivers.append(consumer.outgoing)
            elif admitted is None:
                wanted = True
        if receivers:
            level = extensions.get(self._level_id) if self._level_id is not None else None
            shared = shared_part(self.codec.kind, level if level is not None and len(level) == 1 else None)
            self._forward(packet, shared + packet.data[packet.payload_at :], receivers, None)
        if wanted:
            self.ask_keyframe(now)

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        """Take the publisher's word about its clock, and pass it on."""
        assert self._reception is not None
        self._reception.reported(report, now)
        self._sender_report = report
        for consumer in self._consumers:
            consumer.on_sender_report(report)

    def ask_keyframe(self, now: float) -> None:
        """A consumer cannot go on without a keyframe."""
        # A stream that has not begun yet begins with one.
        if self._is_video and self.stream is not None and self._keyframes.ask(now):
            self._sink.send_rtcp(pack_pli(self._ssrc, self.stream))

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self.stream is not None and self._keyframes.tick(now):
            self._sink.send_rtcp(pack_pli(self._ssrc, self.stream))

    def report(self, now: float) -> ReportBlock | None:
        """Return the receiver report block for its stream."""
        return None if self._reception is None else self._reception.report(now)
