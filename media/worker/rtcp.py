"""RTCP packets (RFC 3550, RFC 4585, RFC 5104): reading what arrives and writing what is sent."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import attrs

from media.worker.rtp import MalformedPacketError

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
TRANSPORT_FEEDBACK = 205
PAYLOAD_FEEDBACK = 206

_NACK = 1
_PLI = 1
_FIR = 4
_APPLICATION = 15
_TRANSPORT_CC = 15
_MAX_REPORTS = 31
#: Entries of one NACK, far below what a datagram takes.
_MAX_ENTRIES = 64

_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IQIII")
_BLOCK = struct.Struct("!IIIIII")


@attrs.frozen
class RtcpPacket:
    """One packet of a compound: its type, the five bits that are a count or a format, and all of its bytes."""

    type: int
    count: int
    data: bytes


@attrs.frozen
class SenderReport:
    """What a sender says about its clock: that ``rtp_timestamp`` was at ``ntp_timestamp`` (64 bits, RFC 3550)."""

    ssrc: int
    ntp_timestamp: int
    rtp_timestamp: int


@attrs.frozen
class ReportBlock:
    """What a receiver says about one stream (RFC 3550, section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_sender_report: int
    delay_since: int


def walk(data: bytes) -> Iterator[RtcpPacket]:
    """Go through a compound packet. Raises MalformedPacketError where it stops making sense."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise MalformedPacketError("an RTCP packet is cut off")
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 * (words + 1)
        if first & 0xC0 != 0x80 or end > len(data):
            raise MalformedPacketError("not an RTCP packet")
        yield RtcpPacket(kind, first & 0x1F, data[at:end])
        at = end


def read_sender_report(packet: RtcpPacket) -> SenderReport:
    """Read the sender's part of an SR. Raises MalformedPacketError."""
    if len(packet.data) < 28:
        raise MalformedPacketError("a sender report is cut off")
    ssrc, ntp, timestamp, _, _ = _SENDER.unpack_from(packet.data, 4)
    return SenderReport(ssrc, ntp, timestamp)


def read_keyframe_requests(packet: RtcpPacket) -> list[int]:
    """Return the SSRCs of which a keyframe is asked, by PLI (RFC 4585) or FIR (RFC 5104); none for other packets."""
    if packet.type != PAYLOAD_FEEDBACK:
        return []
    data = packet.data
    if packet.count == _PLI and len(data) >= 12:
        return [int.from_bytes(data[8:12])]
    if packet.count == _FIR:
        return [int.from_bytes(data[at : at + 4]) for at in range(12, len(data) - 7, 8)]
    return []


def read_nack(packet: RtcpPacket) -> tuple[int, list[int]] | None:
    """Return the SSRC and the sequence numbers that a generic NACK asks for (RFC 4585, section 6.2.1)."""
    if packet.type != TRANSPORT_FEEDBACK or packet.count != _NACK or len(packet.data) < 16:
        return None
    data = packet.data
    numbers: list[int] = []
    for at in range(12, len(data) - 3, 4):
        first, following = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        numbers.append(first)
        numbers += [first + bit + 1 & 0xFFFF for bit in range(16) if following >> bit & 1]
    return int.from_bytes(data[8:12]), numbers


def read_report_blocks(packet: RtcpPacket) -> list[ReportBlock]:
    """Return what an SR or an RR says of the streams its sender receives; none for other packets."""
    if packet.type not in (SENDER_REPORT, RECEIVER_REPORT):
        return []
    data = packet.data
    at = 28 if packet.type == SENDER_REPORT else 8
    blocks: list[ReportBlock] = []
    for start in range(at, min(len(data) - _BLOCK.size, at + _BLOCK.size * (packet.count - 1)) + 1, _BLOCK.size):
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(data, start)
        lost = (loss & 0xFFFFFF ^ 0x800000) - 0x800000
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last, delay))
    return blocks


