"""From samples of counters to figures. Nothing here measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import attrs

from benchmarks.recovery.page import Sample

#: Seconds over which a stream is looked at, to say whether it is all right there.
WINDOW = 2.0
#: Seconds for which it has to be so: longer than between two keyframes that are asked for, shorter than a situation.
STEADY = 4.0
#: Seconds between two looks, and between two samples, of which the first and the last may be of other times.
_STEP = 0.25


@attrs.frozen
class Figures:
    """What was seen and heard of somebody in a stretch of time."""

    seconds: float
    frames: float
    #: As the browser counts them, when they are over; and seconds without a new picture, which are there meanwhile.
    freezes: float
    frozen: float
    concealed: int
    samples: int
    octets: int
    #: Of the last picture.
    height: int

    @property
    def fps(self) -> float:
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def concealment(self) -> float:
        """The part of the sound that was made up; all of it where none came."""
        return self.concealed / self.samples if self.samples else 1.0


@attrs.frozen(eq=False)
class Series:
    """What one page noted of one other person."""

    samples: Sequence[Sample]

    def between(self, begin: float, end: float) -> Figures:
        """Return the figures of a stretch of time."""
        video = list(_steps(self.samples, "video", begin, end))
        audio = list(_steps(self.samples, "audio", begin, end))
        return Figures(
            seconds=end - begin,
            frames=sum(after.frames - before.frames for before, after in video),
            freezes=sum(after.freezes - before.freezes for before, after in video),
            frozen=max(0.0, end - begin - _moving(video) - 2 * _STEP),
            concealed=sum(after.concealed - before.concealed for before, after in audio),
            samples=sum(after.samples - before.samples for before, after in audio),
            octets=sum(after.octets - before.octets for before, after in video + audio),
            height=max(video, key=lambda step: step[1].at)[1].height if video else 0,
        )


def _steps(samples: Sequence[Sample], kind: str, begin: float, end: float) -> Iterable[tuple[Sample, Sample]]:
    """Go through a stretch from sample to sample; what a new stream brought at once counts from nothing."""
    of_kind = [sample for sample in samples if sample.kind == kind]
    streams: dict[str, list[Sample]] = {}
    for sample in of_kind:
        streams.setdefault(sample.stream, []).append(sample)
    for stream in streams.values():
        for before, after in pairwise(stream):
            if begin <= before.at and after.at <= end + _STEP:
                yield before, after


def _moving(steps: Iterable[tuple[Sample, Sample]]) -> float:
    """Return for how many seconds pictures came, as far as samples can tell."""
    return sum(after.at - before.at for before, after in steps if after.frames > before.frames)


def together(series: Sequence[Series], begin: float, end: float) -> Figures:
    """Return the figures of a stretch of several: of each, on the average; the height is the least."""
    figures = [each.between(begin, end) for each in series]
    return Figures(
        seconds=end - begin,
        frames=sum(each.frames for each in figures) / len(figures),
        freezes=sum(each.freezes for each in figures) / len(figures),
        frozen=sum(each.frozen for each in figures) / len(figures),
        concealed=sum(each.concealed for each in figures),
        samples=sum(each.samples for each in figures),
        octets=sum(each.octets for each in figures),
        height=min(each.height for each in figures),
    )


def steady_from(series: Sequence[Series], begin: float, end: float, good: Callable[[Figures], bool]) -> float | None:
    """Return after how many seconds everyone of these is ``good``, for `STEADY` at least; None if that never is."""
    since: float | None = None
    at = begin
    while at + WINDOW <= end:
        if not all(good(each.between(at, at + WINDOW)) for each in series):
            since = None
        elif since is None:
            since = at
        if since is not None and at + WINDOW - since >= STEADY:
            return since - begin
        at += _STEP
    return None
