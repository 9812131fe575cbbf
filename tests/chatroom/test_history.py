"""What is kept for those who come back: the last events, without gaps, within bounds."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.frame import Frame
from chatroom.history import History


def test_whoever_missed_nothing_gets_nothing_and_whoever_missed_too_much_is_told_so() -> None:
    history = History(max_frames=3, max_bytes=100)
    assert history.after(0) == ()
    frames = [Frame(str(seq)) for seq in range(6)]
    for seq in range(1, 6):
        history.append(seq, frames[seq])
    assert history.after(5) == ()
    assert history.after(4) == (frames[5],)
    assert history.after(2) == (frames[3], frames[4], frames[5])
    for seq in (1, 0, -1, -(10**30), 6, 10**30):
        assert history.after(seq) is None, seq


def test_what_is_larger_than_the_whole_is_not_kept_and_nothing_before_it() -> None:
    history = History(max_frames=10, max_bytes=4)
    history.append(1, Frame("1"))
    history.append(2, Frame("12345"))
    assert history.after(1) is None
    assert history.after(2) == ()
    history.append(3, Frame("1234"))
    assert history.after(2) is not None
    assert history.statistics().bytes == 4


@pytest.mark.parametrize("seq", [0, 1, 3, -1])
def test_only_the_next_can_follow(seq: int) -> None:
    history = History(max_frames=3, max_bytes=100)
    history.append(1, Frame("1"))
    with pytest.raises(ValueError, match="does not follow"):
        history.append(seq, Frame("x"))
    assert history.statistics().frames == 1


@given(sizes=st.lists(st.integers(0, 12), max_size=40), frames=st.integers(1, 8), octets=st.integers(1, 40))
def test_it_is_the_end_of_all_that_was_said(sizes: list[int], frames: int, octets: int) -> None:
    history, all_ = History(frames, octets), [Frame("x" * size) for size in sizes]
    for seq, frame in enumerate(all_, 1):
        history.append(seq, frame)
    statistics = history.statistics()
    kept = all_[statistics.first - 1 :]
    assert statistics.frames == len(kept) <= frames
    assert statistics.bytes == sum(frame.size for frame in kept) <= octets
    if len(kept) < len(all_):  # no more than what had to go is gone
        one_more = all_[statistics.first - 2 :]
        assert len(one_more) > frames or sum(frame.size for frame in one_more) > octets
    for seq in range(len(all_) + 1):
        expected = tuple(all_[seq:]) if seq >= statistics.first - 1 else None
        assert history.after(seq) == expected


def test_what_is_kept_takes_little_more_than_what_is_counted() -> None:
    history = History(max_frames=256, max_bytes=1 << 20)
    tracemalloc.start()
    try:
        for seq in range(1, 257):
            history.append(seq, Frame(f"{seq:04}" + "x" * 2_000 + "\N{GRINNING FACE}"))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1.25 * history.statistics().bytes
