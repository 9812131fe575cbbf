from __future__ import annotations

from media.worker.reception import Reception
from media.worker.rtcp import SenderReport


def test_nothing_to_report() -> None:
    assert Reception(1, 90_000).report(0.0) is None


def test_numbers_are_extended_over_the_wrap() -> None:
    reception = Reception(1, 90_000)
    first = reception.add(65_534, 0, 0.0)
    assert [reception.add(n, 0, 0.0) - first for n in (65_535, 1, 0, 2)] == [1, 3, 2, 4]
    report = reception.report(0.0)
    assert report is not None
    assert report.highest_sequence == 0x10002
    assert (report.packets_lost, report.fraction_lost) == (0, 0)


def test_losses_are_a_fraction_of_what_came_since_the_last_report() -> None:
    reception = Reception(1, 90_000)
    for number in range(10):
        reception.add(number, 0, 0.0)
    first = reception.report(0.0)
    assert first is not None
    assert first.fraction_lost == 0
    for number in (10, 12, 14, 16, 17):
        reception.add(number, 0, 0.0)
    second = reception.report(0.0)
    assert second is not None
    assert (second.packets_lost, second.fraction_lost) == (3, 3 * 256 // 8)


def test_jitter_grows_with_uneven_arrivals() -> None:
    even, uneven = Reception(1, 1_000), Reception(1, 1_000)
    for number in range(100):
        even.add(number, number * 20, number * 0.02)
        uneven.add(number, number * 20, number * 0.02 + (0.01 if number % 2 else 0))
    smooth, rough = even.report(2.0), uneven.report(2.0)
    assert smooth is not None
    assert rough is not None
    assert smooth.jitter == 0
    assert 8 <= rough.jitter <= 10


def test_the_senders_report_is_given_back() -> None:
    reception = Reception(1, 90_000)
    reception.add(1, 0, 0.0)
    reception.reported(SenderReport(1, 0x11112222_33334444, 0), 1.0)
    report = reception.report(1.5)
    assert report is not None
    assert (report.last_sender_report, report.delay_since) == (0x22223333, 32_768)


def test_what_was_lost_lately_is_remembered_for_a_while() -> None:
    reception = Reception(1, 48_000)
    number = 0
    for lost in (10, 0, 0, 0):
        for _ in range(50 - lost):
            reception.add(number, number * 960, number / 50)
            number += 1
        number += lost
        reception.report(number / 50)
    assert reception.expected - reception.received == 10
    assert 0.02 < reception.loss < 0.04
    for _ in range(20):
        reception.add(number, number * 960, number / 50)
        number += 1
        reception.report(number / 50)
    assert reception.loss < 0.001
