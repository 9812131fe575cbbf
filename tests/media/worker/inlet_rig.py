"""A layer behind an inlet with real sockets and SRTP sessions, or behind none."""

from __future__ import annotations

import random
import socket
from array import array

import pylibsrtp
from pylibsrtp import _binding

from media.worker import rtcp
from media.worker.aiortc_hooks import SrtpError
from media.worker.codecs import Codec
from media.worker.consumer import Consumer
from media.worker.fanout import Fanout, Outgoing, Route
from media.worker.ice import Path
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.inlet import KernelInlet, KernelLane
from media.worker.layer import Layer
from media.worker.rtp import MalformedPacketError, RtpPacket
from media.worker.udp import UdpEndpoint
from tests.media.worker.fanout_rig import Rig, bound, srtp
from tests.media.worker.kernel import kernel

PAYLOAD_TYPE, RED_PAYLOAD_TYPE, STREAM = 100, 63, 5
LEVEL_ID, WIDE_ID = 1, 3
ROOM = 77


class Way:
    """The transport of one subscriber: a route of the rig's."""

    def __init__(self, fanout: Fanout, route: Route) -> None:
        self._fanout, self._route = fanout, route

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        return self._fanout.outgoing(self._route, payload_type, ssrc, extensions)

    def send_rtp(self, packet: bytes) -> bool:
        assert self._route.protect is not None
        assert self._route.path is not None
        try:
            protected = self._route.protect(packet)
        except SrtpError:  # a number that went out before
            return False
        return self._route.path.endpoint.send(protected, self._route.path.address)

    def send_rtcp(self, packet: bytes) -> None:
        pass


