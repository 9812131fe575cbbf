"""The exploration of checkpoints as a fixture of pytest.

Enable it with one line in the ``conftest.py`` at the root of the tests::

    pytest_plugins = ["nurseries.testing.fixtures"]

and take it as an argument; the test is a plain function::

    def test_leave_is_said_once(every_checkpoint):
        every_checkpoint.cancel(scenario, victim="participant:*", which="each")
        every_checkpoint.fail(scenario, victim="participant:*")

At the end of a session pytest says how many runs of scenarios that were, and how long they took: an exploration that
has become a thousand runs is seen there before it is felt. The figures of one test are in ``runs`` and ``seconds``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypedDict, Unpack

import attrs
import pytest

from nurseries.testing.checkpoints import (
    Injected,
    Victim,
    Which,
    cancel_at_every_checkpoint,
    fail_at_every_checkpoint,
)
from nurseries.testing.schedules import MakeClock, Scenario


class Options(TypedDict, total=False):
    """What both explorations take, as it is told there."""

    which: Which
    seed: int
    timeout: float
    limit: int
    clock: MakeClock | None
    check: Callable[[], object] | None


@attrs.define
class EveryCheckpoint:
    """Made by the fixture ``every_checkpoint``. Counts what it runs; ``seconds`` are of the wall clock."""

    runs: int = 0
    seconds: float = 0.0

    def cancel(
        self, scenario: Scenario, *, victim: Victim, at: Victim | None = None, **options: Unpack[Options]
    ) -> int:
        """Do as `nurseries.testing.cancel_at_every_checkpoint`, and return what it does."""
        with self._measured(scenario) as counted:
            return cancel_at_every_checkpoint(counted, victim=victim, at=at, **options)

    def fail(
        self,
        scenario: Scenario,
        *,
        victim: Victim,
        error: Callable[[], Exception] = Injected,
        **options: Unpack[Options],
    ) -> int:
        """Do as `nurseries.testing.fail_at_every_checkpoint`, and return what it does."""
        with self._measured(scenario) as counted:
            return fail_at_every_checkpoint(counted, victim=victim, error=error, **options)

    @contextmanager
    def _measured(self, scenario: Scenario) -> Generator[Scenario, None, None]:
        async def counted() -> None:
            self.runs += 1
            await scenario()

        start = time.perf_counter()
        try:
            yield counted
        finally:
            self.seconds += time.perf_counter() - start


_all = pytest.StashKey[EveryCheckpoint]()


@pytest.fixture
def every_checkpoint(request: pytest.FixtureRequest) -> Generator[EveryCheckpoint, None, None]:
    """Cancel or fail a task at every checkpoint it has, and count the runs. See `nurseries.testing.fixtures`."""
    mine = EveryCheckpoint()
    yield mine
    total = request.config.stash.setdefault(_all, EveryCheckpoint())
    total.runs += mine.runs
    total.seconds += mine.seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    total = config.stash.get(_all, None)
    if total is not None and total.runs:
        terminalreporter.section("every checkpoint")
        terminalreporter.line(f"{total.runs} runs in {total.seconds:.1f} s")
