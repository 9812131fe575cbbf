"""A publisher of the load: a microphone and a camera, as a browser packs them, with the time in each packet."""

from __future__ import annotations

import secrets
import struct
import time

import attrs

from benchmarks.media.peer import REPORT_INTERVAL, Peer
from media.worker.codecs import AUDIO_LEVEL, MID, TRANSPORT_CC

AUDIO, VIDEO = "0", "1"
_AUDIO_TYPE, _VIDEO_TYPE = 111, 96
_LEVEL_ID, _TRANSPORT_CC_ID, _MID_ID = 1, 3, 4
#: Octets of a packet's payload, and sound's packets a second. Most of video's packets are as large as can be.
VIDEO_PAYLOAD, AUDIO_PAYLOAD = 1_080, 80
AUDIO_RATE = 50
#: Pictures a second.
FRAMES = 25
_NTP_EPOCH = 2_208_988_800


@attrs.define
class _Stream:
    ssrc: int
    clock: int
    sequence: int = 0
    timestamp: int = 0
    packets: int = 0
    octets: int = 0


class Publisher(Peer):
    """Sends what is due when it is told the time. ``rate`` is of packets a second, of which sound has `AUDIO_RATE`."""

    offers = True

    def __init__(self, name: str, rate: int) -> None:
        super().__init__(name)
        self._audio = _Stream(secrets.randbits(31) + 1, 48_000)
        self._video = _Stream(secrets.randbits(31) + 1, 90_000)
        self._video_rate = rate - AUDIO_RATE
        self._per_frame = max(1, round(self._video_rate / FRAMES))
        self._began: float | None = None
        #: Packets of each before that.
        self._before = (0, 0)
        self._transport_sequence = 0
        self._picture = 0
        self._wants_key = True
        self._is_key = False
        self._next_report = 0.0
        #: Packets sent.
        self.sent = 0

    def offer(self, setup: str = "actpass") -> str:
        """Offer to send both; this side does as the client of DTLS, whatever ``setup`` lets the server choose."""
        lines = self.session_lines([AUDIO, VIDEO])
        for mid, stream in ((AUDIO, self._audio), (VIDEO, self._video)):
            kind, number, codec = (
                ("audio", _AUDIO_TYPE, "opus/48000/2") if mid == AUDIO else ("video", _VIDEO_TYPE, "VP8/90000")
            )
            feedback = ["transport-cc"] if mid == AUDIO else ["transport-cc", "ccm fir", "nack", "nack pli"]
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF {number}",
                *self.transport_lines(setup),
                f"a=mid:{mid}",
                "a=sendonly",
                f"a=rtpmap:{number} {codec}",
                *(f"a=rtcp-fb:{number} {name}" for name in feedback),
                f"a=extmap:{_MID_ID} {MID}",
                f"a=extmap:{_TRANSPORT_CC_ID} {TRANSPORT_CC}",
                *([f"a=extmap:{_LEVEL_ID} {AUDIO_LEVEL}"] if mid == AUDIO else []),
                f"a=msid:{self.name} {self.name}-{mid}",
                f"a=ssrc:{stream.ssrc} cname:{self.name}",
            ]
        return "\r\n".join(lines) + "\r\n"

    def begin(self, now: float) -> None:
        """Send from now on."""
        self._began = now
        self._before = self._audio.packets, self._video.packets

    def end(self) -> None:
        """Send nothing until it begins again."""
        self._began = None

    def take_control(self, data: bytes) -> None:
        super().take_control(data)
        if self.connected:
            packet = self.unprotect_control(data)
            at = 0
            while at + 4 <= len(packet):  # a picture loss indication (1), or a full intra request (4)
                self._wants_key |= packet[at + 1] == 206 and packet[at] & 31 in (1, 4)
                at += 4 * (int.from_bytes(packet[at + 2 : at + 4]) + 1)

    def tick(self, now: float) -> None:
        super().tick(now)
        if self._began is None:
            return
        elapsed = now - self._began
        audio, video = self._before
        while self._audio.packets - audio < elapsed * AUDIO_RATE:
            self._audio.timestamp += 960
            self._send(self._audio, _AUDIO_TYPE, AUDIO, b"", AUDIO_PAYLOAD, marker=False)
        while self._video.packets - video < elapsed * self._video_rate:
            self._send_video()
        if now >= self._next_report:
            self._next_report = now + REPORT_INTERVAL
            for stream in (self._audio, self._video):
                self.send(self.protect_control(self._report(stream)))

    def _send_video(self) -> None:
        place = self._video.packets % self._per_frame
        if place == 0:
            self._video.timestamp += 90_000 // FRAMES
            self._picture = (self._picture + 1) & 0x7FFF
            self._is_key, self._wants_key = self._wants_key, False
        first = b"\x10\x00\x00\x9d\x01\x2a\x80\x02\x68\x01" if self._is_key else b"\x11\x00\x00"
        start = struct.pack("!BBH", 0x90 if place == 0 else 0x80, 0x80, 0x8000 | self._picture)
        descriptor = start + first if place == 0 else start + b"\x01"
        self._send(self._video, _VIDEO_TYPE, VIDEO, descriptor, VIDEO_PAYLOAD, marker=place == self._per_frame - 1)

    def _send(self, stream: _Stream, kind: int, mid: str, begin: bytes, size: int, *, marker: bool) -> None:
        extension = bytes([_MID_ID << 4, ord(mid), _TRANSPORT_CC_ID << 4 | 1]) + self._transport_sequence.to_bytes(2)
        extension += bytes([_LEVEL_ID << 4, 0x80 | 30, 0]) if mid == AUDIO else bytes(3)
        header = struct.pack(
            "!BBHIIHH",
            0x90,
            marker << 7 | kind,
            stream.sequence,
            stream.timestamp & 0xFFFFFFFF,
            stream.ssrc,
            0xBEDE,
            len(extension) // 4,
        )
        packet = header + extension + begin + bytes(size - len(begin) - 8) + struct.pack("!d", time.time())
        self.send(self.protect(packet))
        self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
        stream.sequence = (stream.sequence + 1) & 0xFFFF
        stream.packets += 1
        stream.octets += size
        self.sent += 1

    def _report(self, stream: _Stream) -> bytes:
        now = time.time() + _NTP_EPOCH
        seconds, part = int(now), int(now % 1 * (1 << 32))
        counts = (stream.packets, stream.octets & 0xFFFFFFFF)
        return struct.pack(
            "!BBHIIIIII", 0x80, 200, 6, stream.ssrc, seconds, part, stream.timestamp & 0xFFFFFFFF, *counts
        )
