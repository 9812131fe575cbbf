from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.picture import Picture, renumber
from media.worker.vp8 import read_picture


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
    ],
)
def test_keyframes_are_recognized(payload: bytes, expected: bool) -> None:
    picture = read_picture(b"header" + payload, 6)
    assert picture is not None
    assert picture.keyframe is expected


def test_what_is_cut_off_says_nothing() -> None:
    assert read_picture(b"\x90\xf0\x85\x01\x02", 0) is None
    assert read_picture(b"", 0) is None


def test_the_numbers_and_the_size_of_a_picture() -> None:
    payload = b"\x90\xf0\x85\x01\x02\xa3" + b"\x10\x02\x00\x9d\x01\x2a\x80\x42\x68\x01"
    assert read_picture(b"header" + payload, 6) == Picture(
        begins=True,
        keyframe=True,
        size=(640, 360),  # the upper two bits are a scale
        picture_at=2,
        picture_bits=15,
        picture=0x501,
        tl0_at=4,
        tl0=2,
        layer=2,
        sync=True,
    )
    assert read_picture(b"\x90\x80\x05\x01", 0) == Picture(True, False, None, 2, 7, 5)


@given(
    st.sampled_from([0x80, 0xC0, 0xE0, 0xF0, 0x40, 0x20, 0]),
    st.booleans(),
    st.binary(min_size=12, max_size=12),
    st.integers(-(1 << 17), 1 << 17),
    st.integers(-1000, 1000),
    st.integers(0, 20),
)
def test_pictures_are_renumbered_in_place(
    present: int, long: bool, data: bytes, picture_offset: int, tl0_offset: int, at: int
) -> None:
    fields = bytearray(data)
    fields[:3] = 0x90, present, data[2] & 0x7F | (0x80 if long else 0)
    before = read_picture(bytes(fields), 0)
    assert before is not None
    changed = renumber(bytes(at) + fields, at, before, picture_offset, tl0_offset)
    assert len(changed) == at + len(fields)
    after = read_picture(changed, at)
    assert after is not None
    bits = before.picture_bits
    assert after.picture == ((before.picture + picture_offset) % (1 << bits) if before.picture_at else 0)
    assert after.tl0 == ((before.tl0 + tl0_offset) % 256 if before.tl0_at else 0)
    assert after._replace(picture=before.picture, tl0=before.tl0) == before


@given(st.binary(max_size=8), st.integers(0, 10))
def test_any_bytes_are_read_or_cut_off(data: bytes, offset: int) -> None:
    picture = read_picture(data, offset)
    if picture is not None:
        assert len(renumber(data, offset, picture, 1, 1)) == len(data)
