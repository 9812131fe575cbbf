"""A subscriber's transport that keeps what goes out, in the clear."""

from __future__ import annotations

from media.worker.counters import Counters
from media.worker.fanout import Outgoing, PureFanout
from media.worker.ice import Address, Path
from media.worker.rtcp import SenderReport, read_keyframe_requests, read_sender_report, walk
from media.worker.rtp import RtpPacket


class Sink:
    """Has what was sent in ``packets``, ``reports`` and, of RTCP that asks for keyframes, the SSRCs in ``asked``."""

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []
        self.reports: list[SenderReport] = []
        self.asked: list[int] = []
        self.fanout = PureFanout(Counters())
        self.route = self.fanout.route()
        self.route.secure(self)
        self.route.take(Path(self, ("192.0.2.1", 1)))
        self.route.open()

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        return self.fanout.outgoing(self.route, payload_type, ssrc, extensions)

    def protect(self, packet: bytes) -> bytes:
        return packet

    def send(self, data: bytes, address: Address) -> None:
        self.packets.append(RtpPacket(data))

    def send_rtcp(self, packet: bytes) -> None:
        for read in walk(packet):
            if read.type == 200:
                self.reports.append(read_sender_report(read))
            self.asked += read_keyframe_requests(read)
