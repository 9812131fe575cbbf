from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.framing import MAX_PACKET, Deframer, FramingError, frame


@given(st.lists(st.binary(max_size=300)), st.lists(st.integers(1, 400)))
def test_packets_come_back_however_the_stream_is_cut(packets: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, packets))
    deframer = Deframer()
    found: list[bytes] = []
    for cut in [*cuts, len(stream)]:
        found += deframer.feed(stream[:cut])
        stream = stream[cut:]
    assert found == packets
    assert deframer.kept == 0


@given(st.lists(st.binary(max_size=3_000)))
def test_no_more_than_one_packet_is_kept(chunks: list[bytes]) -> None:
    deframer = Deframer()
    try:
        for chunk in chunks:
            deframer.feed(chunk)
            assert deframer.kept < 2 + MAX_PACKET
    except FramingError:
        pass


def test_a_length_that_no_packet_has_is_refused_at_once() -> None:
    assert Deframer().feed(frame(bytes(MAX_PACKET))) == [bytes(MAX_PACKET)]
    with pytest.raises(FramingError, match="2049 octets"):
        Deframer().feed((MAX_PACKET + 1).to_bytes(2))
    with pytest.raises(ValueError, match="does not fit"):
        frame(bytes(65_536))
