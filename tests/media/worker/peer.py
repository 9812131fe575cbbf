"""A headless WebRTC endpoint to put in front of a media worker: real ICE checks, DTLS and SRTP, made-up media.

It stands for one `RTCPeerConnection` of a page that talks to an ICE-lite worker: it checks, nominates, and is the DTLS
client. It runs on asyncio; from a Trio test, run it in a thread.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import struct
import time
from collections.abc import Callable
from typing import Any, Literal, cast

import attrs
from aioice import stun

from media.worker.aiortc_hooks import Certificate, DtlsSession
from media.worker.codecs import AUDIO_LEVEL, MID, TRANSPORT_CC
from media.worker.rtcp import RtcpPacket, pack_pli, walk
from media.worker.rtp import RtpPacket, is_rtcp, pack_extensions
from tests.media.worker.peer_stream import Stream

MID_ID, LEVEL_ID, TRANSPORT_CC_ID = 4, 1, 3
#: The least that is a VP8 keyframe, or is none, to one that forwards it.
KEYFRAME = bytes([0x90, 0x80, 0x01, 0x10, 0x00]) + b"key" * 30
DELTA_FRAME = bytes([0x90, 0x80, 0x02, 0x11, 0x00]) + b"delta" * 30
PAYLOAD_TYPES = {"audio": 109, "video": 100}
#: What a peer may offer and take of pictures, with what it says of them; see `Peer.video`.
VIDEO = {"VP8": "", "VP9": "profile-id=0", "H264": "packetization-mode=1;profile-level-id=42e01f", "AV1": "profile=0"}
VIDEO_PAYLOAD_TYPES = {"VP8": 100, "VP9": 110, "H264": 112, "AV1": 114}
REPAIR_PAYLOAD_TYPE = 101
RED_PAYLOAD_TYPE = 63
CLOCK_RATES = {"audio": 48_000, "video": 90_000}
CHECK_INTERVAL = 0.2
Protocol = Literal["udp", "tcp"]


@attrs.define
class Remote:
    """What the SDP of the worker says."""

    ufrag: str
    password: str
    fingerprint: tuple[str, str]
    address: tuple[str, int]

    @classmethod
    def parse(cls, sdp: str, host: str = "127.0.0.1", protocol: Protocol = "udp") -> Remote:
        port = _find(rf"a=candidate:\S+ 1 {protocol} \d+ {re.escape(host)} (\d+) typ host", sdp)
        algorithm, value = _find(r"a=fingerprint:(.+)", sdp).split()
        return cls(
            _find(r"a=ice-ufrag:(\S+)", sdp), _find(r"a=ice-pwd:(\S+)", sdp), (algorithm, value), (host, int(port))
        )


@attrs.define
class SentStream:
    """A stream that a peer publishes."""

    mid: str
    kind: str
    ssrc: int
    sequence: int = 65_500  # wraps around soon
    timestamp: int = 0xFFFFF000


class Peer(asyncio.DatagramProtocol):
    """One leg. `create` it, exchange SDP, `connect` it; then send, or look at what ``packets`` and ``rtcp`` hold."""

    def __init__(self, name: str, host: str = "127.0.0.1") -> None:
        self.name = name
        #: Where the worker is looked for.
        self.host = host
        self.protocol: Protocol = "udp"
        self.certificate = Certificate()
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)
        self.packets: list[RtpPacket] = []
        self.rtcp: list[RtcpPacket] = []
        self.responses = 0
        #: Whether checks say that their path is to be used.
        self.nominates = True
        self.closed_by_worker = False
        #: Receive without decrypting, where only the worker's side of it matters.
        self.ignore_packets = False
        #: The worker may have them a moment earlier, and send.
        self._has_keys = False
        #: Offer and take repetitions of lost packets (RFC 4588).
        self.repairs = False
        #: The codecs of pictures that it sends and takes. It sends the first, whatever is answered.
        self.video: tuple[str, ...] = ("VP8",)
        #: Offer and take redundant sound (RFC 2198).
        self.red = False
        self._repair_sequence = 7
        self.streams: dict[str, SentStream] = {}
        self._transport_sequence = 65_530
        self._remote: Remote | None = None
        self._dtls: DtlsSession | None = None
        self._checks: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def create(cls, name: str = "peer", host: str = "127.0.0.1", protocol: Protocol = "udp") -> Peer:
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(lambda: cls(name, host), local_addr=(host, 0))
        peer.protocol = protocol
        return peer

    async def move(self, protocol: Protocol) -> None:
        """Have another address from now on, as one that comes into another network, and the old one no more.

        The worker has the same port for both protocols.
        """
        assert self._remote is not None
        assert self._transport is not None
        self._transport.close()
        self.protocol = protocol
        loop = asyncio.get_running_loop()
        if protocol == "tcp":
            await loop.create_connection(lambda: Stream(self), *self._remote.address)
        else:
            await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))

    # ---- SDP

    def offer(self, tracks: dict[str, str], *, extra: str = "") -> str:
        """Offer to send: mid → "audio", "video", or "inactive audio" and so on."""
        lines = self._session(list(tracks))
        for mid, what in tracks.items():
            direction, kind = what.split() if " " in what else ("sendonly", what)
            codecs = {PAYLOAD_TYPES["audio"]: "opus/48000/2"}
            if kind == "video":
                codecs = {VIDEO_PAYLOAD_TYPES[name]: f"{name}/90000" for name in self.video}
            numbers = " ".join(map(str, codecs))
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF {numbers} 35 {RED_PAYLOAD_TYPE} {REPAIR_PAYLOAD_TYPE}",
                "c=IN IP4 0.0.0.0",
                f"a=mid:{mid}",
                f"a={direction}",
                "a=rtcp-mux",
                *(f"a=rtpmap:{number} {codec}" for number, codec in codecs.items()),
                *(f"a=rtcp-fb:{number} {name}" for number in codecs for name in ("transport-cc", "nack pli")),
                *(f"a=fmtp:{VIDEO_PAYLOAD_TYPES[name]} {VIDEO[name]}" for name in self.video if VIDEO[name]),
                f"a=extmap:{MID_ID} {MID}",
                f"a=extmap:{TRANSPORT_CC_ID} {TRANSPORT_CC}",
                f"a=extmap:{LEVEL_ID} {AUDIO_LEVEL}",
                *self._transport_lines("actpass"),
            ]
            if self.red and kind == "audio":
                opus = PAYLOAD_TYPES["audio"]
                lines += [f"a=rtpmap:{RED_PAYLOAD_TYPE} red/48000/2", f"a=fmtp:{RED_PAYLOAD_TYPE} {opus}/{opus}"]
            if self.repairs and kind == "video":
                lines += [
                    *(f"a=rtcp-fb:{number} nack" for number in codecs),
                    f"a=rtpmap:{REPAIR_PAYLOAD_TYPE} rtx/90000",
                    f"a=fmtp:{REPAIR_PAYLOAD_TYPE} apt={next(iter(codecs))}",
                ]
            if mid not in self.streams:
                self.streams[mid] = SentStream(mid, kind, secrets.randbits(31) + 1)
        return "\r\n".join(lines) + "\r\n" + extra

    def answer(self, offer: str) -> str:
        """Agree to receive what a worker offers, of pictures in what it has; refuse the lines of others."""
        sections = offer.split("\r\nm=")[1:]
        lines = self._session([_find(r"a=mid:(\S+)", section) for section in sections])
        for section in sections:
            named = re.findall(r"a=rtpmap:(\d+ (\w+)/\S+)", section)
            taken = [rtpmap for rtpmap, name in named if name in ("opus", *(["red"] if self.red else []), *self.video)]
            if section.split(" ")[1] == "0" or not taken:
                kind, _, rest = section.split("\r\n", 1)[0].split(" ", 2)
                lines += [f"m={kind} 0 {rest}", "c=IN IP4 0.0.0.0", f"a=mid:{_find(r'a=mid:(.+)', section)}"]
                continue
            sends = "a=sendonly" in section
            lines += [
                "m=" + section.split("\r\n", 1)[0],
                "c=IN IP4 0.0.0.0",
                f"a=mid:{_find(r'a=mid:(.+)', section)}",
                "a=recvonly" if sends else "a=inactive",
                "a=rtcp-mux",
                *(f"a=rtpmap:{rtpmap}" for rtpmap in taken),
                *re.findall(r"a=fmtp:\d+ (?!apt)\S+", section),
                *self._transport_lines("active"),
            ]
            if self.repairs:
                lines += re.findall(r"a=(?:rtpmap:\d+ rtx|fmtp:\d+ apt=).*", section.replace("\r", ""))
        return "\r\n".join(lines) + "\r\n"

    def restart_ice(self) -> None:
        """Have new credentials in the next offer."""
        self.ufrag, self.password = secrets.token_hex(4), secrets.token_hex(12)

    # ---- the connection

    async def connect(
        self, remote_sdp: str, *, fingerprint: tuple[str, str] | None = None, timeout: float = 10
    ) -> None:
        """Check, nominate and complete the handshake with what the worker's SDP says."""
        if self.protocol == "tcp":
            self.remote(remote_sdp)
            await self.move("tcp")
        self.check(remote_sdp)
        await self.until(lambda: self.responses > 0, timeout)
        async with asyncio.timeout(timeout):
            await self.shake_hands(fingerprint)

    async def shake_hands(self, fingerprint: tuple[str, str] | None = None) -> None:
        """Complete the handshake, on a path that was checked."""
        assert self._remote is not None
        self._dtls = DtlsSession(self.certificate, self._send, self._on_closed, role="client")
        await self._dtls.handshake((fingerprint or self._remote.fingerprint,))
        self._protect, self._protect_rtcp = self._dtls.protectors()
        self._unprotect, self._unprotect_rtcp = self._dtls.unprotectors()
        self._has_keys = True

    def remote(self, remote_sdp: str) -> None:
        """Take the credentials of this SDP for the checks to come."""
        self._remote = Remote.parse(remote_sdp, self.host, self.protocol)
        self.responses = 0

    def send_check(self) -> None:
        """Check once."""
        self._send(self._check())

    def check(self, remote_sdp: str) -> None:
        """Begin to check with the credentials of this SDP."""
        self.remote(remote_sdp)
        if self._checks is not None:
            self._checks.cancel()
        self._checks = asyncio.create_task(self._keep_checking())

    def send_frame(
        self,
        mid: str,
        *,
        key: bool = False,
        payload: bytes | None = None,
        level: int | None = 30,
        lost: bool = False,
        payload_type: int | None = None,
    ) -> RtpPacket:
        """Publish one packet, or lose it, and return it. Sound has a ``level``, unless that is None."""
        stream = self.streams[mid]
        default = VIDEO_PAYLOAD_TYPES[self.video[0]] if stream.kind == "video" else PAYLOAD_TYPES["audio"]
        extensions = [(MID_ID, mid.encode()), (TRANSPORT_CC_ID, struct.pack("!H", self._transport_sequence))]
        if stream.kind == "audio" and level is not None:
            extensions.append((LEVEL_ID, bytes([level])))
        if payload is None:
            payload = b"opus" * 20 if stream.kind == "audio" else KEYFRAME if key else DELTA_FRAME
        data = (
            struct.pack(
                "!BBHII",
                0x90,
                0x80 | (payload_type or default),
                stream.sequence,
                stream.timestamp,
                stream.ssrc,
            )
            + pack_extensions(extensions)
            + payload
        )
        if not lost:
            self._send(self._protect(data))
        self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
        stream.sequence = (stream.sequence + 1) & 0xFFFF
        stream.timestamp = (stream.timestamp + CLOCK_RATES[stream.kind] // 30) & 0xFFFFFFFF
        return RtpPacket(data)

    def repeat(self, packet: RtpPacket) -> None:
        """Send a packet once more, on a stream of repetitions."""
        data = (
            struct.pack(
                *("!BBHII", packet.data[0], packet.marker | REPAIR_PAYLOAD_TYPE, self._repair_sequence),
                *(packet.timestamp, packet.ssrc ^ 1),
            )
            + packet.data[12 : packet.payload_at]
            + packet.data[2:4]
            + packet.data[packet.payload_at :]
        )
        self._repair_sequence += 1
        self._send(self._protect(data))

    def send_rtcp(self, packet: bytes) -> None:
        self._send(self._protect_rtcp(packet))

    def send_raw(self, datagram: bytes) -> None:
        """Send what is neither encrypted nor meant well."""
        self._send(datagram)

    def ask_keyframe(self, ssrc: int) -> None:
        self.send_rtcp(pack_pli(1, ssrc))

    async def until(self, condition: Callable[[], Any], timeout: float = 5) -> None:
        """Wait for something that an arriving datagram makes true."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        """Say goodbye, as a page that closes its connection."""
        self.stop_checking()
        if self._dtls is not None:
            dtls, self._dtls = self._dtls, None
            await dtls.aclose()
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)

    def stop_checking(self) -> None:
        """Fall silent, as a page whose network is gone."""
        if self._checks is not None:
            self._checks.cancel()
            self._checks = None

    # ---- datagrams

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] < 4:
            response = stun.parse_message(data)
            assert self._remote is not None
            if response.message_class == stun.Class.REQUEST:
                self._answer_check(response)
            elif response.check_message_integrity(self._remote.password.encode()):
                self.responses += 1
        elif data[0] < 64:
            if self._dtls is not None:
                self._dtls.feed(data)
        elif self.ignore_packets or not self._has_keys:
            return
        elif is_rtcp(data):
            self.rtcp += walk(self._unprotect_rtcp(data))
        else:
            self.packets.append(RtpPacket(self._unprotect(data)))
        self._changed.set()

    def _send(self, data: bytes) -> None:
        assert self._transport is not None
        assert self._remote is not None
        self._transport.sendto(data, self._remote.address)

    async def _keep_checking(self) -> None:
        while True:
            self.send_check()
            await asyncio.sleep(CHECK_INTERVAL)

    def _answer_check(self, request: stun.Message) -> None:
        """Prove that this is where it says it is."""
        assert self._remote is not None
        if request.attributes["USERNAME"] == f"{self.ufrag}:{self._remote.ufrag}" and request.check_message_integrity(
            self.password.encode()
        ):
            response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
            response.attributes["XOR-MAPPED-ADDRESS"] = (self.host, 1)
            response.add_message_integrity(self.password.encode())
            self._send(bytes(response))

    def _check(self) -> bytes:
        assert self._remote is not None
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._remote.ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = 1
        request.attributes["ICE-CONTROLLING"] = time.monotonic_ns()
        if self.nominates:
            request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._remote.password.encode())
        return bytes(request)

    def _on_closed(self) -> None:
        self.closed_by_worker = True
        self._changed.set()

    def _session(self, mids: list[str]) -> list[str]:
        return ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {' '.join(mids)}"]

    def _transport_lines(self, setup: str) -> list[str]:
        return [
            f"a=ice-ufrag:{self.ufrag}",
            f"a=ice-pwd:{self.password}",
            f"a=fingerprint:{self.certificate.fingerprint}",
            f"a=setup:{setup}",
        ]


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"{pattern} is not in {text}"
    return match[1].strip()
