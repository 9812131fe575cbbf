"""Conditions by names and figures."""

from __future__ import annotations

import attrs
import pytest

from tests.network.conditions import PROFILES, Bursts, Conditions, parse


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("2%", Conditions(loss=0.02)),
        ("2.5%", Conditions(loss=0.025)),
        ("100ms", Conditions(delay=0.1)),
        ("100ms~30ms", Conditions(delay=0.1, jitter=0.03)),
        ("300kbit", Conditions(rate=300_000)),
        ("300kbit+queue200ms+10%", Conditions(loss=0.1, rate=300_000, queue=0.2)),
        ("bursty+50ms", attrs.evolve(PROFILES["bursty"], delay=0.05)),
        ("jittery+20ms", Conditions(delay=0.02, jitter=0.03)),
    ],
)
def test_read(text: str, conditions: Conditions) -> None:
    assert parse(text) == conditions


@pytest.mark.parametrize("text", ["", "good", "2", "2%,3%", "-5ms", "101%", "0kbit", "2%+", "2%+bursty"])
def test_what_no_link_can_be(text: str) -> None:
    with pytest.raises(ValueError, match=r"probability|no figure|rate"):
        parse(text)


def test_bursts_have_probabilities() -> None:
    with pytest.raises(ValueError, match="probability"):
        Conditions(bursts=Bursts(begin=0.1, end=1.5))
    with pytest.raises(ValueError, match="negative"):
        Conditions(delay=-1.0)