class LayerRig:
    """A publisher's stream into a layer with some consumers: by an inlet, or with none, by function calls.

    Times are those of the test, as far as C lets them be: when a datagram came is what the kernel says.
    """

    def __init__(self, codec: Codec, *, inlet: bool, receivers: int = 3) -> None:
        self.rig = Rig("kernel", receivers)
        assert isinstance(self.rig.fanout, KernelFanout)
        self.counters = self.rig.counters
        self.serving = array("Q", [0])
        self.now = 0.0
        self.socket = bound()
        self.endpoint = UdpEndpoint(self.socket, self._receive, self.counters)
        self.source = bound()
        self.protect = srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect
        self._session = srtp(pylibsrtp.Policy.SSRC_ANY_INBOUND)
        self.inlet: KernelInlet | None = None
        self.layer = Layer(self, 1, codec)
        self.layer.repeats = self.layer.has_repair_stream = codec.kind == "video"
        self.layer.begin(STREAM)
        #: What was asked of the publisher, and what came of transport-wide numbers and levels.
        self.asked: list[str] = []
        self.told: list[tuple[int, int]] = []
        #: Packets that Python forwarded, and those that came without being authentic.
        self.slow = 0
        self.refused = 0
        if inlet:
            self.inlet = KernelInlet(kernel(), self.rig.fanout, self.counters, self.serving, -1)
            assert self.inlet.watch(self.endpoint)
            self.door = self.inlet.door(ROOM, self._arrived)
            self.session = int(_binding.ffi.cast("uintptr_t", self._session._srtp[0]))
            self.door.secure(self.session)
            self.door.take(Path(self.endpoint, self.source.getsockname()))
            self.open_lane(codec)
        random.seed(1)
        self.ways = [Way(self.rig.fanout, route) for route in self.rig.routes]
        self.consumers = [Consumer(way, codec, n + 1, "0", "") for n, way in enumerate(self.ways)]

    def open_lane(self, codec: Codec) -> None:
        lane = self.door.lane(STREAM, codec, self._took)
        lane.read(LEVEL_ID, WIDE_ID, 0)
        assert isinstance(lane, KernelLane)
        self.layer.audience.lane = self.lane = lane

    def play(self) -> None:
        """Have everyone receive it."""
        for consumer in self.consumers:
            consumer.select(self.layer)
            consumer.resume()

    def send(self, *packets: bytes, now: float = 0.0) -> None:
        """Have packets come in."""
        self.now = now
        for packet in packets:
            if self.inlet is None:
                self._take(packet, None)
            else:
                self.send_raw(self.protect(packet))
        self.wait()

    def send_raw(self, datagram: bytes) -> None:
        self.source.sendto(datagram, self.socket.getsockname())

    def wait(self) -> None:
        """Have the inlet take what came."""
        if self.inlet is not None:
            self.inlet.wait(0.0)
            self.inlet.wait(0.0)  # what came after something for Python

    def received(self) -> list[list[RtpPacket]]:
        """Take what came out, for each receiver."""
        return [
            [self.rig.unprotect(number, data) for data in _drain(sock)] for number, sock in enumerate(self.rig.sockets)
        ]

    def ahead(self) -> int:
        """How many packets went by the lane."""
        assert self.inlet is not None
        return self.inlet.statistics().ahead

    def close(self) -> None:
        if self.inlet is not None:
            self.inlet.close()
        self.rig.close()
        self.endpoint.descriptor[0] = -1
        for sock in (self.socket, self.source):
            sock.close()

    # ---- what a layer needs of its transport

    @property
    def fanout(self) -> Fanout:
        return self.rig.fanout

    def send_rtcp(self, packet: bytes) -> None:
        for read in rtcp.walk(packet):
            self.asked += ["keyframe" for _ in rtcp.read_keyframe_requests(read)]
            if (nack := rtcp.read_nack(read)) is not None:
                self.asked += [f"again {number}" for number in nack[1]]

    # ---- what comes in

    def _receive(self, data: bytes, endpoint: object, address: object, now: float) -> None:
        try:
            packet = self._session.unprotect(data)
        except pylibsrtp.Error:
            self.refused += 1
            return
        self._take(packet, now)

    def _arrived(self, data: bytes | None, now: float) -> None:
        if data is None:
            self.refused += 1
        else:
            self._take(data, now)

    def _take(self, data: bytes, at: float | None) -> None:
        """Do what a leg and a producer do."""
        self.slow += 1
        try:
            packet = RtpPacket(data)
        except MalformedPacketError:
            return
        extensions = packet.extensions()
        level = extensions.get(LEVEL_ID)
        level = level if level is not None and len(level) == 1 else None
        wide = extensions.get(WIDE_ID)
        self.told.append((-1 if wide is None else int.from_bytes(wide[:2]), -1 if level is None else level[0]))
        self.layer.on_rtp(packet, level if self.layer.clock_rate == 48_000 else None, self.now)

    def _took(
        self, data: bytes, now: float, timestamp: int, wide: int, level: int, picture: int, tl0: int, temporal: int
    ) -> None:
        assert self.serving[0] == ROOM
        assert now > 0.0
        self.told.append((wide, level))
        self.layer.on_forwarded(data, self.now, timestamp, picture, tl0, temporal)


def state(layer: Layer) -> dict[str, object]:
    """What a layer knows, and its consumers count."""
    reception = layer.reception
    assert reception is not None
    names = ("newest", "timestamp", "picture", "tl0", "arrived", "octets", "packets", "nacks", "size", "keyframe_at")
    return {
        **{name: getattr(layer, name) for name in names},
        "temporal": layer.temporal_octets[:],
        "reception": (reception.expected, reception.received, reception.jitter, reception.transit),
        "missing": layer.missing.statistics(),
        "history": [
            None if (kept := layer.history.get(number)) is None else kept.data
            for number in range((layer.newest or 0) - 600, (layer.newest or 0) + 1)
        ],
        "out": sorted((c.ssrc, c.packets, c.octets, c.unsent, c.left_out) for c in layer.audience.consumers),
        "waiting": [consumer.ssrc for consumer in layer.audience.waiting],
    }


def _drain(sock: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    sock.setblocking(False)
    while True:
        try:
            found.append(sock.recv(2_048))
        except BlockingIOError:
            return found
