"""What follows from the figures of the media benchmark."""

from __future__ import annotations

import attrs
import pytest

from benchmarks.media.measure import Figures, Size
from benchmarks.media.report import capacity_table, cost_table, memory_table


def figures(publishers: int, subscribers: int) -> Figures:
    """A server takes 20 µs for what comes in, 5 µs for what goes out, 100 KiB for a person and 8 for a track."""
    size = Size(publishers, subscribers, 300)
    memory = 1_024 * (100 * size.people + 8 * size.consumers)
    cost = (20 / subscribers + 5) * 1e-6
    return Figures(size, memory, [cost, cost * 3, cost / 3], [1e4] * 3, [0.0] * 3, [0.1] * 3, [0.001] * 99 + [0.002])


ALL = [figures(*size) for size in ((1, 9), (2, 20), (1, 40), (10, 9))]


@pytest.mark.parametrize(
    ("size", "people", "consumers"), [((1, 9), 10, 18), ((2, 20), 22, 80), ((10, 9), 10, 180), ((1, 40), 41, 80)]
)
def test_sizes(size: tuple[int, int], people: int, consumers: int) -> None:
    assert (Size(*size, 300).people, Size(*size, 300).consumers) == (people, consumers)


def test_costs_are_compared() -> None:
    twice = [attrs.evolve(each, costs=[2 * cost for cost in each.costs]) for each in ALL]
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


def test_no_cost_is_below_zero() -> None:
    strange = [attrs.evolve(figures(1, 9), costs=[1e-6]), attrs.evolve(figures(1, 40), costs=[9e-6])]
    (row,) = capacity_table({"ours": strange}).splitlines()[2:]
    assert all(int(cell) > 0 for cell in row.split("|")[2:-1])
