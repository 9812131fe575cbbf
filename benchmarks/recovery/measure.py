"""One situation, from the first picture to the last figure."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import attrs

from benchmarks.recovery.call import NAMES, UNLUCKY, Call, calling
from benchmarks.recovery.series import Figures, Series, steady_from, together
from benchmarks.recovery.situations import Situation

#: Seconds until everyone has to be seen, and until senders have found their rates.
START, WARM_UP = 25.0, 5.0
#: Seconds before the situation, and after it.
BEFORE, AFTER = 5.0, 12.0
#: How much of the pictures before is enough in bad times, and in good ones again; and how much of the sound may be
#: made up.
ENOUGH, AS_BEFORE = 0.5, 0.8
BROKEN, WHOLE = 0.15, 0.03


@attrs.frozen
class Outcome:
    """The figures of a situation, for those whose it is and for the others among themselves."""

    situation: Situation
    before: Figures | None
    during: Figures
    after: Figures | None
    #: Seconds until the pictures and the sound are good enough and stay so, and until they are as before.
    pictures_adapted: float | None
    sound_adapted: float | None
    pictures_recovered: float | None
    sound_recovered: float | None
    others_before: Figures | None
    others_during: Figures
    #: The part of all cores that was busy, with whatever: a machine that has no more is a bad network, too.
    busy: float


def measure(situation: Situation, seed: int, options: tuple[str, ...] = ()) -> Outcome:
    """Hold a call in which this happens. Raises TimeoutError where it does not get going."""
    with calling(seed, options) as call:
        if situation.first:
            return _coming(call, situation)
        for name in NAMES:
            call.come(name)
        call.everyone_is_seen(START)
        begun = call.wait(WARM_UP)
        worked = _core_seconds()
        came = call.wait(BEFORE)
        call.tell(*situation.begin)
        ended = call.wait(situation.lasts)
        call.tell(*situation.end)
        over = call.wait(AFTER)
        busy = _part(worked, _core_seconds())
        call.wait(1.0)  # so that there are samples of all of it
        affected, others = _affected(call, situation), _others(call)
        before = together(affected, begun, came)
        enough, whole = partial(_pictures, before, ENOUGH), partial(_as_before, before)
        return Outcome(
            situation,
            before,
            together(affected, came, ended),
            together(affected, ended, over),
            steady_from(affected, came, ended, enough),
            steady_from(affected, came, ended, lambda figures: figures.concealment <= BROKEN),
            steady_from(affected, ended, over, whole),
            steady_from(affected, ended, over, lambda figures: figures.concealment <= WHOLE),
            together(others, begun, came),
            together(others, came, ended),
            busy,
        )


def _coming(call: Call, situation: Situation) -> Outcome:
    """The others are there; then the unlucky one comes."""
    for name in NAMES[1:]:
        call.come(name)
    call.everyone_is_seen(START)
    begun = call.wait(WARM_UP)
    worked = _core_seconds()
    call.wait(BEFORE)
    call.tell(*situation.begin)
    came = time.time()
    call.come(UNLUCKY)
    over = call.wait(situation.lasts)
    busy = _part(worked, _core_seconds())
    call.wait(1.0)
    affected, others = _affected(call, situation), _others(call)
    others_before = together(others, begun, came)
    return Outcome(
        situation,
        None,
        together(affected, came, over),
        None,
        steady_from(affected, came, over, partial(_pictures, others_before, ENOUGH)),
        steady_from(affected, came, over, lambda figures: figures.concealment <= BROKEN),
        None,
        None,
        others_before,
        together(others, came, over),
        busy,
    )


def _affected(call: Call, situation: Situation) -> list[Series]:
    sees = [call.series(at, of) for at, of in call.pairs() if at == UNLUCKY and "sees" in situation.sides]
    seen = [call.series(at, of) for at, of in call.pairs() if of == UNLUCKY and "seen" in situation.sides]
    return sees + seen


def _others(call: Call) -> list[Series]:
    return [call.series(at, of) for at, of in call.pairs() if UNLUCKY not in (at, of)]


def _pictures(before: Figures, part: float, figures: Figures) -> bool:
    return figures.fps >= part * before.fps


def _as_before(before: Figures, figures: Figures) -> bool:
    return figures.fps >= AS_BEFORE * before.fps and figures.height >= AS_BEFORE * before.height


def _core_seconds() -> tuple[int, int]:
    """Return for how long all cores have been busy since the start, and for how long there have been any."""
    times = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(times) - times[3] - times[4], sum(times)  # idle, and waiting for a disk


def _part(before: tuple[int, int], after: tuple[int, int]) -> float:
    return (after[0] - before[0]) / max(1, after[1] - before[1])
