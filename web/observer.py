"""What looks at the tasks of a running server: watch, watchdog and timeline always, the meter on demand."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import trio

from nurseries import (
    Meter,
    SlowStep,
    Timeline,
    Watch,
    Watchdog,
    WatchdogStatistics,
    below,
    recording,
    watched_for_slow_steps,
    watching,
)

_ROOT = Path(__file__).parent.parent
#: Whose lines are named first when it is said where a task is.
OURS = below(*(_ROOT / name for name in ("chatroom", "media", "web")))


class Observer:
    """The observer of one node. ``slow_step`` is in seconds."""

    watch: Watch
    watchdog: Watchdog
    meter: Meter

    def __init__(self, slow_step: float) -> None:
        self.timeline = Timeline()
        #: Called from another thread, each with a step that holds the loop just now.
        self.hearers: set[Callable[[SlowStep], None]] = set()
        self._slow_step = slow_step
        self._began = 0.0

    @contextmanager
    def attached(self) -> Generator[None, None, None]:
        """Look at the current run for as long as the block lasts."""
        self.meter = Meter()
        self._began = trio.current_time()
        with (
            recording(self.timeline),
            watching(OURS) as self.watch,
            watched_for_slow_steps(self._slow_step, OURS, notice=self._notice) as self.watchdog,
        ):
            try:
                yield
            finally:
                self.meter.stop()

    @property
    def up(self) -> float:
        """Seconds since it was attached."""
        return trio.current_time() - self._began

    def watchdog_statistics(self) -> WatchdogStatistics | None:
        """What the watchdog says; None before it is attached."""
        watchdog: Watchdog | None = getattr(self, "watchdog", None)
        return None if watchdog is None else watchdog.statistics()

    def cpu(self, task: int) -> float | None:
        """The part of a core that a task used while it was metered; None if it was not."""
        reading, elapsed = self.meter.reading(task), self.meter.elapsed
        return None if reading is None or elapsed <= 0 else reading.cpu / 1e9 / elapsed

    def _notice(self, step: SlowStep) -> None:
        """Called from two threads."""
        if not step.ended:
            for hear in tuple(self.hearers):
                hear(step)
        else:
            self.timeline.add("slow_step", step.task, str(step), step, step.at)
