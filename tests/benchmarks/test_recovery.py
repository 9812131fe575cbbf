"""From samples of a page's counters to figures."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from benchmarks.recovery.page import Sample
from benchmarks.recovery.report import table
from benchmarks.recovery.series import Figures, Series, steady_from, together

STEP = 0.25


def samples(fps: Callable[[float], float], seconds: float, *, stream: str = "1", begin: float = 0.0) -> list[Sample]:
    """What a page notes of somebody whose pictures come at this rate, and of whose sound a tenth is made up."""
    found, frames = [], 0.0
    for number in range(int(seconds / STEP) + 1):
        at = begin + number * STEP
        heard = round(48_000 * number * STEP)
        found.append(Sample(at, "Bob", "video", stream, round(frames), 0, 0, 0, round(frames) * 1_000, 240))
        found.append(Sample(at, "Bob", "audio", stream, 0, 0, heard // 10, heard, 0, 0))
        frames += fps(at) * STEP
    return found


def test_rates_of_a_stretch() -> None:
    figures = Series(samples(lambda at: 8.0, 10.0)).between(2.0, 8.0)
    assert figures.fps == pytest.approx(8.0, rel=0.05)
    assert figures.concealment == pytest.approx(0.1, rel=0.01)
    assert (figures.height, figures.frozen) == (240, 0.0)


def test_what_does_not_come_is_frozen_and_all_made_up() -> None:
    figures = Series([]).between(0.0, 10.0)
    assert (figures.fps, figures.height, figures.concealment) == (0.0, 0, 1.0)
    assert figures.frozen == pytest.approx(10.0, abs=2 * STEP)
    stopped = Series(samples(lambda at: 8.0 if at < 4.0 else 0.0, 10.0)).between(0.0, 10.0)
    assert stopped.frozen == pytest.approx(6.0, abs=2 * STEP)


def test_a_new_stream_counts_from_its_own_beginning() -> None:
    first = samples(lambda at: 8.0, 5.0)
    second = samples(lambda at: 8.0, 5.0, stream="2", begin=5.0)
    assert Series(first + second).between(0.0, 10.0).frames == 80


def test_together_they_are_an_average() -> None:
    fast, slow = Series(samples(lambda at: 8.0, 10.0)), Series(samples(lambda at: 4.0, 10.0))
    assert together([fast, slow], 0.0, 10.0).fps == pytest.approx(6.0, rel=0.05)


def test_steady_from_when_it_is_good_for_long() -> None:
    def rate(at: float) -> float:
        return 0.0 if at < 3.0 or 5.0 <= at < 6.0 or at > 14.0 else 8.0

    def good(figures: Figures) -> bool:
        return figures.fps >= 7.0

    series = [Series(samples(rate, 20.0)), Series(samples(lambda at: 8.0, 20.0))]
    assert steady_from(series, 0.0, 20.0, good) == pytest.approx(6.0, abs=0.5)
    assert steady_from(series, 0.0, 9.0, good) is None
    assert steady_from(series[1:], 1.0, 20.0, good) == 0.0


def test_the_samples_are_what_the_script_notes() -> None:
    from benchmarks.recovery import page

    assert all(f" {field.name}:" in page._SCRIPT or f"{field.name}," in page._SCRIPT for field in attrs.fields(Sample))


def test_an_empty_table_has_its_head() -> None:
    assert table([]).count("\n") == 1
