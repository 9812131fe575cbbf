"""What sources, stages and sinks have in common: a name, one task at a time, and a way to wake it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Literal

import trio

from nurseries.children import ChildSpec
from nurseries.facts import provide_facts
from nurseries.restarts import Restart
from nurseries.stages.statistics import Doing, StageStatistics


class Node:
    """A part of a pipeline. What it holds is kept here and not in its task, so that another run goes on from there."""

    kind: Literal["source", "stage", "sink"]

    def __init__(self, name: str) -> None:
        self._name = name
        self._doing: Doing = "stopped"
        self._parked = trio.lowlevel.ParkingLot()
        self._scope: trio.CancelScope | None = None
        self._error: Exception | None = None
        self._received = 0
        self._batches = 0
        self._failures = 0
        self._busy = 0.0
        self._dropped: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<{self.kind} {self._name}: {self._doing}>"

    @property
    def name(self) -> str:
        """What it is called, in statistics and in the names of tasks."""
        return self._name

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Work until what it takes from has ended.

        Raises RuntimeError if it runs already, and what its function raises.
        """
        with self._running():
            provide_facts("stage", self.statistics)
            task_status.started()
            await self._work()

    def spec(self, restart: Restart = "permanent", *, shutdown: float = 5.0) -> ChildSpec[None]:
        """Describe it to a supervisor: ``await supervisor.start(stage.spec())``."""
        return ChildSpec(self._name, self.run, restart, shutdown)

    def statistics(self) -> StageStatistics:
        """Tell how it is now."""
        return StageStatistics(
            name=self._name,
            kind=self.kind,
            doing=self._doing,
            received=self._received,
            batches=self._batches,
            failures=self._failures,
            busy=self._busy,
            sent=0,
            pending=0,
            demand=0,
            dropped=self._all_dropped(),
            buffer=None,
            subscriptions=(),
            subscribers=(),
        )

    async def _work(self) -> None:
        raise NotImplementedError

    def _all_dropped(self) -> Mapping[str, int]:
        return MappingProxyType(dict(self._dropped))

    @contextmanager
    def _running(self) -> Generator[None]:
        if self._scope is not None:
            raise RuntimeError(f"{self!r} runs already")
        self._error = None
        self._doing = "items"
        with trio.CancelScope() as self._scope:
            try:
                yield
            finally:
                self._scope, self._doing = None, "stopped"
        if self._error is not None:
            raise self._error

    async def _park(self, doing: Doing) -> None:
        self._doing = doing
        await self._parked.park()

    def _wake(self) -> None:
        if self._parked:
            self._parked.unpark()

    def _fail(self, error: Exception) -> None:
        """End the present run with this error, whatever it waits for."""
        self._error = error
        if self._scope is not None:
            self._scope.cancel(str(error))

    def _drop(self, reason: str, number: int) -> None:
        if number:
            self._dropped[reason] = self._dropped.get(reason, 0) + number
