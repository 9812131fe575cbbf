from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from media.worker.twcc import MAX_ARRIVALS, MAX_STATUSES, ArrivalRecorder


def decode(message: bytes) -> dict[int, float | None]:
    """Read a message by the letter of the draft: sequence number → arrival in seconds, None for missing."""
    first, count, reference = struct.unpack_from("!HHI", message)
    at, symbols = 8, list[int]()
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", message, at)
        at += 2
        if chunk & 0x8000:
            assert chunk & 0x4000, "one-bit vectors are not written"
            symbols += [chunk >> shift & 3 for shift in range(12, -2, -2)]
        else:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
    clock, arrivals = (reference >> 8) * 256, dict[int, float | None]()
    for number, symbol in enumerate(symbols[:count], first):
        if symbol == 0:
            arrivals[number & 0xFFFF] = None
            continue
        if symbol == 1:
            clock += message[at]
            at += 1
        else:
            clock += struct.unpack_from("!h", message, at)[0]
            at += 2
        arrivals[number & 0xFFFF] = clock / 4000
    assert at == len(message)
    return arrivals


def told(recorder: ArrivalRecorder) -> dict[int, float | None]:
    arrivals: dict[int, float | None] = {}
    for message in recorder.take():
        assert len(message) < 1_200
        for number, arrival in decode(message).items():
            assert number not in arrivals
            arrivals[number] = arrival
    return arrivals


def test_nothing_to_tell() -> None:
    assert ArrivalRecorder().take() == []


def test_arrivals_and_losses() -> None:
    recorder = ArrivalRecorder()
    for number, at in ((10, 1.0), (11, 1.01), (13, 1.5), (14, 1.4)):
        recorder.add(number, at)
    assert told(recorder) == {10: 1.0, 11: 1.01, 12: None, 13: 1.5, 14: 1.4}
    recorder.add(16, 2.0)
    assert told(recorder) == {15: None, 16: 2.0}
    assert recorder.take() == []


def test_numbers_wrap_around() -> None:
    recorder = ArrivalRecorder()
    for number in (65_534, 65_535, 1, 2):
        recorder.add(number, 1.0)
    assert told(recorder) == {65_534: 1.0, 65_535: 1.0, 0: None, 1: 1.0, 2: 1.0}


def test_what_comes_late_is_told_of_without_its_neighbours() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 2, 6):
        recorder.add(number, 1.0)
    told(recorder)
    recorder.add(4, 1.1)
    recorder.add(7, 1.1)
    assert told(recorder) == {4: 1.1, 7: 1.1}


def test_the_first_packets_may_be_out_of_order() -> None:
    recorder = ArrivalRecorder()
    recorder.add(0, 1.0)
    recorder.add(65_535, 1.0)
    assert told(recorder) == {65_535: 1.0, 0: 1.0}


def test_a_duplicate_counts_once() -> None:
    recorder = ArrivalRecorder()
    recorder.add(1, 1.0)
    recorder.add(1, 2.0)
    assert told(recorder) == {1: 1.0}


def test_long_runs_and_long_pauses() -> None:
    recorder = ArrivalRecorder()
    for number in range(1_000):
        recorder.add(number, 1.0)
    recorder.add(1_000, 60.0)
    arrivals = told(recorder)
    assert arrivals == dict.fromkeys(range(1_000), 1.0) | {1_000: 60.0}


def test_a_wide_gap_is_not_told() -> None:
    recorder = ArrivalRecorder()
    recorder.add(0, 1.0)
    recorder.add(MAX_STATUSES + 1, 1.0)
    assert told(recorder) == {0: 1.0, MAX_STATUSES + 1: 1.0}


def test_messages_are_counted() -> None:
    recorder = ArrivalRecorder()
    counts = []
    for number in range(300):
        recorder.add(number, 1.0)
        counts += [message[7] for message in recorder.take()]
    assert counts == [number & 0xFF for number in range(300)]


def test_memory_is_bounded() -> None:
    recorder = ArrivalRecorder()
    for number in range(MAX_ARRIVALS * 3):
        recorder.add(number, 1.0)
    assert len(told(recorder)) == MAX_ARRIVALS


@given(st.lists(st.lists(st.tuples(st.integers(-20, 300), st.floats(0, 12)), max_size=40), max_size=6))
def test_every_arrival_is_told_within_a_tick(rounds: list[list[tuple[int, float]]]) -> None:
    recorder, number, clock = ArrivalRecorder(), 65_000, 1000.0
    seen: set[int] = set()
    for arrivals in rounds:
        expected: dict[int, float] = {}
        for step, pause in arrivals:
            number = (number + step) & 0xFFFF
            clock += pause
            recorder.add(number, clock)
            expected.setdefault(number, clock)
        messages = told(recorder)
        received = {n: at for n, at in messages.items() if at is not None}
        assert set(received) == set(expected)
        assert all(abs(at - expected[n]) <= 1 / 4000 + 1e-9 for n, at in received.items())
        seen |= set(expected)
