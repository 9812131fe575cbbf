from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.worker.red import primary, relabel, wrap

blocks = st.lists(st.tuples(st.integers(0, 127), st.integers(0, 0x3FFF), st.binary(max_size=1023)), max_size=4)


def packed(older: list[tuple[int, int, bytes]], last: tuple[int, bytes]) -> bytes:
    heads = b"".join(
        bytes([0x80 | number]) + (offset << 10 | len(data)).to_bytes(3) for number, offset, data in older
    ) + bytes([last[0]])
    return heads + b"".join(data for *_, data in older) + last[1]


@given(blocks, st.integers(0, 127), st.binary(max_size=100), st.binary(max_size=20))
def test_the_block_of_its_own_time_is_found_and_all_are_relabelled(
    older: list[tuple[int, int, bytes]], number: int, data: bytes, before: bytes
) -> None:
    payload = packed(older, (number, data))
    at = primary(before + payload, len(before))
    assert at is not None
    assert (before + payload)[at:] == data
    assert relabel(payload, 111) == packed([(111, offset, block) for _, offset, block in older], (111, data))
    assert relabel(payload, number) == packed([(number, offset, block) for _, offset, block in older], (number, data))


@given(st.binary(max_size=100))
def test_what_is_wrapped_is_its_own_block(data: bytes) -> None:
    assert primary(wrap(data, 111), 0) == 1
    assert relabel(wrap(data, 111), 111) == wrap(data, 111)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(b"\xef\0\0\1".__add__), st.integers(0, 10))
def test_any_bytes_are_read_or_cut_off(data: bytes, at: int) -> None:
    begin = primary(data, at)
    assert begin is None or at < begin <= len(data)
    changed = relabel(data, 7)
    assert changed is None or len(changed) == len(data)


def test_what_is_cut_off_is_nothing() -> None:
    whole = packed([(111, 960, b"older")], (111, b"own"))
    assert [primary(whole[:size], 0) for size in range(11)] == [None] * 10 + [10]
    assert primary(b"\x80\0\0\0" * 40 + b"\0", 0) is None
