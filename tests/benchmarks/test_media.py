"""What follows from the figures of the media benchmark."""

from __future__ import annotations

import pytest

from benchmarks.media.measure import Figures, Size
from benchmarks.media.report import capacity_table, cost_table, memory_table


def figures(publishers: int, subscribers: int) -> Figures:
    """A server takes 20 µs for what comes in, 5 µs for what goes out, 100 KiB for a person and 8 for a track."""
    size = Size(publishers, subscribers, 300)
    memory = 1_024 * (100 * size.people + 8 * size.consumers)
    return Figures(size, (20 / subscribers + 5) * 1e-6, 1e4, 0.5, 0.0, 0.1, [0.001] * 99 + [0.002], memory)


ALL = [figures(*size) for size in ((1, 9), (2, 20), (1, 40), (10, 9))]


@pytest.mark.parametrize(
    ("size", "people", "consumers"), [((1, 9), 10, 18), ((2, 20), 22, 80), ((10, 9), 10, 180), ((1, 40), 41, 80)]
)
def test_sizes(size: tuple[int, int], people: int, consumers: int) -> None:
    assert (Size(*size, 300).people, Size(*size, 300).consumers) == (people, consumers)


def test_costs_are_compared() -> None:
    twice = [Figures(f.size, 2 * f.cost, f.packets, f.core, f.lost, f.waited, f.delays, f.memory) for f in ALL]
    rows = cost_table({"ours": ALL, "theirs": twice}).splitlines()
    assert len(rows) == 6
    assert "| 1×9 | 2,700 | 7.2 µs | 14.4 µs | 0.50 | 1.00, 2.00 ms; 0.00%; 10% |" in rows[2]


def test_memory_is_told_apart() -> None:
    assert "| ours | 100 KiB | 8.0 KiB |" in memory_table({"ours": ALL})


def test_what_one_core_carries() -> None:
    # 50 packets of sound and 30 × 4 of pictures; each comes in once and goes out three times, of 0.7 s.
    assert f"| ours | {0.7 / (170 * 35e-6):.0f} |" in capacity_table({"ours": ALL})


def test_one_size_tells_nothing_apart() -> None:
    assert len(memory_table({"ours": ALL[:1]}).splitlines()) == 2
