"""The table of a run, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from math import inf, isinf

import attrs

from benchmarks.signalling.contenders import OURS
from benchmarks.signalling.measure import Figures


@attrs.frozen
class Row:
    """One measure: what is said of it, how a figure is written, and whether much of it is good."""

    figure: str
    title: str
    write: Callable[[float], str]
    much_is_good: bool = False


def _times(factor: float, digits: int) -> Callable[[float], str]:
    return lambda value: "stalled" if isinf(value) else f"{value * factor:,.{digits}f}"


_MICROSECONDS, _MILLISECONDS = _times(1e6, 1), _times(1e3, 1)
ROWS = [
    Row("receipt, 200", "CPU per receiver per message, 200 in a room, µs", _MICROSECONDS),
    Row("receipt, 1000", "CPU per receiver per message, 1,000 in a room, µs", _MICROSECONDS),
    Row("memory", "memory per idle connection, KiB", _times(1 / 1024, 1)),
    Row("joins, many rooms", "joins per CPU second, 1,000 into 100 rooms", _times(1, 0), much_is_good=True),
    Row("joins, a room of 200", "joins per CPU second, 200 into one room", _times(1, 0), much_is_good=True),
    Row("joins, a room of 1000", "joins per CPU second, 1,000 into one room", _times(1, 0), much_is_good=True),
    Row("p99, 200", "p99 of a broadcast to 200, ms", _MILLISECONDS),
    Row("p99, 200, one stuck", "the same while one page does not read, ms", _MILLISECONDS),
    Row("p99, 1000", "p99 of a broadcast to 1,000, ms", _MILLISECONDS),
    Row("idle", "CPU of 1,000 idle connections, with pings, % of a core", _times(100, 1)),
]


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure."""
    return {name: statistics.median(run[name] for run in runs if name in run) for run in runs for name in run}


def table(results: Mapping[str, Figures]) -> str:
    """Write the figures of all contenders, by their names."""
    names = list(results)
    lines = [
        "| | " + " | ".join(names) + " | ours ÷ best other |",
        "|---|" + "---:|" * (len(names) + 1),
    ]
    for row in ROWS:
        values = {name: figures[row.figure] for name, figures in results.items() if row.figure in figures}
        if values:
            cells = [row.write(values[name]) if name in values else "" for name in names]
            lines.append("| " + " | ".join([row.title, *cells, _ratio(row, values)]) + " |")
    return "\n".join(lines)


def _ratio(row: Row, values: Mapping[str, float]) -> str:
    """Our cost by that of whichever other is best: below 1 we are. Of what is good, the inverse is the cost."""
    costs = {name: (1 / value if row.much_is_good else value) for name, value in values.items()}
    others = [cost for name, cost in costs.items() if name != OURS]
    if OURS not in costs or not others or not 0 < min(others) < inf:
        return ""
    return f"{costs[OURS] / min(others):.2f}"
