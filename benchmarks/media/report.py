"""The tables of a run, as Markdown, and what follows from them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.media.measure import Figures
from benchmarks.media.publisher import AUDIO_RATE, VIDEO_PAYLOAD

Runs = Mapping[str, Sequence[Figures]]

#: The pictures that people send to a room of so many: bits and pictures a second.
ROOMS = {4: (900_000, 30), 10: (200_000, 20), 25: (200_000, 20)}
#: How much of a core may be busy, so that there is some for those who come and go, and for bursts.
FULL = 0.7


def cost_table(runs: Runs) -> str:
    """Write what a packet costs at each, and how long it takes."""
    names = list(runs)
    ratio = [f"{names[0]} ÷ {other}" for other in names[1:]]
    head = ["publishers × subscribers", "packets a second"]
    head += [f"{name}: CPU of a packet" for name in names] + ratio
    head += [f"{name}: delay p50, p99; not come; waited for a core" for name in names]
    lines = ["| " + " | ".join(head) + " |", "|:--|" + "---:|" * (len(head) - 1)]
    for of in zip(*runs.values(), strict=False):
        size = of[0].size
        cells = [size.name, f"{size.publishers * size.rate * size.subscribers:,}"]
        cells += [f"{each.cost * 1e6:.1f} µs" for each in of]
        cells += [_ratio(of[0], other) for other in of[1:]] + [_quality(each) for each in of]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def memory_table(runs: Runs) -> str:
    """Write what a person and a consumer take: the two figures that fit best what all sizes took."""
    lines = ["| | a person | a track on its way to somebody |", "|:--|---:|---:|"]
    for name, figures in runs.items():
        fitted = _fit([(each.size.people, each.size.consumers, each.memory) for each in figures])
        if fitted is not None:
            lines.append(f"| {name} | {fitted[0] / 1024:.0f} KiB | {fitted[1] / 1024:.1f} KiB |")
    return "\n".join(lines)


def capacity_table(runs: Runs) -> str:
    """Write how many people one core carries: what came in and what goes out have a cost each, fitted to all sizes."""
    lines = ["| | " + " | ".join(f"in rooms of {people}" for people in ROOMS) + " |", "|:--|" + "---:|" * len(ROOMS)]
    for name, figures in runs.items():
        fitted = _fit([(1 / each.size.subscribers, 1.0, each.cost) for each in figures])
        if fitted is not None:
            per_received, per_sent = fitted
            cells = []
            for people, (bits, frames) in ROOMS.items():
                packets = AUDIO_RATE + frames * math.ceil(bits / 8 / frames / VIDEO_PAYLOAD)
                person = packets * (per_received + (people - 1) * per_sent)
                cells.append(f"{FULL / person:.0f}" if person > 0 else "")
            lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)


def line(name: str, figures: Figures) -> str:
    """Write one measurement for whoever waits."""
    return (
        f"{figures.size.name} {name}: {figures.cost * 1e6:.1f} µs a packet "
        f"({', '.join(f'{cost * 1e6:.1f}' for cost in figures.costs)}), "
        f"{statistics.median(figures.packets):.0f} packets/s; {_quality(figures)}; {figures.memory / 1024:.0f} KiB"
    )


def _ratio(ours: Figures, other: Figures) -> str:
    """The median over the turns, each of which was followed by one of the other."""
    return f"{statistics.median(own / its for own, its in zip(ours.costs, other.costs, strict=True)):.2f}"


def _quality(figures: Figures) -> str:
    half, most = figures.delay(0.5), figures.delay(0.99)
    lost, waited = statistics.median(figures.lost), statistics.median(figures.waited)
    return f"{half * 1e3:.2f}, {most * 1e3:.2f} ms; {lost:.2%}; {waited:.0%}"


def _fit(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float] | None:
    """Return a and b, neither below zero, for which a·x + b·y is nearest to z: least squares of relative errors."""
    scaled = [(x / z, y / z) for x, y, z in rows if z > 0]
    xx, yy = sum(x * x for x, _ in scaled), sum(y * y for _, y in scaled)
    xy, x1, y1 = sum(x * y for x, y in scaled), sum(x for x, _ in scaled), sum(y for _, y in scaled)
    determinant = xx * yy - xy * xy
    if determinant <= 1e-9 * xx * yy:
        return None
    a, b = (x1 * yy - y1 * xy) / determinant, (y1 * xx - x1 * xy) / determinant
    if a < 0:
        return 0.0, y1 / yy
    return (a, b) if b >= 0 else (x1 / xx, 0.0)
