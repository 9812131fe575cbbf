"""What looks at the tasks of a running server: watch, watchdog and timeline always, the meter on demand."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nurseries import (
    Meter,
    SlowStep,
    Timeline,
    Watch,
    Watchdog,
    below,
    log_slow_step,
    recording,
    watched_for_slow_steps,
    watching,
)

_ROOT = Path(__file__).parent.parent
#: Whose lines are named first when it is said where a task is.
OURS = below(*(_ROOT / name for name in ("chatroom", "media", "nurseries", "web")))


class Observer:
    """The observer of one node. ``slow_step`` is in seconds."""

    watch: Watch
    watchdog: Watchdog
    meter: Meter

    def __init__(self, slow_step: float) -> None:
        self.timeline = Timeline()
        self._slow_step = slow_step

    @contextmanager
    def attached(self) -> Generator[None, None, None]:
        """Look at the current run for as long as the block lasts."""
        self.meter = Meter()
        with (
            recording(self.timeline),
            watching(OURS) as self.watch,
            watched_for_slow_steps(self._slow_step, OURS, self._report) as self.watchdog,
        ):
            try:
                yield
            finally:
                self.meter.stop()

    def _report(self, step: SlowStep) -> None:
        """Called from two threads."""
        log_slow_step(step)
        if step.ended:
            self.timeline.add("slow_step", step.task, str(step), step, step.at)
