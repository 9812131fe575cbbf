"""A consumer: one track going out to one subscriber."""

from __future__ import annotations

from typing import Protocol

from media.worker.codecs import AUDIO_LEVEL_ID, MID_ID, Codec
from media.worker.continuity import Continuity
from media.worker.rtcp import SenderReport, pack_sender_report, pack_source_description
from media.worker.rtp import RtpPacket, pack_extensions, pack_header


class PacketSink(Protocol):
    """The transport of the subscriber."""

    def send_rtp(self, packet: bytes) -> None: ...
    def send_rtcp(self, packet: bytes) -> None: ...


class Consumer:
    """Forwards a producer's packets under its own SSRC, sequence numbers and timestamps.

    It is silent until `resume`, when the subscriber has agreed to receive it and is connected. A video begins with a
    keyframe, as nothing can be decoded before.
    """

    __slots__ = (
        "_codec",
        "_continuity",
        "_extensions",
        "_mid",
        "_octets",
        "_packets",
        "_sink",
        "_started",
        "_waits_for_keyframe",
        "active",
        "cname",
        "ssrc",
    )

    def __init__(self, sink: PacketSink, codec: Codec, ssrc: int, mid: str, cname: str) -> None:
        self._sink = sink
        self._codec = codec
        self._mid = mid.encode()
        self._continuity = Continuity(codec.clock_rate)
        self._waits_for_keyframe = codec.kind == "video"
        #: Header extensions by audio level, of which there are 256.
        self._extensions: dict[bytes | None, bytes] = {}
        self._packets = 0
        self._octets = 0
        self._started = False
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

    def on_stream(self) -> None:
        """The producer's packets are of another stream from now on."""
        self._started = False

    def on_rtp(
        self,
        packet: RtpPacket,
        payload: bytes,
        sequence: int,
        level: bytes | None,
        report: SenderReport | None,
        now: float,
        *,
        keyframe: bool,
    ) -> bool:
        """Forward a packet whose extended sequence number is ``sequence``. Returns False if a keyframe is needed.

        ``payload`` is the packet's, cut out once for all consumers.
        """
        if not self.active:
            return True
        continuity = self._continuity
        if not self._started:
            if not packet.has_media:
                return True
            if self._waits_for_keyframe and not keyframe:
                return False
            self._started = True
            continuity.start(sequence, packet.timestamp, now)
            if report is not None:
                self.on_sender_report(report)
        numbers = continuity.map(sequence, packet.timestamp, now)
        if numbers is None:
            return True
        extensions = self._extensions.get(level)
        if extensions is None:
            extensions = self._extensions[level] = self._pack_extensions(level)
        self._packets += 1
        self._octets += len(payload)
        header = pack_header(packet, self._codec.payload_type, numbers[0], numbers[1], self.ssrc, extensions)
        self._sink.send_rtp(header + payload)
        return True

    def on_sender_report(self, report: SenderReport) -> None:
        """Forward what the publisher says about its clock, by which sound and picture are kept together."""
        if self.active and self._started:
            timestamp = self._continuity.map_timestamp(report.rtp_timestamp)
            self._sink.send_rtcp(
                pack_sender_report(self.ssrc, report.ntp_timestamp, timestamp, self._packets, self._octets)
                + pack_source_description(self.ssrc, self.cname)
            )

    def _pack_extensions(self, level: bytes | None) -> bytes:
        extensions = [(MID_ID, self._mid)]
        if level is not None:
            extensions.append((AUDIO_LEVEL_ID, level))
        return pack_extensions(extensions)
