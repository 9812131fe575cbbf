"""A watchdog for steps that hold the loop: while one task computes or blocks, no other runs.

An instrument notes when each step begins and ends, for about a microsecond a step. A thread looks at it some times a
second, and at the stack of a step that takes long, so what is named is the line that holds the loop, and it is named
while it does. Where the thread itself was late the whole process stood still, and that is said, too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

import attrs
import trio

from nurseries.places import Ours, Place, in_no_library, innermost, places, running

#: Seconds that a step may take.
LIMIT = 0.1
#: Seconds after which a step is told of before it has ended, and times as long for the next word about it.
SOON = 0.5
AGAIN = 4.0
#: Words in a minute; more are counted.
WORDS = 10
MINUTE = 60.0
#: Slow steps that are remembered.
REMEMBERED = 100

_log = logging.getLogger("nurseries.watchdog")


@attrs.frozen
class SlowStep:
    """A step that took long. ``at`` is when it began, in Unix seconds.

    ``own`` is the last line in the program's own code when it was looked at, ``last`` the last of all, and ``stack``
    what was called, outermost first; they are empty if it could not be looked at. ``stood_still`` says that the process
    did not run for most of it: it was stopped, or the machine had no time for it. ``unsaid`` are those that the report
    was silent about before, for there were too many.
    """

    task: str
    at: float
    seconds: float
    ended: bool
    own: Place | None = None
    last: Place | None = None
    stack: tuple[Place, ...] = ()
    stood_still: bool = False
    unsaid: int = 0

    def __str__(self) -> str:
        where = str(self.own or "a line that was not seen")
        if self.last is not None and self.last != self.own:
            where += f", in {self.last}"
        words = f"{self.task} {'held' if self.ended else 'has held'} the loop for {self.seconds:.2f} s: {where}"
        if self.stood_still:
            words += " (the process stood still: it was stopped, or the machine was too busy)"
        return words + (f" (and {self.unsaid} more unsaid)" if self.unsaid else "")


@attrs.frozen
class WatchdogStatistics:
    """``limit`` is in seconds; ``steps`` and ``slow`` count those of the run; ``holding`` is one that lasts."""

    limit: float
    steps: int
    slow: int
    unsaid: int
    longest: SlowStep | None
    holding: SlowStep | None


def log_slow_step(step: SlowStep) -> None:
    """Say it to the logger ``nurseries.watchdog``, as a warning."""
    _log.warning("%s", step)


class Watchdog(trio.abc.Instrument):
    """Made by `watched_for_slow_steps`, in the loop.

    ``report`` is for a log, which not more than so many words a minute are to fill; ``notice`` gets all that there are.
    Both are called from the loop's thread and from another, and must be quick.
    """

    def __init__(
        self,
        limit: float = LIMIT,
        ours: Ours = in_no_library,
        report: Callable[[SlowStep], None] = log_slow_step,
        notice: Callable[[SlowStep], None] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.limit = limit
        self._cpu = cpu
        self._ours = ours
        self._report = report
        self._notice = notice
        self._clock = clock
        self._thread = threading.get_ident()
        self._task: trio.lowlevel.Task | None = None
        self._since = clock()
        self._steps = 0
        self._slow = 0
        self._unsaid = self._unsaid_ever = 0
        self._words: deque[float] = deque(maxlen=WORDS)
        self._kept: deque[SlowStep] = deque(maxlen=REMEMBERED)
        self._longest: SlowStep | None = None
        #: The step that lasts, as it was last looked at, when it began, and when there is another word about it.
        self._seen: SlowStep | None = None
        self._seen_since = -1.0
        self._word_due = 0.0
        #: When the thread looked last, by both clocks, and the longest time during the step that lasts in which it did
        #: not while the process used no CPU. (It cannot look either while somebody holds the interpreter's lock.)
        self._looked, self._looked_cpu = clock(), cpu()
        self._blind = 0.0

    # ---- in the loop

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._since = self._clock()
        self._task = task  # last: from now on the thread may look

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._task = None
        self._steps += 1
        if (seconds := self._clock() - self._since) > self.limit:
            self._ended(task, seconds)

    def _ended(self, task: trio.lowlevel.Task, seconds: float) -> None:
        self._slow += 1
        seen = self._seen
        if seen is None or self._seen_since != self._since:
            seen = SlowStep(task.name, 0.0, 0.0, True)
        blind = max(self._blind if self._seen_since == self._since else 0.0, self._idle())
        still = self._stood_still(blind, seconds)
        step = attrs.evolve(seen, at=time.time() - seconds, seconds=seconds, ended=True, stood_still=still)
        self._kept.append(step)
        if self._longest is None or seconds > self._longest.seconds:
            self._longest = step
        self._seen = None
        self._say(step)

    # ---- in the thread

    def look(self) -> None:
        """Look at the step that lasts, if it has for half the limit: so there is a stack when it is over the limit."""
        blind = self._idle()
        now = self._looked = self._clock()
        self._looked_cpu = self._cpu()
        task, since = self._task, self._since
        if task is None or (seconds := now - since) < self.limit / 2:
            return
        frames = list(running(self._thread))
        if self._task is not task or self._since != since:
            return  # it ended meanwhile, and the stack may be another's
        if self._seen_since != since:
            self._seen_since, self._blind, self._word_due = since, 0.0, max(SOON, self.limit)
        self._blind = max(self._blind, min(blind, seconds))
        last, own = innermost(frames, self._ours)
        still = self._stood_still(self._blind, seconds)
        step = SlowStep(task.name, time.time() - seconds, seconds, False, own, last, places(frames), still)
        self._seen = step
        if seconds >= self._word_due:
            while self._word_due <= seconds:
                self._word_due *= AGAIN
            self._say(step)

    def _idle(self) -> float:
        """Seconds since the last look in which the process did not run."""
        return (self._clock() - self._looked) - (self._cpu() - self._looked_cpu)

    def _stood_still(self, blind: float, seconds: float) -> bool:
        return blind > max(seconds / 2, self.limit)

    def _say(self, step: SlowStep) -> None:
        if self._notice is not None:
            self._notice(step)
        now = self._clock()
        if len(self._words) == WORDS and now - self._words[0] < MINUTE:
            self._unsaid += 1
            self._unsaid_ever += 1
            return
        self._words.append(now)
        unsaid, self._unsaid = self._unsaid, 0
        self._report(attrs.evolve(step, unsaid=unsaid))

    # ---- for whoever looks

    @property
    def steps(self) -> tuple[SlowStep, ...]:
        """The last slow steps, the oldest first."""
        return tuple(self._kept)

    def statistics(self) -> WatchdogStatistics:
        """May be called from any thread."""
        seen, task = self._seen, self._task
        holding = seen if seen is not None and task is not None and self._seen_since == self._since else None
        return WatchdogStatistics(self.limit, self._steps, self._slow, self._unsaid_ever, self._longest, holding)


@contextmanager
def watched_for_slow_steps(
    limit: float = LIMIT,
    ours: Ours = in_no_library,
    report: Callable[[SlowStep], None] = log_slow_step,
    notice: Callable[[SlowStep], None] | None = None,
) -> Generator[Watchdog, None, None]:
    """Watch the steps of the current run for as long as the block lasts."""
    watchdog = Watchdog(limit, ours, report, notice)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(limit / 2):
            watchdog.look()

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    trio.lowlevel.add_instrument(watchdog)
    thread.start()
    try:
        yield watchdog
    finally:
        over.set()
        thread.join()
        trio.lowlevel.remove_instrument(watchdog)
