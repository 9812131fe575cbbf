"""What a layer takes, from counts of its bytes."""

from __future__ import annotations

import pytest

from media.worker.cost import MEASURED, Cost

#: Bytes in each tenth of a second, by temporal layer: 40, 20 and 20 kbit/s.
TENTH = (500, 250, 250)


class Layer:
    """One that comes in for a while, ten times a second."""

    def __init__(self) -> None:
        self.cost = Cost()
        self.octets = [0, 0, 0, 0]
        self.now = 50.0

    def come(self, seconds: float, *tenth: int) -> None:
        for _ in range(round(10 * seconds)):
            self.cost.look_at_pictures(self.now, self.octets)
            for number, octets in enumerate(tenth):
                self.octets[number] += octets
            self.now += 0.1


def test_it_is_believed_after_a_second_in_all_and_up_to_each_temporal_layer() -> None:
    layer = Layer()
    layer.come(MEASURED, *TENTH)
    assert (layer.cost.bitrate, layer.cost.up_to) == (0.0, ())
    layer.come(0.2, *TENTH)
    assert layer.cost.bitrate == pytest.approx(80_000)
    assert layer.cost.up_to == pytest.approx((40_000, 60_000, 80_000))


def test_no_more_temporal_layers_are_told_than_come() -> None:
    layer = Layer()
    layer.come(2.0, 500, 0, 250)
    assert layer.cost.up_to == pytest.approx((40_000, 40_000, 60_000)), "one that is skipped costs nothing"
    layer = Layer()
    layer.come(2.0, 0)
    assert layer.cost.up_to == (0.0,)


def test_what_it_took_before_a_pause_is_what_it_takes_until_that_is_measured_anew() -> None:
    layer = Layer()
    layer.come(3.0, *TENTH)
    layer.cost.pause()
    assert layer.cost.up_to == pytest.approx((40_000, 60_000, 80_000))
    layer.now += 10.0
    layer.come(MEASURED, 100)
    assert layer.cost.bitrate == pytest.approx(80_000)
    layer.come(0.2, 100)
    assert layer.cost.bitrate == pytest.approx(8_000), "and the pause does not count"
    assert layer.cost.up_to == pytest.approx((8_000,))


def test_sound_is_believed_at_once() -> None:
    cost = Cost()
    cost.look_at_sound(50.0, 1_000)
    cost.look_at_sound(50.5, 4_000)
    assert cost.bitrate == pytest.approx(48_000)
