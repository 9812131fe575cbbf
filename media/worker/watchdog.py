"""A watchdog for whatever holds the worker's loop: while one call computes or blocks, no packet is forwarded.

The loop says with each of its ticks that it goes on, and a thread looks at that some times a second. Where a tick is
late it looks at what the loop's thread does, so what is named is the line that holds the loop, and it is named while it
does. Packets cost nothing more. (The server has its own, `nurseries.watchdog`, which is of Trio.)
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import attrs

from media.statistics import Stall

logger = logging.getLogger(__name__)

#: Seconds by which a tick may be late.
LIMIT = 0.1
#: Seconds after which a stall is told of before it has ended, and times as long for the next word about it.
SOON = 0.5
AGAIN = 4.0
#: Words in a minute; more are counted.
WORDS = 10
MINUTE = 60.0
#: Where the lines are that are named first.
OURS = f"{Path(__file__).parents[1]}/"
#: Frames at most that are looked at.
DEEPEST = 100


@attrs.frozen
class StallStatistics:
    """``number`` is since the start, ``longest`` in seconds."""

    number: int = 0
    longest: float = 0.0
    last: Stall | None = None


class Watchdog:
    """Made in the thread that it watches, where `beat` is to be called every ``interval`` seconds."""

    def __init__(
        self,
        interval: float,
        limit: float = LIMIT,
        ours: str = OURS,
        clock: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.limit = limit
        self._interval = interval
        self._ours = ours
        self._clock = clock
        self._cpu = cpu
        self._thread = threading.get_ident()
        self._due = 0.0
        self._number = 0
        self._longest = 0.0
        self._last: Stall | None = None
        self._words: deque[float] = deque(maxlen=WORDS)
        self._unsaid = 0
        #: Of the stall that lasts: which beat is missing, where it was seen last, and when there is a word about it.
        self._missing = -1.0
        self._where = ""
        self._word_due = 0.0
        #: When the thread looked last, by both clocks, and the longest time since in which the process used no CPU.
        self._looked, self._looked_cpu = clock(), cpu()
        self._blind = 0.0
        self.begin()

    # ---- in the loop

    def begin(self) -> None:
        """Say that the first beat comes after an interval from now."""
        self._due = self._clock() + self._interval

    def beat(self) -> None:
        """Say that the loop goes on."""
        now = self._clock()
        due, self._due = self._due, now + self._interval
        if now - due > self.limit:
            self._ended(due, now - due)

    def statistics(self) -> StallStatistics:
        """A snapshot."""
        return StallStatistics(self._number, self._longest, self._last)

    def _ended(self, due: float, seconds: float) -> None:
        seen = self._missing == due
        blind = max(self._blind if seen else 0.0, self._idle(due))
        where = self._where if seen else ""
        stall = Stall(time.time() - seconds, round(seconds, 3), where, self._stood_still(blind, seconds))
        self._number += 1
        self._longest = max(self._longest, stall.seconds)
        self._last = stall
        self._say("the loop was held", stall)

    # ---- in the thread

    @property
    def pause(self) -> float:
        """Seconds after which a look is of use: when a tick would be late by half the limit."""
        return max(self.limit / 2, self._due + self.limit / 2 - self._clock())

    def look(self) -> None:
        """Look where the loop is, if its tick is late by half the limit: so that is known when it is over the limit."""
        due = self._due
        blind = self._idle(due)
        now = self._looked = self._clock()
        self._looked_cpu = self._cpu()
        if (seconds := now - due) < self.limit / 2:
            return
        seen = where(sys._current_frames().get(self._thread), self._ours)
        if self._due != due:
            return  # it goes on, so what was seen may be something else
        if self._missing != due:
            self._blind, self._word_due, self._where = 0.0, max(SOON, self.limit), ""
            self._missing = due  # last: from now on the loop may take the rest
        self._blind = max(self._blind, min(blind, seconds))
        self._where = seen or self._where
        if seconds >= self._word_due:
            while self._word_due <= seconds:
                self._word_due *= AGAIN
            still = self._stood_still(self._blind, seconds)
            self._say("the loop is held", Stall(time.time() - seconds, round(seconds, 3), self._where, still))

    def _idle(self, due: float) -> float:
        """Seconds since the last look in which the process did not run, and was not to: a tick was due."""
        waited = max(0.0, due - self._looked)
        return (self._clock() - self._looked) - (self._cpu() - self._looked_cpu) - waited

    def _stood_still(self, blind: float, seconds: float) -> bool:
        return blind > max(seconds / 2, self.limit)

    def _say(self, what: str, stall: Stall) -> None:
        """Called from both threads."""
        now = self._clock()
        if len(self._words) == WORDS and now - self._words[0] < MINUTE:
            self._unsaid += 1
            return
        self._words.append(now)
        unsaid, self._unsaid = self._unsaid, 0
        still = "yes" if stall.stood_still else "no"
        logger.warning(
            "%s seconds=%.2f at=%r stood_still=%s unsaid=%d", what, stall.seconds, stall.where, still, unsaid
        )


def where(frame: FrameType | None, ours: str = OURS) -> str:
    """Say the last line of ours that a thread is in, and the last of all; nothing if it only waits for what comes."""
    last = own = None
    for _ in range(DEEPEST):
        if frame is None:
            break
        file = frame.f_code.co_filename
        if not file.startswith("<"):
            last = last or frame
            if file.startswith(ours):
                own = frame
                break
        frame = frame.f_back
    if last is None or last.f_code.co_filename.endswith(("/selectors.py", "/asyncio/base_events.py")):
        return ""
    if last.f_code.co_qualname == "KernelInlet.wait":
        return ""
    if own is None or own is last:
        return _place(last)
    return f"{_place(own)}, in {_place(last)}"


def _place(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    root = max((root for root in sys.path if root and file.startswith(f"{root}/")), key=len, default="")
    return f"{file[len(root) :].lstrip('/') if root else file}:{frame.f_lineno} in {frame.f_code.co_qualname}"


@contextmanager
def watching(watchdog: Watchdog) -> Generator[None]:
    """Have a thread look for as long as the block lasts, which the watched thread enters."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(watchdog.pause):
            watchdog.look()

    watchdog.begin()
    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
