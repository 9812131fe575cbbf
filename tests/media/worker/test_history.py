from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from media.worker.history import MAX_AGE, SIZE, History


def packet(sequence: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, sequence & 0xFFFF, 0, 1)


@given(st.lists(st.integers(0x10000, 0x10000 + 3 * SIZE), min_size=1, max_size=200))
def test_it_has_the_last_packets_and_no_others(numbers: list[int]) -> None:
    history, put = History(), dict[int, bytes]()
    for number in numbers:
        put[number] = packet(number)
        history.put(number, put[number])
    for number in range(max(numbers) - 2 * SIZE, max(numbers) + SIZE):
        found = history.get(number)
        kept = put.get(number) if max(numbers) - SIZE < number <= max(numbers) else None
        assert (None if found is None else found.data) == kept


def test_what_is_old_is_let_go() -> None:
    history = History()
    for tick in range(100):
        for number in range(3):
            history.put(0x10000 + 3 * tick + number, packet(3 * tick + number))
        history.expire(tick * 0.05)
        assert history.statistics().packets <= 3 * (MAX_AGE / 0.05 + 2)
    assert history.get(0x10000 + 3 * 99) is not None
    assert history.get(0x10000 + 3 * 60) is None
    for tick in range(100, 140):
        history.expire(tick * 0.05)
    assert history.statistics().packets == 0


def test_a_packet_that_comes_late_is_kept_too() -> None:
    history = History()
    history.put(0x10010, packet(0x10))
    history.expire(0.0)
    history.put(0x10008, packet(0x08))
    assert history.get(0x10008) is not None
    history.expire(MAX_AGE + 0.1)
    assert history.statistics().packets == 0
