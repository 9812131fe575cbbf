"""Which packets a link that is made worse on purpose lets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.impairment import BURST, SMALLEST, Gate


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.5, 1.0])
def test_the_share_that_is_asked_for_is_lost(loss: float) -> None:
    gate = Gate(loss, None, seed=1)
    for number in range(20_000):
        gate.takes(1_000, number / 1_000)
    assert gate.dropped / 20_000 == pytest.approx(loss, abs=0.01)


def test_the_same_seed_loses_the_same_packets() -> None:
    def run(seed: int) -> list[bool]:
        gate = Gate(0.3, None, seed)
        return [gate.takes(100, 0.0) for _ in range(200)]

    assert run(1) == run(1) != run(2)


@given(
    st.integers(8, 5_000),
    st.lists(st.tuples(st.integers(1, 1_500), st.floats(0, 0.5)), min_size=1, max_size=300),
)
def test_no_more_passes_than_the_rate_and_a_burst(kbits: int, packets: list[tuple[int, float]]) -> None:
    gate = Gate(0.0, kbits, seed=0)
    now, passed = 10.0, 0
    for size, pause in packets:
        now += pause
        if gate.takes(size, now):
            passed += size
    burst = max(kbits * 125 * BURST, SMALLEST)
    assert passed <= burst + (now - 10.0) * kbits * 125 + 1


def test_what_fits_passes_and_no_rate_at_all_passes_little() -> None:
    gate = Gate(0.0, 100, seed=0)  # 12,500 bytes a second
    assert all(gate.takes(1_000, number * 0.1) for number in range(100))
    nothing = Gate(0.0, 0, seed=0)
    assert sum(nothing.takes(1_000, float(number)) for number in range(100)) == SMALLEST // 1_000
