"""Seeds: the same schedule again, and many schedules.

Whoever of the tasks that can run goes first is decided by chance in Trio. `deterministic` takes the chance from a seed,
and `try_schedules` runs a scenario under many of them. A race that only one in a hundred orders shows is found with
certainty for all practical purposes, and a seed that found one shows it again, step by step.

In each batch every order of its tasks is as likely as any other. A task that can run does run in the next batch,
though: that is how Trio is, and a schedule in which one task makes five steps while another waits for its first is not
among these. With ``postpone`` it is: each task of a batch is put off to the next with that probability, again and
again, as if what woke it had come later. Trio promises nobody a turn in the next batch, so correct code does not mind.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

import trio
import trio.testing

from nurseries import _trio

Scenario = Callable[[], Awaitable[object]]
MakeClock = Callable[[], trio.abc.Clock | None]


@contextmanager
def deterministic(seed: int | random.Random = 0, *, postpone: float = 0.0) -> Generator[None, None, None]:
    """Make every `trio.run` inside the context schedule its tasks in an order that depends on ``seed`` only.

    ``postpone`` is the probability with which a task that can run is put off to the next batch, below 1. In place of a
    seed there may be a `random.Random`, such as Hypothesis makes. The functions of the module `random` are seeded, too,
    and continue afterwards as if nothing had been.
    """
    with seeded(seed if isinstance(seed, int) else 0), _trio.scheduled(shuffled(seed, postpone)):
        yield


def try_schedules(
    scenario: Scenario,
    seeds: Iterable[int] = range(1000),
    *,
    postpone: float = 0.0,
    timeout: float = 3600.0,
    clock: MakeClock | None = None,
) -> int:
    """Run ``scenario`` under each seed, in a fresh `trio.run` with a virtual clock. Returns the number of runs.

    What a run raises is raised, with a note that says how to have the same run again. A run that lasts longer than
    ``timeout`` seconds of its clock raises TooSlowError: on the default clock, a MockClock that jumps as soon as all
    tasks wait, that is a deadlock. Raises AssertionError when there are no seeds.
    """
    runs = 0
    more = f", postpone={postpone}" if postpone else ""
    for runs, seed in enumerate(seeds, 1):  # noqa: B007 - it is counted
        try:
            with deterministic(seed, postpone=postpone):
                run_scenario(scenario, timeout=timeout, clock=clock)
        except BaseException as error:
            error.add_note(
                f"seed {seed}; replay with: try_schedules(..., seeds=[{seed}]{more}), "
                f"or run it inside deterministic({seed}{more})"
            )
            raise
    if not runs:
        raise AssertionError("no seeds, so nothing was tried")
    return runs


@contextmanager
def seeded(seed: int) -> Generator[None, None, None]:
    """Seed the functions of the module `random`, and let them continue afterwards as if nothing had been."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def run_scenario(
    scenario: Scenario,
    *,
    timeout: float,
    clock: MakeClock | None,
    instruments: Sequence[trio.abc.Instrument] = (),
) -> None:
    """Run ``scenario`` once. Raises what it raises, and TooSlowError after ``timeout`` seconds of its clock."""

    async def main() -> None:
        with trio.fail_after(timeout):
            await scenario()

    trio.run(
        main,
        clock=clock() if clock else trio.testing.MockClock(autojump_threshold=0),
        instruments=instruments,
    )


def shuffled(seed: int | random.Random, postpone: float) -> _trio.Arrange:
    """Arrange batches by chance, as `deterministic` says."""
    if not 0 <= postpone < 1:
        raise ValueError(f"postpone is a probability below 1: {postpone}")
    rng = seed if isinstance(seed, random.Random) else random.Random(seed)  # noqa: S311 - no secret

    def arrange(batch: list[trio.lowlevel.Task]) -> Iterable[trio.lowlevel.Task]:
        if len(batch) < 2:
            return ()
        rng.shuffle(batch)
        if not postpone:
            return ()
        later = [task for task in batch if rng.random() < postpone]
        if len(later) == len(batch):
            later.pop()  # somebody has to get on
        for task in later:
            batch.remove(task)
        return later

    return arrange
