"""The readers. Each target takes any bytes, and raises only what is a bug."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable

import attrs
from aiortc.sdp import SessionDescription

from chatroom.errors import ProtocolError, UserError
from chatroom.wire import decode
from media.messages import (
    MAX_TRACKS,
    BadMessage,
    Join,
    LegChanged,
    Ready,
    decode_reply,
    decode_request,
    encode_error,
    encode_event,
    encode_request,
)
from media.worker import av1, h264, red, rtcp, sdp, vp8, vp9
from media.worker.dependencies import Dependencies
from media.worker.errors import RequestError
from media.worker.framing import MAX_PACKET, Deframer, FramingError, frame
from media.worker.picture import HIGHEST, Picture, renumber
from media.worker.publish_leg import read_offer
from media.worker.rtp import MalformedPacketError, RtpPacket, pack_extensions
from media.worker.rtx import original_sequence, restore
from media.worker.sdp_writer import write_answer
from tests.fuzz.legs import legs, steps
from tests.media.worker.test_ice import Bench, check
from tests.media.worker.test_sdp import OFFER, TRANSPORT


@attrs.frozen
class Target:
    """A reader, and examples of what it reads."""

    name: str
    run: Callable[[bytes], None]
    examples: tuple[bytes, ...]


def stun(data: bytes) -> None:
    """A datagram from nobody: never answered, and nothing is kept of it."""
    bench = Bench()
    bench.transport()
    bench.receive(data)
    assert bench.socket.sent == []
    assert bench.data == []
    assert bench.agent.size == (1, 0)


def rtp(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        packet = RtpPacket(data)
        assert packet.payload_at <= len(data)
        assert packet.has_media in (True, False)
        assert sum(map(len, packet.extensions().values())) <= len(data)
        if (number := original_sequence(packet)) is not None:
            assert restore(packet, 96, 7).sequence == number


def compound(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        for packet in rtcp.walk(data):
            assert len(rtcp.read_keyframe_requests(packet)) <= len(data)
            assert len(rtcp.read_report_blocks(packet)) <= len(data)
            nack = rtcp.read_nack(packet)
            assert nack is None or len(nack[1]) <= 17 * len(data) // 4
            assert (rtcp.read_estimate(packet) or 0) >= 0
            if packet.type == rtcp.SENDER_REPORT:
                rtcp.read_sender_report(packet)


def payload(read: Callable[[bytes, int], Picture | None]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        picture = read(data, 0)
        if picture is not None:
            assert len(renumber(data, 0, picture, 1, 1)) == len(data)

    return run


def redundancy(data: bytes) -> None:
    begin = red.primary(data, 0)
    assert begin is None or 0 < begin <= len(data)
    assert len(red.relabel(data, 111) or data) == len(data)


def dependencies(data: bytes) -> None:
    described = Dependencies()
    for descriptor in (data, data[:3]):
        assert 0 <= described.describe(Picture(True, False, None), descriptor).layer <= HIGHEST


def framing(data: bytes) -> None:
    whole, pieces = Deframer(), Deframer()
    try:
        found = whole.feed(data)
    except FramingError:
        return
    assert whole.kept < 2 + MAX_PACKET
    assert [packet for at in range(len(data)) for packet in pieces.feed(data[at : at + 1])] == found


def description(data: bytes) -> None:
    try:
        offer = sdp.read(data.decode(errors="replace"), MAX_TRACKS)
    except RequestError:
        return
    answer = write_answer(1, 1, TRANSPORT, [(line, not line.rejected) for line in offer.media])
    assert len(SessionDescription.parse(answer).media) == len(offer.media)


def offer(data: bytes) -> None:
    with contextlib.suppress(RequestError):
        read_offer(data.decode(errors="replace"), {"0": "microphone", "1": "camera"})


def command(data: bytes) -> None:
    with contextlib.suppress(ProtocolError, UserError):
        decode(data.decode(errors="replace"))


def bridge(data: bytes) -> None:
    for read in (decode_request, decode_reply):
        with contextlib.suppress(BadMessage):
            read(data)


_EXTENSIONS = pack_extensions([(1, b"\x85"), (4, b"0"), (5, b"\x01\x02")])
_RTP = struct.pack("!BBHII", 0x90, 0x80 | 96, 7, 1_000, 42) + _EXTENSIONS + b"\x90\x80\x85\x01\x00picture"
_REPORT = rtcp.ReportBlock(5, 25, -3, 70_000, 12, 0xAABBCCDD, 99)
_COMMANDS: list[dict[str, object]] = [
    {"type": "join", "room": "blue", "name": "Ada", "microphone": True, "camera": False, "screens": [1], "ref": "1"},
    {"type": "resume", "room": "blue", "token": "t", "seq": 3, "microphone": True, "camera": False},
    {"type": "publish", "sdp": "v=0", "tracks": {"0": "microphone", "1": "screen"}},
    {"type": "layout", "sizes": {"p1": 180, "p1/screen:1": 720}},
    {
        "type": "report", "microphone": {"state": "live", "level": -30.5}, "camera": {"state": "off"},
        "sound": "playing", "publish": "connected", "subscribe": "new", "playing": {"p1": {"seconds": 5, "frames": 3}},
    },
]  # fmt: skip

TARGETS = (
    Target("stun", stun, (check(("ufrag", "0123456789abcdef"), nominate=True), b"\x16\xfe\xfd" + bytes(20), _RTP)),
    Target("rtp", rtp, (_RTP, b"\xb2" + _RTP[1:12] + bytes(8) + b"\x10\x00\x00\x01\x05\x02ab" + bytes(7) + b"\x07")),
    Target(
        "rtcp",
        compound,
        (
            rtcp.pack_sender_report(1, 2**40, 2**32 + 3, 4, 5) + rtcp.pack_source_description(3, "alice"),
            rtcp.pack_receiver_report(2, [_REPORT, _REPORT]) + rtcp.pack_pli(6, 7),
            b"".join(rtcp.pack_nacks(1, 2, [5, 6, 30, 400])),
            rtcp.pack_estimate(1, 2_000_000, [7, 8]) + rtcp.pack_transport_feedback(1, 2, bytes(8)),
        ),
    ),
    Target(
        "vp8",
        payload(vp8.read_picture),
        (
            b"\x90\xf0\x85\x01\x07\x20\x00\x00\x00\x9d\x01\x2a\x80\x02\x68\x01",
            b"\x10\x00\x00\x00\x9d\x01\x2a\x80\x02\x68\x01",
        ),
    ),
    Target(
        "vp9",
        payload(vp9.read_picture),
        (
            b"\x8a\x81\x02\x10\x02\x80\x01\x68\x00\x01\x04\x82\x49\x83\x42",
            b"\xaa\x85\x20\x07\x1c\x02\x80\x01\x68\x86\x49",
        ),
    ),
    Target(
        "h264",
        payload(h264.read_picture),
        (
            b"\x78\x00\x0f\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8\x06\xd0\xa1\x35\x00\x10\x00\x04\x68\xce\x0f\xc8\x00\x02\x65\x88",
            b"\x7c\x85\x88\x84",
            b"\x67\x42\xc0\x1f\xda\x01\x40\x16\xe8",
        ),
    ),
    Target(
        "av1",
        payload(av1.read_picture),
        (
            b"\x18\x0a\x0b\x00\x00\x00\x24\xc4\xff\xdf\x00\x68\x02\x00\x32\x10\x10\x00",
            b"\x28\x0b\x0a\x0b\x00\x00\x00\x24\xc4",
        ),
    ),
    Target("red", redundancy, (b"\xef\x0f\x00\x03\x6fabcdef", b"\x6fabc")),
    Target("dependencies", dependencies, (b"\x80\x00\x01\x84\x02\x29\x2a\xaa\xa0\x60\x50" + bytes(8), b"\x81\x00\x02")),
    Target("framing", framing, (frame(_RTP) + frame(b"") + frame(b"a"),)),
    Target("sdp", description, (OFFER.encode(),)),
    Target("offer", offer, (OFFER.encode(),)),
    Target("command", command, tuple(json.dumps(each).encode() for each in _COMMANDS)),
    Target(
        "bridge",
        bridge,
        (
            encode_request(1, Join("blue", "p1", 1)).encode(),
            encode_error(1, "bad_sdp", "No.").encode(),
            encode_event(Ready(10_000, ["127.0.0.1"])).encode(),
            encode_event(LegChanged("blue", "p1", 1, "publish", "connected")).encode(),
        ),
    ),
    Target("legs", legs, (steps(),)),
)
BY_NAME = {target.name: target for target in TARGETS}