def read_estimate(packet: RtcpPacket) -> int | None:
    """Return the bits a second that a receiver estimates its link to take (REMB, draft-alvestrand-rmcat-remb-03)."""
    data = packet.data
    if packet.type != PAYLOAD_FEEDBACK or packet.count != _APPLICATION or len(data) < 20 or data[12:16] != b"REMB":
        return None
    return (int.from_bytes(data[17:20]) & 0x3FFFF) << (data[17] >> 2)


def pack_sender_report(ssrc: int, ntp_timestamp: int, rtp_timestamp: int, packets: int, octets: int) -> bytes:
    """Write an SR without report blocks."""
    body = _SENDER.pack(ssrc, ntp_timestamp, rtp_timestamp & 0xFFFFFFFF, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _pack(SENDER_REPORT, 0, body)


def pack_receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """Write an RR; blocks beyond the 31 that fit are left out."""
    blocks = blocks[:_MAX_REPORTS]
    body = b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | max(-0x800000, min(0x7FFFFF, block.packets_lost)) & 0xFFFFFF,
            block.highest_sequence & 0xFFFFFFFF,
            block.jitter & 0xFFFFFFFF,
            block.last_sender_report,
            block.delay_since & 0xFFFFFFFF,
        )
        for block in blocks
    )
    return _pack(RECEIVER_REPORT, len(blocks), ssrc.to_bytes(4) + body)


def pack_source_description(ssrc: int, cname: str) -> bytes:
    """Write an SDES packet with a CNAME, which ties the streams of one participant to one clock."""
    name = cname.encode()[:255]
    chunk = ssrc.to_bytes(4) + bytes([1, len(name)]) + name
    return _pack(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))


def pack_estimate(ssrc: int, bitrate: int, ssrcs: Sequence[int]) -> bytes:
    """Write a REMB for these streams."""
    exponent = max(0, bitrate.bit_length() - 18)
    body = bytes([len(ssrcs), exponent << 2 | bitrate >> exponent >> 16]) + (bitrate >> exponent & 0xFFFF).to_bytes(2)
    head = ssrc.to_bytes(4) + bytes(4) + b"REMB"
    return _pack(PAYLOAD_FEEDBACK, _APPLICATION, head + body + b"".join(each.to_bytes(4) for each in ssrcs))


def pack_pli(ssrc: int, media_ssrc: int) -> bytes:
    """Write a picture loss indication: the receiver cannot go on without a keyframe (RFC 4585, section 6.3.1)."""
    return _pack(PAYLOAD_FEEDBACK, _PLI, ssrc.to_bytes(4) + media_ssrc.to_bytes(4))


def pack_nacks(ssrc: int, media_ssrc: int, numbers: Sequence[int]) -> list[bytes]:
    """Write generic NACKs for these extended sequence numbers, which are in order; none for none."""
    entries: list[bytes] = []
    at = 0
    while at < len(numbers):
        first, following = numbers[at], 0
        at += 1
        while at < len(numbers) and numbers[at] - first <= 16:
            following |= 1 << numbers[at] - first - 1
            at += 1
        entries.append((first & 0xFFFF).to_bytes(2) + following.to_bytes(2))
    head = ssrc.to_bytes(4) + media_ssrc.to_bytes(4)
    return [
        _pack(TRANSPORT_FEEDBACK, _NACK, head + b"".join(entries[start : start + _MAX_ENTRIES]))
        for start in range(0, len(entries), _MAX_ENTRIES)
    ]


def pack_transport_feedback(ssrc: int, media_ssrc: int, feedback: bytes) -> bytes:
    """Write transport-wide congestion control feedback; ``feedback`` comes from `media.worker.twcc`."""
    body = ssrc.to_bytes(4) + media_ssrc.to_bytes(4) + feedback
    return _pack(TRANSPORT_FEEDBACK, _TRANSPORT_CC, body + bytes(-len(body) % 4))


def _pack(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body
