from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.rtp import MalformedPacketError, RtpPacket, is_rtcp, pack_extensions, pack_start


def rtp(payload: bytes = b"payload", *, extensions: bytes = b"", first: int = 0x80, marker: int = 0x80) -> bytes:
    return struct.pack("!BBHII", first | (0x10 if extensions else 0), marker | 96, 7, 1000, 42) + extensions + payload


def test_reads_the_header() -> None:
    packet = RtpPacket(rtp())
    assert (packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc) == (96, 7, 1000, 42)
    assert packet.marker
    assert packet.data[packet.payload_at :] == b"payload"
    assert packet.extensions() == {}


def test_steps_over_contributing_sources() -> None:
    data = rtp(b"\0" * 8 + b"payload", first=0x82)
    assert data[RtpPacket(data).payload_at :] == b"payload"


@pytest.mark.parametrize("data", [b"", bytes(12), rtp()[:11], rtp(b"", first=0x81), rtp(b"\0\0\0", first=0x90)])
def test_refuses_what_is_cut_off(data: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        RtpPacket(data)


def test_extensions_in_both_forms() -> None:
    one = pack_extensions([(4, b"mid0"), (1, b"\x1e")])
    assert RtpPacket(rtp(extensions=one)).extensions() == {4: b"mid0", 1: b"\x1e"}
    two = struct.pack("!HH", 0x1000, 3) + b"\x04\x04mid0" + b"\0" + b"\x14\x01\x1e" + b"\0\0"
    assert RtpPacket(rtp(extensions=two)).extensions() == {4: b"mid0", 20: b"\x1e"}


def test_an_extension_that_is_cut_off_ends_the_list() -> None:
    block = struct.pack("!HH", 0xBEDE, 1) + b"\x10\x01\x4f\x02"
    assert RtpPacket(rtp(extensions=block)).extensions() == {1: b"\x01"}


def test_padding_alone_is_no_media() -> None:
    assert RtpPacket(rtp()).has_media
    assert not RtpPacket(rtp(b"\0\0\0\x04", first=0xA0)).has_media
    assert RtpPacket(rtp(b"x\0\0\x03", first=0xA0)).has_media
    assert not RtpPacket(rtp(b"")).has_media


def test_a_packet_goes_on_under_another_header() -> None:
    packet = RtpPacket(rtp(b"x\0\0\x03", first=0xA0, extensions=pack_extensions([(9, b"9")])))
    header = pack_start(packet, 111, 0x1FFFF, 0x1_0000_0005, 77) + pack_extensions([(4, b"0")])
    out = RtpPacket(header + packet.data[packet.payload_at :])
    assert (out.payload_type, out.sequence, out.timestamp, out.ssrc) == (111, 0xFFFF, 5, 77)
    assert out.marker
    assert out.padding
    assert out.extensions() == {4: b"0"}
    assert out.data[out.payload_at :] == b"x\0\0\x03"


def test_rtcp_is_told_apart() -> None:
    assert not is_rtcp(rtp())
    assert is_rtcp(bytes([0x80, 200]))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_packet_or_malformed(data: bytes) -> None:
    try:
        packet = RtpPacket(data)
    except MalformedPacketError:
        return
    packet.extensions()
    assert packet.payload_at <= len(data)
    assert packet.has_media in (True, False)
