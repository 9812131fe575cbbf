from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.av1 import read_picture
from media.worker.dependencies import Dependencies, read_structure
from media.worker.picture import Picture
from tests.media.worker.bitstreams import BitWriter, av1_sequence_header

HEADER = av1_sequence_header(1280, 720)
FRAME = b"\x30frame"
# The aggregation header (AV1 RTP specification, section 4.4).
Z, Y, N = 0x80, 0x40, 0x08


def element(data: bytes) -> bytes:
    return bytes([len(data)]) + data


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (bytes([2 << 4 | N]) + element(HEADER) + FRAME, Picture(True, True, (1280, 720))),
        (bytes([N]) + element(HEADER) + element(FRAME), Picture(True, True, (1280, 720))),
        (bytes([1 << 4 | N | Y]) + HEADER, Picture(True, True, (1280, 720))),
        (bytes([3 << 4 | N]) + element(b"\x10") + element(HEADER) + FRAME, Picture(True, True, (1280, 720))),
        (bytes([1 << 4 | N]) + b"\x0e\x00\x40" + HEADER[1:], Picture(True, True, (1280, 720))),  # extension and size
        (bytes([1 << 4 | N]) + FRAME, Picture(True, True, None)),
        (bytes([1 << 4]) + FRAME, Picture(True, False, None)),
        (bytes([1 << 4 | Z]) + FRAME, Picture(False, False, None)),
        (bytes([1 << 4 | Z | N]) + FRAME, Picture(False, False, None)),
        (bytes([N]) + b"\xff" * 12, Picture(True, True, None)),
        (bytes([N]), Picture(True, True, None)),
        (b"", None),
    ],
)
def test_keyframes_are_recognized(payload: bytes, expected: Picture | None) -> None:
    assert read_picture(b"header" + payload, 6) == expected


@given(st.integers(1, 0xFFFF), st.integers(1, 0xFFFF), st.booleans(), st.booleans())
def test_a_sequence_header_tells_the_size(width: int, height: int, still: bool, timing: bool) -> None:
    header = av1_sequence_header(width, height, still=still, timing=timing)
    picture = read_picture(bytes([1 << 4 | N]) + header, 0)
    assert picture is not None
    assert picture.size == (width, height)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(bytes([1 << 4 | N, 0x08]).__add__), st.integers(0, 10))
def test_any_bytes_are_read(data: bytes, offset: int) -> None:
    assert (read_picture(data, offset) is None) == (offset >= len(data))


# ---- the dependency descriptor

DISCARDABLE, SWITCH, REQUIRED = 1, 2, 3


def descriptor(template: int, *, begins: bool = True, extended: bytes = b"") -> bytes:
    return bytes([begins << 7 | template, 0, 1]) + extended


def structure(first: int, *, flags: int = 0x10) -> bytes:
    """As Chromium writes it for L1T3: two templates of the lowest layer, one of the next, two of the highest."""
    out = BitWriter().put(flags, 5).put(first, 6).put(2, 5)
    for following in (0, 1, 1, 0, 3):
        out.put(following, 2)
    for indications in ((2, 2, 2), (2, 2, 2), (0, 1, 2), (0, 0, 1), (0, 0, 1)):
        for each in indications:
            out.put(each, 2)
    return out.put(0, 30).data


PICTURE = Picture(False, False, None)


def test_temporal_layers_are_told() -> None:
    dependencies = Dependencies()
    assert dependencies.describe(PICTURE, descriptor(61)) == PICTURE  # nothing was said yet
    first = dependencies.describe(PICTURE, descriptor(61, extended=structure(61)))
    assert (first.begins, first.layer, first.up) == (True, 0, True)
    found = [dependencies.describe(PICTURE, descriptor(number % 64)) for number in range(61, 66)]
    assert [(picture.layer, picture.up) for picture in found] == [
        (0, True), (0, True), (1, True), (2, False), (2, False)
    ]  # fmt: skip
    assert dependencies.describe(PICTURE, descriptor(2)) == PICTURE  # there is no such template
    assert not dependencies.describe(PICTURE, descriptor(61, begins=False)).begins
    # indications of its own
    assert not dependencies.describe(PICTURE, descriptor(61, extended=b"\x20")).up


def test_a_structure_that_is_cut_off_is_none() -> None:
    whole = descriptor(0, extended=structure(0))
    found = read_structure(whole)
    assert found is not None
    needed = 3 + (5 + 6 + 5 + 5 * 2 + 15 * 2 + 7) // 8
    assert read_structure(whole[:needed]) == found
    assert read_structure(whole[: needed - 1]) is None
    dependencies = Dependencies()
    dependencies.describe(PICTURE, whole)
    assert dependencies.describe(PICTURE, whole[:5]) == PICTURE


@given(st.lists(st.binary(max_size=80) | st.binary(max_size=80).map(b"\x80\0\0\x80".__add__)))
def test_any_bytes_are_a_descriptor_or_none(descriptors: list[bytes]) -> None:
    dependencies = Dependencies()
    for data in descriptors:
        assert 0 <= dependencies.describe(PICTURE, data).layer <= 3
