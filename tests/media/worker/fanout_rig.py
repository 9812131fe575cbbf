"""A fan-out with real sockets and SRTP sessions on both sides."""

from __future__ import annotations

import itertools
import socket
from typing import Any

import pylibsrtp
from hypothesis import strategies as st

from media.worker.aiortc_hooks import SrtpSession
from media.worker.counters import Counters
from media.worker.fanout import Outgoing, PictureAt, Route
from media.worker.ice import Address, Path
from media.worker.rtp import RtpPacket, pack_extensions
from media.worker.udp import UdpEndpoint
from tests.media.worker.kernel import make

KEY = bytes(range(28))
#: A header extension block with the MID "0".
OWN = pack_extensions([(4, b"0")])


def srtp(direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(KEY, direction, srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    return pylibsrtp.Session(policy)


class Rig:
    """A socket of ours, and those of some receivers."""

    def __init__(self, name: str, receivers: int = 3) -> None:
        self.counters = Counters()
        self.fanout = make(name, self.counters)
        self.socket = bound()
        self.endpoint = UdpEndpoint(self.socket, lambda *_: None, self.counters)
        self.sockets = [bound() for _ in range(receivers)]
        self.routes: list[Route] = []
        self.renew()

    def renew(self) -> None:
        """Begin with new SRTP sessions, to which no sequence number is old."""
        self.routes = [self.route(sock.getsockname()) for sock in self.sockets]
        self.inbound = [srtp(pylibsrtp.Policy.SSRC_ANY_INBOUND) for _ in self.sockets]

    def route(self, address: Address) -> Route:
        route = self.fanout.route()
        route.secure(SrtpSession(srtp(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)))
        route.take(Path(self.endpoint, address))
        route.open()
        return route

    def outgoing(self, **numbers: int) -> list[Outgoing]:
        """Make one for each receiver."""
        made = [self.fanout.outgoing(route, 96, n + 1, OWN) for n, route in enumerate(self.routes)]
        for out, (name, value) in itertools.product(made, numbers.items()):
            setattr(out, name, value)
        return made

    def forward(self, packet: RtpPacket, receivers: list[Outgoing]) -> None:
        self.fanout.forward(packet, packet.data[packet.payload_at :], receivers, None)

    def receive(self, receiver: int) -> bytes:
        """Return the next datagram for a receiver, as it comes."""
        self.sockets[receiver].settimeout(5)
        return self.sockets[receiver].recv(2_048)

    def unprotect(self, receiver: int, datagram: bytes) -> RtpPacket:
        data: bytes = self.inbound[receiver].unprotect(datagram)
        return RtpPacket(data)

    def is_silent(self, receiver: int) -> bool:
        """Whether nothing waits for a receiver."""
        self.sockets[receiver].setblocking(False)
        try:
            self.sockets[receiver].recv(2_048)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self.endpoint.descriptor[0] = -1
        for sock in (self.socket, *self.sockets):
            sock.close()


def bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


# ---- packets of every form


def rtp(sequence: int = 7, payload: bytes = b"\x10payload", timestamp: int = 1_000) -> RtpPacket:
    return RtpPacket(_header(0x80, 0x80 | 100, sequence, timestamp) + payload)


def _header(first: int, second: int, sequence: int, timestamp: int) -> bytes:
    return bytes([first, second]) + sequence.to_bytes(2) + timestamp.to_bytes(4) + bytes(3) + b"\x05"


def edges(bits: int) -> st.SearchStrategy[int]:
    """Numbers of so many bits, often where they wrap around."""
    top = 1 << bits
    return st.sampled_from([0, 1, top // 2, top - 2, top - 1]) | st.integers(0, top - 1)


@st.composite
def descriptors(draw: st.DrawFn) -> tuple[bytes, PictureAt | None]:
    """VP8 payload descriptors of every form, with where the picture numbers are in them."""
    first = draw(st.integers(0, 0x7F))
    if not draw(st.booleans()):
        return bytes([first]), None
    picture, tl0, layer = draw(st.sampled_from([0, 1, 2])), draw(st.booleans()), draw(st.booleans())
    data = bytes([0x80 | first, (0x80 if picture else 0) | (0x40 if tl0 else 0) | (0x20 if layer else 0)])
    at_picture = at_tl0 = 0
    if picture:
        at_picture = len(data)
        data += bytes([draw(edges(7))]) if picture == 1 else (0x8000 | draw(edges(15))).to_bytes(2)
    if tl0:
        at_tl0 = len(data)
        data += bytes([draw(edges(8))])
    if layer:
        data += b"\x21"
    return data, PictureAt(at_picture, picture, at_tl0) if picture or tl0 else None


@st.composite
def packets(draw: st.DrawFn) -> tuple[RtpPacket, PictureAt | None]:
    """RTP packets with and without padding, contributing sources and header extensions, and a VP8 payload.

    With where the picture numbers are, from the beginning of the payload.
    """
    sources = draw(st.integers(0, 15))
    values = draw(st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=4))
    form = draw(st.sampled_from(["none", "one byte", "two bytes"]))
    extensions = b""
    if form == "one byte":
        extensions = pack_extensions(values)
    elif form == "two bytes":
        block = b"".join(bytes([number, len(value)]) + value for number, value in values)
        block += bytes(-len(block) % 4)
        extensions = b"\x10\x00" + (len(block) // 4).to_bytes(2) + block
    padding = draw(st.sampled_from([0, 1, 4, 255]))
    first = 0x80 | sources | (0x10 if extensions else 0) | (0x20 if padding else 0)
    header = _header(first, draw(st.sampled_from([0, 0x80])) | 100, draw(edges(16)), draw(edges(32)))
    header += bytes(4 * sources) + extensions
    descriptor, picture = draw(descriptors())
    body = draw(st.binary(max_size=30)) + bytes(draw(st.sampled_from([0, 800])))
    pad = bytes(padding - 1) + bytes([padding]) if padding else b""
    return RtpPacket(header + descriptor + body + pad), picture


def expected(packet: RtpPacket, tail: bytes, picture: PictureAt | None, out: dict[str, Any]) -> bytes:
    """Say, as plainly as can be, what a copy is."""
    header: bytes = (
        bytes([0x90 | packet.data[0] & 0x20, packet.data[1] & 0x80 | out["payload_type"]])
        + ((packet.sequence + out["sequence_offset"]) % 2**16).to_bytes(2)
        + ((packet.timestamp + out["timestamp_offset"]) % 2**32).to_bytes(4)
        + out["ssrc"].to_bytes(4)
    )
    data = bytearray(tail)
    if picture is not None:
        at, length, tl0 = picture
        if length == 1:
            data[at] = (data[at] + out["picture_offset"]) % 2**7
        elif length == 2:
            number = (int.from_bytes(data[at : at + 2]) - 0x8000 + out["picture_offset"]) % 2**15
            data[at : at + 2] = (0x8000 + number).to_bytes(2)
        if tl0:
            data[tl0] = (data[tl0] + out["tl0_offset"]) % 2**8
    extensions: bytes = out["extensions"]
    return header + extensions + bytes(data)
