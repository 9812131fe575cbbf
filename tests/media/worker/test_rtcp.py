from __future__ import annotations

import contextlib

import pytest
from aiortc.rtp import RtcpPacket as Reference
from aiortc.rtp import RtcpPsfbPacket, RtcpRrPacket, RtcpSdesPacket, RtcpSrPacket
from hypothesis import given
from hypothesis import strategies as st

from media.worker import rtcp
from media.worker.rtp import MalformedPacketError


def test_what_is_written_is_what_another_implementation_reads() -> None:
    block = rtcp.ReportBlock(5, 25, -3, 70_000, 12, 0xAABBCCDD, 99)
    compound = (
        rtcp.pack_sender_report(1, 2**40, 2**32 + 3, 4, 5)
        + rtcp.pack_receiver_report(2, [block])
        + rtcp.pack_source_description(3, "alice")
        + rtcp.pack_pli(6, 7)
    )
    sr, rr, sdes, pli = Reference.parse(compound)
    assert isinstance(sr, RtcpSrPacket)
    info = sr.sender_info
    assert (info.ntp_timestamp, info.rtp_timestamp, info.packet_count, info.octet_count) == (2**40, 3, 4, 5)
    assert isinstance(rr, RtcpRrPacket)
    read = rr.reports[0]
    assert (read.ssrc, read.fraction_lost, read.packets_lost, read.highest_sequence) == (5, 25, -3, 70_000)
    assert (read.jitter, read.lsr, read.dlsr) == (12, 0xAABBCCDD, 99)
    assert isinstance(sdes, RtcpSdesPacket)
    assert sdes.chunks[0].items == [(1, b"alice")]
    assert isinstance(pli, RtcpPsfbPacket)
    assert (pli.fmt, pli.ssrc, pli.media_ssrc) == (1, 6, 7)


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "x" * 300])
def test_source_descriptions_are_padded(name: str) -> None:
    (packet,) = rtcp.walk(rtcp.pack_source_description(1, name))
    assert packet.type == rtcp.SOURCE_DESCRIPTION
    assert packet.data.endswith(b"\0")


def test_more_reports_than_fit_are_left_out() -> None:
    blocks = [rtcp.ReportBlock(n, 0, 0, 0, 0, 0, 0) for n in range(40)]
    (packet,) = rtcp.walk(rtcp.pack_receiver_report(1, blocks))
    assert packet.count == 31


def test_keyframe_requests_in_both_forms() -> None:
    fir = (
        bytes([0x84, 206, 0, 6]) + (1).to_bytes(4) + bytes(4) + (8).to_bytes(4) + bytes(4) + (9).to_bytes(4) + bytes(4)
    )
    packets = list(rtcp.walk(rtcp.pack_pli(1, 7) + fir))
    assert [rtcp.read_keyframe_requests(packet) for packet in packets] == [[7], [8, 9]]


def test_transport_feedback_is_no_keyframe_request() -> None:
    (packet,) = rtcp.walk(rtcp.pack_transport_feedback(1, 7, b"12345"))
    assert packet.count == 15
    assert len(packet.data) % 4 == 0
    assert rtcp.read_keyframe_requests(packet) == []


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda data: bytes([0x81, 206, 0, len(data) // 4]) + data))
def test_any_bytes_are_packets_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedPacketError):
        for packet in rtcp.walk(data):
            rtcp.read_keyframe_requests(packet)
            rtcp.read_sender_report(packet)


@given(st.sets(st.integers(0x10000, 0x10000 + 5_000), max_size=300))
def test_nacks_name_all_and_nothing_else(numbers: set[int]) -> None:
    named: list[int] = []
    for message in rtcp.pack_nacks(1, 2, sorted(numbers)):
        assert len(message) < 1_200
        for packet in rtcp.walk(message):
            nack = rtcp.read_nack(packet)
            assert nack is not None
            assert nack[0] == 2
            named += nack[1]
    assert named == [number & 0xFFFF for number in sorted(numbers)]


def test_a_nack_is_no_transport_feedback() -> None:
    (packet,) = rtcp.walk(rtcp.pack_transport_feedback(1, 2, bytes(8)))
    assert rtcp.read_nack(packet) is None


def test_report_blocks_are_read_as_they_were_written() -> None:
    blocks = [rtcp.ReportBlock(7, 3, -5, 9, 1, 2, 4), rtcp.ReportBlock(8, 255, 0x7FFFFF, 0xFFFFFFFF, 1, 2, 4)]
    (packet,) = rtcp.walk(rtcp.pack_receiver_report(1, blocks))
    assert rtcp.read_report_blocks(packet) == blocks
    cut = rtcp.RtcpPacket(packet.type, 31, packet.data[:-4])
    assert rtcp.read_report_blocks(cut) == blocks[:1]
    (report,) = rtcp.walk(rtcp.pack_sender_report(1, 2, 3, 4, 5))
    assert rtcp.read_report_blocks(report) == []


@given(st.integers(1, 1 << 40), st.lists(st.integers(1, 1 << 32 - 1), max_size=3))
def test_an_estimate_is_read_as_it_was_written(bitrate: int, ssrcs: list[int]) -> None:
    (packet,) = rtcp.walk(rtcp.pack_estimate(1, bitrate, ssrcs))
    read = rtcp.read_estimate(packet)
    assert read is not None
    assert read <= bitrate < read * 1.0001 + 1
    assert rtcp.read_keyframe_requests(packet) == []
