"""Made-up streams and sinks, for the tests of what forwards them."""

from __future__ import annotations

import struct

from media.worker import rtcp
from media.worker.codecs import OPUS, VP8
from media.worker.counters import Counters
from media.worker.fanout import Outgoing, PureFanout
from media.worker.ice import Address, Path
from media.worker.layer import Layer
from media.worker.rtp import RtpPacket
from media.worker.rtx import original_sequence

PAYLOAD_TYPE = 100


class Sink:
    """The transport of a subscriber or of a publisher."""

    is_stream = False

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []
        self.reports: list[rtcp.SenderReport] = []
        #: Packets and octets, as the sender reports had them.
        self.counts: list[tuple[int, ...]] = []
        self.asked_keyframes: list[int] = []
        self.nacks: list[int] = []
        self.fanout = PureFanout(Counters())
        #: Whether it takes packets; else it refuses them, as the kernel does where a buffer is full.
        self.takes = True
        self.route = self.fanout.route()
        self.route.secure(self)
        self.route.take(Path(self, ("192.0.2.1", 1)))
        self.route.open()

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        return self.fanout.outgoing(self.route, payload_type, ssrc, extensions)

    def protect(self, packet: bytes) -> bytes:
        """Leave it in the clear."""
        return packet

    def send(self, data: bytes, address: Address) -> bool:
        """Be the endpoint that its route leads to."""
        return self.send_rtp(data)

    def send_rtp(self, packet: bytes) -> bool:
        if self.takes:
            self.packets.append(RtpPacket(packet))
        return self.takes

    def send_rtcp(self, packet: bytes) -> None:
        for read in rtcp.walk(packet):
            self.asked_keyframes += rtcp.read_keyframe_requests(read)
            if read.type == rtcp.SENDER_REPORT:
                self.reports.append(rtcp.read_sender_report(read))
                self.counts.append(struct.unpack_from("!II", read.data, 20))
            if (nack := rtcp.read_nack(read)) is not None:
                self.nacks += nack[1]

    def repeated(self, payload_type: int = 97) -> list[int]:
        """Return the original sequence numbers of the repetitions that came."""
        return [original_sequence(p) or 0 for p in self.packets if p.payload_type == payload_type]

    def steps(self) -> list[int]:
        """Return the sequence numbers of the packets, as differences from the first."""
        packets = [p for p in self.packets if p.payload_type != 97]
        return [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets]


def descriptor(*, key: bool, picture: int, tl0: int, layer: int = 0, sync: bool = False, begins: bool = True) -> bytes:
    """Write a VP8 payload descriptor with all its fields, and the first octet of a picture."""
    return struct.pack(
        "!BBHBBB",
        0x90 if begins else 0x80,
        0xF0,
        0x8000 | picture & 0x7FFF,
        tl0 & 0xFF,
        layer << 6 | (0x20 if sync else 0),
        0 if key else 1,
    )


class Stream:
    """A publisher's stream into a layer: made of pictures of one packet each."""

    def __init__(
        self, layer: Layer, ssrc: int = 5, *, sequence: int = 100, timestamp: int = 0, picture: int = 0
    ) -> None:
        self.layer = layer
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        self.picture = picture
        self.tl0 = picture
        layer.begin(ssrc)

    def make(
        self,
        *,
        key: bool = False,
        temporal: int = 0,
        sync: bool = False,
        begins: bool = True,
        payload: bytes | None = None,
    ) -> RtpPacket:
        """Make the next packet, and send none."""
        if begins:
            self.picture += 1
            self.timestamp += 3_000
            self.tl0 += temporal == 0
        if payload is None:
            payload = descriptor(
                key=key, picture=self.picture, tl0=self.tl0, layer=temporal, sync=sync, begins=begins
            ) + bytes([self.sequence & 0xFF] * 20)
        packet = RtpPacket(
            struct.pack("!BBHII", 0x80, PAYLOAD_TYPE, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc)
            + payload
        )
        self.sequence += 1
        return packet

    def send(
        self, now: float = 0.0, *, key: bool = False, temporal: int = 0, sync: bool = False, begins: bool = True
    ) -> RtpPacket:
        """Have the next packet come in."""
        packet = self.make(key=key, temporal=temporal, sync=sync, begins=begins)
        self.layer.on_rtp(packet, None, now)
        return packet


def video_layer(sink: Sink | None = None, rid: str | None = None) -> Layer:
    """Make a layer whose publisher repeats what is lost, on a stream of its own."""
    layer = Layer(sink or Sink(), 1, VP8, rid)
    layer.repeats = layer.has_repair_stream = True
    return layer


def audio_layer() -> Layer:
    return Layer(Sink(), 1, OPUS)
