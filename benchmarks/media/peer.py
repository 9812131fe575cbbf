"""One connection of the load: to either server it is an ordinary WebRTC peer, with ICE, DTLS-SRTP, RTP and RTCP.

It is the offerer's or the answerer's half of a browser, cheap enough for many of them to share a core: it does not read
by itself (`load` reads for all), and decrypts only what it has to know.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
import struct

import attrs
from aioice import stun

from benchmarks.media.inbox import note_arrivals
from benchmarks.media.place import LOAD
from media.worker.aiortc_hooks import Certificate, DtlsSession

#: What a browser has: seconds between two checks of consent, and between two reports.
CHECK_INTERVAL, REPORT_INTERVAL = 2.5, 1.0
#: Seconds between checks until one was answered, and in which a connection has to come about.
_FIRST_CHECKS, _TIMEOUT = 0.05, 10.0
_BUFFER = 4 << 20
_PRIORITY = 2_122_260_223
_SO_RCVBUFFORCE = 33


@attrs.frozen
class Remote:
    """What the server's SDP says."""

    ufrag: str
    password: str
    fingerprint: tuple[str, str]
    address: tuple[str, int]
    #: Whether it only answers checks (RFC 8445, section 2.5).
    lite: bool

    @classmethod
    def parse(cls, sdp: str) -> Remote:
        algorithm, value = find(r"a=fingerprint:(.+)", sdp).split()
        address, port = find(r"a=candidate:\S+ 1 (?:udp|UDP) \d+ (\S+ \d+) typ host", sdp).split()
        credentials = find(r"a=ice-ufrag:(\S+)", sdp), find(r"a=ice-pwd:(\S+)", sdp)
        return cls(*credentials, (algorithm, value), (address, int(port)), "a=ice-lite" in sdp)


class Peer:
    """A socket and what is spoken over it. `offer` or `answer`, then `connect`."""

    _certificate = Certificate()  # one for all: to make them costs more than all the rest
    #: Who offers controls, unless the other is lite (RFC 8445, section 6.1.1).
    offers = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((LOAD, 0))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        with contextlib.suppress(PermissionError):  # then it is what net.core.rmem_max lets
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        note_arrivals(self.sock)
        self.descriptor = self.sock.fileno()
        self.ssrc = secrets.randbits(31) + 1
        #: Encrypted packets that came, by what they are; and those that were lost on the way, by those decrypted.
        self.media = self.control = 0
        self.connected = False
        self._remote: Remote | None = None
        self._dtls: DtlsSession | None = None
        self._answered = asyncio.Event()
        self._next_check = 0.0

    async def connect(self, sdp: str) -> None:
        """Check and complete the handshake with what the server's SDP says. Raises TimeoutError."""
        self._remote = Remote.parse(sdp)
        async with asyncio.timeout(_TIMEOUT):
            while not self._answered.is_set():
                self.check()
                try:
                    async with asyncio.timeout(_FIRST_CHECKS):
                        await self._answered.wait()
                except TimeoutError:
                    continue
            self._dtls = DtlsSession(self._certificate, self.send, lambda: None, role="client")
            await self._dtls.handshake((self._remote.fingerprint,))
        self.protect, self.protect_control = self._dtls.protectors()
        self.unprotect, self.unprotect_control = self._dtls.unprotectors()
        self.connected = True

    async def close(self) -> None:
        self.connected = False
        if self._dtls is not None:
            await self._dtls.aclose()

    def send(self, data: bytes) -> None:
        """Send a datagram, or lose it."""
        assert self._remote is not None
        try:
            self.sock.sendto(data, self._remote.address)
        except BlockingIOError:
            return

    def take(self, data: bytes) -> None:
        """Take a datagram that is neither RTP nor RTCP."""
        if data[0] < 4:
            message = stun.parse_message(data)
            if message.message_class == stun.Class.REQUEST:
                self._answer_check(message)
            else:
                self._answered.set()
        elif data[0] < 64 and self._dtls is not None:
            self._dtls.feed(data)

    def take_control(self, data: bytes) -> None:  # noqa: ARG002
        """Take an encrypted RTCP packet."""
        self.control += 1

    def tick(self, now: float) -> None:
        """Send the check of consent that is due."""
        if now >= self._next_check:
            self._next_check = now + CHECK_INTERVAL
            self.check()

    def check(self) -> None:
        assert self._remote is not None
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = _PRIORITY
        if self.offers or self._remote.lite:
            request.attributes["ICE-CONTROLLING"] = self.ssrc
            request.attributes["USE-CANDIDATE"] = None
        else:
            request.attributes["ICE-CONTROLLED"] = self.ssrc
        request.add_message_integrity(self._remote.password.encode())
        request.add_fingerprint()
        self.send(bytes(request))

    def _answer_check(self, request: stun.Message) -> None:
        assert self._remote is not None
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = self._remote.address
        response.add_message_integrity(self.password.encode())
        response.add_fingerprint()
        self.send(bytes(response))

    def session_lines(self, mids: list[str]) -> list[str]:
        group = f"a=group:BUNDLE {' '.join(mids)}"
        return ["v=0", f"o=- {self.ssrc} 2 IN IP4 127.0.0.1", "s=-", "t=0 0", group, "a=msid-semantic: WMS *"]

    def transport_lines(self, setup: str) -> list[str]:
        return [
            "c=IN IP4 0.0.0.0",
            "a=rtcp-mux",
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self._certificate.fingerprint}",
            f"a=setup:{setup}",
            f"a=candidate:1 1 udp {_PRIORITY} {LOAD} {self.sock.getsockname()[1]} typ host",
            "a=end-of-candidates",
        ]


