from __future__ import annotations

import pytest

from media.worker.rate import RateMeter


def test_the_rate_is_that_of_the_last_seconds() -> None:
    meter, rate = RateMeter(), -1.0
    for step in range(100):
        rate = meter.look(step / 20, step * 500)  # 10,000 bytes a second
        if step > 40:
            assert rate == pytest.approx(80_000, rel=0.05)
    for step in range(100, 160):
        rate = meter.look(step / 20, 50_000)
    assert rate == 0


def test_one_look_says_nothing() -> None:
    assert RateMeter().look(5.0, 1_000_000) == 0.0


def test_bounded() -> None:
    meter = RateMeter()
    for step in range(10_000):
        meter.look(step / 1_000, step)
    assert len(meter._samples) <= 14
