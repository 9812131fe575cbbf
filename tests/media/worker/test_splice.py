from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.worker.rtcp import SenderReport
from media.worker.splice import End, Numbers, splice

SECOND = 1 << 32
NUMBERS = st.builds(
    Numbers, st.integers(0x10000, 1 << 40), st.integers(0, (1 << 32) - 1), st.integers(0, 0x7FFF), st.integers(0, 255)
)


@given(NUMBERS, NUMBERS, st.floats(0, 100), st.floats(0, 100))
def test_numbers_go_on(last: Numbers, begin: Numbers, at: float, later: float) -> None:
    add = splice(End(last, at, 0), begin, 90_000, at + later, None, None)
    assert begin.sequence + add.sequence == last.sequence + 1
    assert begin.picture + add.picture == last.picture + 1
    assert begin.tl0 + add.tl0 == last.tl0 + 1
    elapsed = begin.timestamp + add.timestamp - last.timestamp
    assert elapsed >= 1
    assert abs(elapsed - later * 90_000) < 1.01


def test_the_first_numbers_are_random_and_far_from_zero() -> None:
    begin = Numbers(0x10000, 5, 9, 3)
    first, second = (splice(None, begin, 90_000, 0.0, None, None) for _ in range(2))
    assert first != second
    assert first.sequence + begin.sequence >= 0x10000
    assert (first.picture, first.tl0) == (0, 0)


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1), st.integers(-500, 900))
def test_what_the_clocks_say_is_believed(old_base: int, new_base: int, late: int) -> None:
    """Two layers of one camera: the last picture of the old one was taken at 10 s, the first of the new at 10.1 s."""
    old = SenderReport(1, 9 * SECOND, (old_base + 9 * 90_000) & 0xFFFFFFFF)
    new = SenderReport(2, 8 * SECOND, (new_base + 8 * 90_000) & 0xFFFFFFFF)
    offset = 12_345
    last = Numbers(0x10000, (old_base + 10 * 90_000 & 0xFFFFFFFF) + offset, 1, 1)
    begin = Numbers(0x10000, new_base + 909_000 & 0xFFFFFFFF, 1, 1)
    # however late it came in
    add = splice(End(last, 0.0, offset), begin, 90_000, 0.1 + late / 1000 if late > 0 else 0.1, old, new)
    assert begin.timestamp + add.timestamp - last.timestamp == 9_000


def test_clocks_that_contradict_the_time_that_passed_are_not_believed() -> None:
    last, begin = Numbers(0x10000, 900_000, 1, 1), Numbers(0x10000, 1_000, 1, 1)
    for ntp in (1_000 * SECOND, 0):
        add = splice(
            End(last, 0.0, 0), begin, 90_000, 0.1, SenderReport(1, 500 * SECOND, 900_000), SenderReport(2, ntp, 1_000)
        )
        assert begin.timestamp + add.timestamp - last.timestamp == 9_000
