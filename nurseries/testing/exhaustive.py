"""All schedules there are, for scenarios small enough.

`every_schedule` runs a scenario under each order in which Trio could run its tasks: it takes the first task in every
batch, then changes the last decision it can, and so on until there is nothing left to change. What passes holds in
whatever order tasks run. The price is a product of factorials: five tasks that can run at once are 120 schedules, and
14,400 if each then makes one more step together with the others. So keep the scenario small, and name with ``among``
whose order is the question.

A decision is a number: for a batch of *n* tasks, in the order in which they were started, there are *n* - 1 of them,
and each says which of those left runs next. A list of decisions is a schedule; those that are missing at its end are 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import trio

from nurseries import _trio
from nurseries.testing.checkpoints import Victim, fits
from nurseries.testing.schedules import MakeClock, Scenario, run_scenario, seeded


def every_schedule(
    scenario: Scenario,
    *,
    among: Victim | None = None,
    limit: int = 100_000,
    timeout: float = 3600.0,
    clock: MakeClock | None = None,
) -> int:
    """Run ``scenario`` once under each schedule, in a fresh `trio.run` with a virtual clock. Returns their number.

    With ``among`` only tasks that fit change places with each other; everyone else stays where the order of starting
    puts them. What a run raises is raised, with a note that holds its decisions for `replay`; TooSlowError after
    ``timeout`` seconds of the clock. Raises AssertionError when there are more schedules than ``limit``, and when the
    scenario goes another way after the same decisions, as then nobody can say what was tried.
    """
    decisions: list[int] = []
    options: list[int] = []
    for runs in range(1, limit + 1):
        chooser = _Chooser(decisions, among, options)
        _run(scenario, chooser, timeout, clock)
        last = max((at for at, count in enumerate(chooser.options) if chooser.made[at] + 1 < count), default=None)
        if last is None:
            return runs
        decisions = [*chooser.made[:last], chooser.made[last] + 1]
        options = chooser.options[: last + 1]
    raise AssertionError(f"more than {limit} schedules")


def replay(
    scenario: Scenario,
    decisions: Sequence[int],
    *,
    among: Victim | None = None,
    timeout: float = 3600.0,
    clock: MakeClock | None = None,
) -> None:
    """Run ``scenario`` under one schedule, as `every_schedule` has noted it; ``among`` is what it was there.

    Raises what the run raises, and AssertionError when the decisions are none of this scenario's.
    """
    _run(scenario, _Chooser(decisions, among), timeout, clock)


class _Chooser:
    """Makes the decisions it is given, then takes the first, and remembers them and between how many each was."""

    def __init__(self, decisions: Sequence[int], among: Victim | None, options: Sequence[int] = ()) -> None:
        self.made: list[int] = []
        self.options: list[int] = []
        self._decisions = decisions
        self._expected = options
        self.among = among

    def arrange(self, batch: list[trio.lowlevel.Task]) -> Iterable[trio.lowlevel.Task]:
        places = [place for place, task in enumerate(batch) if self._counts(task)]
        tasks = [batch[place] for place in places]
        for place, task in zip(places, [tasks.pop(self._choose(len(tasks))) for _ in places], strict=True):
            batch[place] = task
        return ()

    def check(self) -> None:
        if len(self.made) < len(self._decisions):
            raise AssertionError(f"there are {len(self._decisions)} decisions, and the run took {len(self.made)}")

    def _counts(self, task: trio.lowlevel.Task) -> bool:
        # Of Trio's own tasks there is one beside the main task when a run starts, and it has nothing to do yet.
        if _trio.is_own(task) and _trio.is_new(task):
            return False
        return self.among is None or fits(task, self.among)

    def _choose(self, count: int) -> int:
        if count == 1:
            return 0
        at = len(self.made)
        decision = self._decisions[at] if at < len(self._decisions) else 0
        if not 0 <= decision < count or (at < len(self._expected) and self._expected[at] != count):
            raise AssertionError(
                f"decision {at} of {list(self._decisions)} is between {count}: is this the scenario it was made for, "
                "and does it depend on nothing but the schedule?"
            )
        self.made.append(decision)
        self.options.append(count)
        return decision


def _run(scenario: Scenario, chooser: _Chooser, timeout: float, clock: MakeClock | None) -> None:
    try:
        with seeded(0), _trio.scheduled(chooser.arrange):
            run_scenario(scenario, timeout=timeout, clock=clock)
        chooser.check()
    except BaseException as error:
        decisions = list(chooser.made)
        while decisions and not decisions[-1]:
            decisions.pop()
        among = "" if chooser.among is None else f", among={chooser.among!r}"
        error.add_note(f"schedule {decisions}; replay with: replay(..., {decisions}{among})")
        raise
