from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.picture import Picture, renumber
from media.worker.vp9 import read_picture
from tests.media.worker.bitstreams import vp9_frame

# The first octet of a payload descriptor (RFC 9628, section 4.2).
ID, P, L, F, B, E, V = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02


@pytest.mark.parametrize(
    ("payload", "begins", "keyframe"),
    [
        ([B | E], True, True),
        ([B | P | E], True, False),
        ([E], False, False),
        ([ID | B, 0x05], True, True),
        ([ID | L | B, 0x85, 0x01, 0x00, 0x07], True, True),
        ([ID | L | B, 0x85, 0x01, 0x02, 0x07], False, False),  # a higher spatial layer of the same picture
        ([ID | L | F | P | B, 0x85, 0x01, 0x20, 0x03, 0x02], True, False),
    ],
)
def test_keyframes_are_recognized(payload: list[int], begins: bool, keyframe: bool) -> None:
    picture = read_picture(b"header" + bytes(payload), 6)
    assert picture is not None
    assert (picture.begins, picture.keyframe) == (begins, keyframe)


def test_the_numbers_of_a_picture() -> None:
    # TID 2, U; then TL0PICIDX
    assert read_picture(b"header" + bytes([ID | L | P | B, 0x85, 0x01, 0x50, 0x09]), 6) == Picture(
        *(True, False, None),
        picture_at=1,
        picture_bits=15,
        picture=0x501,
        tl0_at=4,
        tl0=9,
        layer=2,
        sync=False,
        up=True,
    )
    # in flexible mode there is no TL0PICIDX
    flexible = read_picture(bytes([ID | L | F | P | B, 0x05, 0x20, 0x02]), 0)
    assert flexible == Picture(True, False, None, picture_at=1, picture_bits=7, picture=5, layer=1)


@given(st.integers(1, 0xFFFF), st.integers(1, 0xFFFF))
def test_a_keyframe_tells_its_size(width: int, height: int) -> None:
    frame = vp9_frame(width, height)
    plain = read_picture(bytes([ID | B, 0x05]) + frame, 0)
    assert plain is not None
    assert plain.size == (width, height)
    # in a scalability structure: two spatial layers, their sizes, and a group of two pictures
    sizes = bytes(4) + width.to_bytes(2) + height.to_bytes(2)
    structure = bytes([1 << 5 | 0x18]) + sizes + bytes([2, 0x04, 0x01, 0x08, 0x01, 0x02])
    told = read_picture(bytes([ID | L | B | V, 0x05, 0, 0]) + structure + vp9_frame(9, 9), 0)
    assert told is not None
    assert told.size == (width, height)
    # a structure without sizes
    silent = read_picture(bytes([ID | B | V, 0x05, 0x08, 1, 0x04, 0x01]) + frame, 0)
    assert silent is not None
    assert silent.size == (width, height)


@pytest.mark.parametrize("frame", [b"", vp9_frame(640, 360, key=False), b"\x82" + bytes(15), vp9_frame(640, 360)[:7]])
def test_a_size_that_is_not_there(frame: bytes) -> None:
    picture = read_picture(bytes([ID | B, 0x05]) + frame, 0)
    assert picture is not None
    assert picture.size is None


def test_what_is_cut_off_says_nothing() -> None:
    whole = bytes([ID | L | B | V, 0x85, 0x01, 0x00, 0x07, 0x18, 1, 2, 3, 4, 1, 0x00])
    assert read_picture(whole, 0) is not None
    for size in range(len(whole)):
        assert read_picture(whole[:size], 0) is None


@given(st.binary(max_size=40), st.integers(0, 10), st.integers(-(1 << 17), 1 << 17), st.integers(-1000, 1000))
def test_any_bytes_are_read_and_renumbered_or_cut_off(data: bytes, at: int, picture_offset: int, tl0: int) -> None:
    before = read_picture(data, at)
    if before is None:
        return
    changed = renumber(data, at, before, picture_offset, tl0)
    assert len(changed) == len(data)
    after = read_picture(changed, at)
    assert after is not None
    assert after.picture == ((before.picture + picture_offset) % (1 << before.picture_bits) if before.picture_at else 0)
    assert after.tl0 == ((before.tl0 + tl0) % 256 if before.tl0_at else 0)
    assert after._replace(picture=before.picture, tl0=before.tl0) == before
