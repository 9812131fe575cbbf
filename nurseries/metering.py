"""Who uses the processor: steps, CPU time and the longest step of each task, for as long as somebody wants to know.

While it is off it costs nothing; on, a microsecond or two a step. It ends by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
import trio

from nurseries import _trio

#: Seconds that it is on for at most; ask again for more.
LONGEST = 3_600.0


@attrs.frozen
class Reading:
    """What a task used while it was metered. Times are in nanoseconds of CPU, of the thread that Trio runs in."""

    steps: int
    cpu: int
    longest: int


@attrs.frozen
class MeterStatistics:
    """``elapsed`` is for how many seconds there are readings, ``remaining`` until it ends by itself.

    ``total`` is of all tasks; ``gone`` is the part of those that have ended meanwhile.
    """

    active: bool
    elapsed: float
    remaining: float
    total: Reading
    gone: Reading


class Meter(trio.abc.Instrument):
    """One to a run. ``clock`` returns seconds that never go back, ``cpu`` nanoseconds of CPU of this thread."""

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, cpu: Callable[[], int] = time.thread_time_ns
    ) -> None:
        self._clock = clock
        self._cpu = cpu
        self._active = False
        self._began = self._until = self._elapsed = 0.0
        self._step_began = 0
        #: Steps, CPU and longest step of each task, by its number.
        self._rows: dict[int, list[int]] = {}
        self._gone = [0, 0, 0]

    def start(self, seconds: float) -> None:
        """Meter from now on, for so many seconds; if it is on already, only the end is another one."""
        now = self._clock()
        self._until = now + min(seconds, LONGEST)
        if self._active:
            return
        self._active = True
        self._began = now
        self._rows, self._gone = {}, [0, 0, 0]
        self._step_began = self._cpu()  # the present step, from here
        trio.lowlevel.add_instrument(self)

    def stop(self) -> None:
        """End it now. What was read can still be."""
        if self._active:
            self._active = False
            self._elapsed = self._clock() - self._began
            trio.lowlevel.remove_instrument(self)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 - Trio's
        self._step_began = self._cpu()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        used = self._cpu() - self._step_began
        row = self._rows.get(number := _trio.age(task))
        if row is None:
            self._rows[number] = [1, used, used]
        else:
            row[0] += 1
            row[1] += used
            if used > row[2]:
                row[2] = used
        if self._clock() > self._until:
            self.stop()

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        row = self._rows.pop(_trio.age(task), None)
        if row is not None:
            _add(self._gone, row)

    def readings(self) -> dict[int, Reading]:
        """What each living task used, by the ``id`` that its `nurseries.tree.TaskReport` has."""
        return {number: Reading(*row) for number, row in self._rows.items()}

    def reading(self, number: int) -> Reading | None:
        """What one task used; None if it made no step meanwhile."""
        row = self._rows.get(number)
        return None if row is None else Reading(*row)

    @property
    def elapsed(self) -> float:
        """For how many seconds there are readings."""
        return self._clock() - self._began if self._active else self._elapsed

    def statistics(self) -> MeterStatistics:
        total = list(self._gone)
        for reading in self.readings().values():
            _add(total, [reading.steps, reading.cpu, reading.longest])
        now = self._clock()
        return MeterStatistics(
            active=self._active,
            elapsed=self.elapsed,
            remaining=max(0.0, self._until - now) if self._active else 0.0,
            total=Reading(*total),
            gone=Reading(*self._gone),
        )


def _add(total: list[int], row: list[int]) -> None:
    total[0] += row[0]
    total[1] += row[1]
    total[2] = max(total[2], row[2])
