from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.h264 import answered, is_constrained_baseline, read_picture
from media.worker.picture import Picture
from tests.media.worker.bitstreams import h264_parameters

PARAMETERS = h264_parameters(1280, 720)
IDR, SLICE, SEI, PPS = b"\x65idr", b"\x41slice", b"\x06sei", b"\x68pps"


def aggregated(*units: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2) + unit for unit in units)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (PARAMETERS, Picture(True, True, (1280, 720))),
        (aggregated(PARAMETERS, PPS, IDR), Picture(True, True, (1280, 720))),
        (aggregated(SEI, PARAMETERS, PPS), Picture(True, True, (1280, 720))),
        (b"\x7c\x87" + PARAMETERS[1:], Picture(True, True, None)),  # FU-A, its start
        (b"\x7c\x07" + PARAMETERS[1:], Picture(False, False, None)),
        (b"\x7c\x85idr", Picture(True, False, None)),
        (b"\x7c\x45idr", Picture(False, False, None)),
        (IDR, Picture(True, False, None)),
        (SLICE, Picture(True, False, None)),
        (aggregated(SLICE, SLICE), Picture(True, False, None)),
        (aggregated(), Picture(True, False, None)),
        (b"\x78\xff\xff\x67", Picture(True, True, None)),  # more than there is
        (b"\x7c", None),
        (b"", None),
    ],
)
def test_keyframes_are_recognized(payload: bytes, expected: Picture | None) -> None:
    assert read_picture(b"header" + payload, 6) == expected


@given(st.integers(1, 2000), st.integers(1, 2000), st.sampled_from([0, 1, 2]), st.booleans())
def test_parameters_tell_the_size(half_width: int, half_height: int, order: int, high: bool) -> None:
    unit = h264_parameters(2 * half_width, 2 * half_height, order=order, high=high)
    picture = read_picture(unit, 0)
    assert picture is not None
    assert picture.size == (2 * half_width, 2 * half_height)


@given(
    st.binary(max_size=60)
    | st.binary(max_size=60).map(b"\x67".__add__)
    | st.lists(st.binary(min_size=1, max_size=9)).map(lambda units: aggregated(*units)),
    st.integers(0, 10),
)
def test_any_bytes_are_read_or_cut_off(data: bytes, offset: int) -> None:
    picture = read_picture(data, offset)
    if picture is None:
        rest = data[offset:]
        assert not rest or (len(rest) == 1 and rest[0] & 0x1F == 28)


@pytest.mark.parametrize(
    ("profile", "mode", "expected"),
    [
        ("42e01f", "1", True),
        ("42E034", "1", True),
        ("42c01f", "1", True),
        ("42401f", "1", True),
        ("4d801f", "1", True),
        ("58c01f", "1", True),
        ("42001f", "1", False),  # Baseline, which has what the others have not
        ("4d001f", "1", False),
        ("640c1f", "1", False),
        ("42e01f", "0", False),
        ("42e01", "1", False),
        ("zzzzzz", "1", False),
        ("42e01f", "", False),
    ],
)
def test_what_every_browser_has(profile: str, mode: str, expected: bool) -> None:
    assert is_constrained_baseline({"profile-level-id": profile, "packetization-mode": mode}) is expected


def test_parameters_that_are_missing_are_the_least() -> None:
    assert not is_constrained_baseline({})
    assert not is_constrained_baseline({"packetization-mode": "1"})


@pytest.mark.parametrize(
    ("profile", "asymmetric", "expected"),
    [("42e01f", "1", "42e01f"), ("42e015", "1", "42e01f"), ("42e015", "0", "42e015"), ("42e034", "0", "42e01f")],
)
def test_the_level_that_is_answered(profile: str, asymmetric: str, expected: str) -> None:
    line = {"profile-level-id": profile, "packetization-mode": "1", "level-asymmetry-allowed": asymmetric}
    assert answered(line) == f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={expected}"
