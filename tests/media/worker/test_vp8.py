from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.vp8 import starts_keyframe


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10\x00", True),
        (b"\x10\x01", False),  # P is set: an interframe
        (b"\x00\x00", False),  # not the start of a partition
        (b"\x11\x00", False),  # of another partition than the first
        (b"\x90\x80\x05\x00", True),  # PictureID of one octet
        (b"\x90\x80\x85\x01\x00", True),  # of two
        (b"\x90\xf0\x85\x01\x02\x03\x00", True),  # all there is
        (b"\x90\xf0\x85\x01\x02\x03\x01", False),
        (b"\x90\xf0\x85\x01\x02", False),  # cut off
        (b"", False),
    ],
)
def test_keyframes_are_recognized(payload: bytes, expected: bool) -> None:
    assert starts_keyframe(b"header" + payload, 6) is expected


@given(st.binary(max_size=8), st.integers(0, 10))
def test_any_bytes_are_a_keyframe_or_not(data: bytes, offset: int) -> None:
    assert starts_keyframe(data, offset) in (True, False)