class Subscriber(Peer):
    """Receives what one person is sent."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        #: Seconds that packets took from the publisher to here; of some of them.
        self.delays: list[float] = []
        self._sources: list[int] = []
        self._next_report = 0.0

    def answer(self, offer: str) -> str:
        """Agree to receive all that a server offers. It may check before it has the answer."""
        self._remote = Remote.parse(offer)
        sections = offer.split("\r\nm=")[1:]
        lines = self.session_lines([find(r"a=mid:(\S+)", section) for section in sections])
        for section in sections:
            lines += [
                "m=" + section.split("\r\n", 1)[0],
                *self.transport_lines("active"),
                f"a=mid:{find(r'a=mid:(.+)', section)}",
                "a=recvonly" if "a=sendonly" in section else "a=inactive",
                *(f"a={kind}:{rest}" for kind, rest in _KEPT.findall(section)),
            ]
        self._sources = [int(ssrc) for ssrc in dict.fromkeys(re.findall(r"a=ssrc:(\d+) ", offer))]
        return "\r\n".join(lines) + "\r\n"

    def take_sample(self, data: bytes, arrival: float) -> None:
        """Decrypt a packet that arrived then, and note what it took."""
        (sent,) = struct.unpack("!d", self.unprotect(data)[-8:])
        self.delays.append(arrival - sent)

    def tick(self, now: float) -> None:
        super().tick(now)
        if now >= self._next_report and self._sources:
            self._next_report = now + REPORT_INTERVAL
            self.send(self.protect_control(self._report()))

    def _report(self) -> bytes:
        """Write a receiver report that all is well, and an estimate of 20 Mbit/s (REMB)."""
        blocks = b"".join(struct.pack("!IIIIII", ssrc, 0, 0, 10, 0, 0) for ssrc in self._sources[:31])
        report = struct.pack("!BBHI", 0x80 | len(blocks) // 24, 201, len(blocks) // 4 + 1, self.ssrc) + blocks
        estimate = bytes([len(self._sources[:200]), 7 << 2 | 2, 0x62, 0x5A])  # mantissa 156250, exponent 7
        body = struct.pack("!II4s4s", self.ssrc, 0, b"REMB", estimate)
        body += b"".join(ssrc.to_bytes(4) for ssrc in self._sources[:200])
        return report + struct.pack("!BBH", 0x80 | 15, 206, len(body) // 4) + body


#: Lines of an offer that are agreed to as they are.
_KEPT = re.compile(r"a=(rtpmap|fmtp|rtcp-fb|extmap):([^\r\n]+)")


def find(pattern: str, text: str) -> str:
    """Return what the group of a pattern matches. Raises ValueError."""
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"{pattern} is not in {text}")
    return match[1].strip()
