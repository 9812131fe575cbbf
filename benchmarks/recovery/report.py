"""The table of a run, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.recovery.measure import Outcome
from benchmarks.recovery.series import Figures

_HEAD = [
    ("", ":--"),
    ("pictures a second: before, during, after", "---:"),
    ("lines: before, during, after", "---:"),
    ("frozen, of a minute: during, after", "---:"),
    ("sound made up: before, during, after", "---:"),
    ("pictures adapt, recover", "---:"),
    ("sound adapts, recovers", "---:"),
    ("the others: pictures a second, before, during", "---:"),
    ("frozen, of a minute: before, during", "---:"),
    ("sound made up: before, during", "---:"),
    ("cores busy", "---:"),
]


def table(outcomes: Sequence[Outcome]) -> str:
    """Write a line for each situation."""
    lines = ["| " + " | ".join(title for title, _ in _HEAD) + " |", "|" + "|".join(rule for _, rule in _HEAD) + "|"]
    lines += ["| " + " | ".join(_cells(outcome)) + " |" for outcome in outcomes]
    return "\n".join(lines)


def _cells(outcome: Outcome) -> list[str]:
    all_three = (outcome.before, outcome.during, outcome.after)
    others = (outcome.others_before, outcome.others_during)
    return [
        outcome.situation.title,
        ", ".join(map(_fps, all_three)),
        ", ".join(map(_height, all_three)),
        ", ".join(map(_frozen, all_three[1:])),
        ", ".join(map(_made_up, all_three)),
        _times(outcome, outcome.pictures_adapted, outcome.pictures_recovered),
        _times(outcome, outcome.sound_adapted, outcome.sound_recovered),
        ", ".join(map(_fps, others)),
        ", ".join(map(_frozen, others)),
        ", ".join(map(_made_up, others)),
        f"{outcome.busy:.0%}",
    ]


def _fps(figures: Figures | None) -> str:
    return "" if figures is None else f"{figures.fps:.1f}"


def _height(figures: Figures | None) -> str:
    return "" if figures is None else str(figures.height)


def _frozen(figures: Figures | None) -> str:
    """Seconds of each minute of each picture, and how often."""
    if figures is None:
        return ""
    minutes = figures.seconds / 60
    return f"{figures.frozen / minutes:.1f} s ({figures.freezes / minutes:.0f})"


def _made_up(figures: Figures | None) -> str:
    return "" if figures is None else f"{figures.concealment:.1%}"


def _times(outcome: Outcome, adapted: float | None, recovered: float | None) -> str:
    times = [adapted] if outcome.after is None or not outcome.situation.end else [adapted, recovered]
    return ", ".join("never" if seconds is None else f"{seconds:.1f} s" for seconds in times)
