from __future__ import annotations

import itertools
import random

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from nurseries import (
    Backoff,
    ChildReport,
    ChildSpec,
    Decision,
    Ending,
    Policy,
    Restart,
    decide,
    open_supervisor,
)
from tests.nurseries.script import Script

RESTARTS: list[Restart] = ["permanent", "transient", "temporary"]
ENDINGS: list[Ending] = ["returned", "failed"]


@pytest.mark.parametrize(
    ("restart", "ending", "action"),
    [
        ("permanent", "returned", "restart"),
        ("permanent", "failed", "restart"),
        ("transient", "returned", "forget"),
        ("transient", "failed", "restart"),
        ("temporary", "returned", "forget"),
        ("temporary", "failed", "forget"),
    ],
)
def test_the_table(restart: Restart, ending: Ending, action: str) -> None:
    assert decide(Policy(), restart, ending, now=0.0).action == action


def test_a_restart_is_remembered_and_waits_for_the_first_backoff() -> None:
    policy = Policy(intensity=3, period=5.0, backoff=Backoff(first=0.5))
    assert decide(policy, "permanent", "failed", now=7.0) == Decision("restart", 0.5, (7.0,), 1)


def test_the_restart_beyond_the_intensity_escalates() -> None:
    policy = Policy(intensity=2, period=5.0)
    recent: tuple[float, ...] = ()
    actions = []
    for now in (0.0, 1.0, 2.0):
        decision = decide(policy, "permanent", "failed", now=now, recent=recent)
        recent = decision.recent
        actions.append(decision.action)
    assert actions == ["restart", "restart", "escalate"]


def test_a_restart_exactly_a_period_ago_no_longer_counts() -> None:
    policy = Policy(intensity=1, period=5.0)
    assert decide(policy, "permanent", "failed", now=5.0, recent=(0.0,)).action == "restart"
    assert decide(policy, "permanent", "failed", now=4.99, recent=(0.0,)).action == "escalate"


def test_an_intensity_of_nought_puts_up_with_nothing() -> None:
    assert decide(Policy(intensity=0), "permanent", "failed", now=0.0).action == "escalate"
    assert decide(Policy(intensity=0), "temporary", "failed", now=0.0).action == "forget"


def test_delays_double_up_to_the_cap_and_begin_anew_after_a_whole_period() -> None:
    policy = Policy(intensity=100, period=5.0, backoff=Backoff(first=1.0, factor=2.0, cap=5.0))
    streak = 0
    delays = []
    for ran in (0.0, 0.0, 4.9, 0.0, 5.0, 0.0):
        decision = decide(policy, "permanent", "failed", now=0.0, streak=streak, ran=ran)
        streak = decision.streak
        delays.append(decision.delay)
    assert delays == [1.0, 2.0, 4.0, 5.0, 1.0, 2.0]


def test_a_long_streak_does_not_overflow() -> None:
    assert Backoff(first=0.05, cap=5.0).delay(100_000) == 5.0
    assert Backoff(first=0.0).delay(100_000) == 0.0


def test_jitter_lengthens_only_and_only_with_a_source_of_chance() -> None:
    backoff = Backoff(first=1.0, cap=1.0, jitter=0.5)
    rng = random.Random(1)
    delays = {backoff.delay(1, rng) for _ in range(100)}
    assert len(delays) > 50
    assert 1.0 <= min(delays) < max(delays) <= 1.5
    assert backoff.delay(1) == 1.0


async def test_a_supervisor_takes_its_jitter_from_the_source_it_was_given(autojump_clock: object) -> None:
    reports: list[ChildReport] = []
    child = Script(*["fail"] * 3)
    backoff = Backoff(first=1.0, factor=1.0, jitter=0.5)
    async with open_supervisor("s", backoff=backoff, rng=random.Random(7), report=reports.append) as supervisor:
        await supervisor.start(ChildSpec("a", child))
        await trio.sleep(10)
    rng = random.Random(7)
    assert [report.delay for report in reports] == [backoff.delay(1, rng) for _ in range(3)]
    gaps = [after - before for before, after in itertools.pairwise(child.times)]
    assert gaps == pytest.approx([report.delay for report in reports])
    assert len(set(gaps)) == 3


@pytest.mark.parametrize("make", [lambda: Backoff(first=-1), lambda: Backoff(factor=0), lambda: Policy(period=0)])
def test_nonsense_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="must"):
        make()


histories = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(RESTARTS), st.sampled_from(ENDINGS), st.floats(0, 20)))


@given(histories, st.integers(0, 5), st.floats(0.1, 10))
def test_no_period_ever_holds_more_restarts_than_the_intensity(
    history: list[tuple[float, Restart, Ending, float]], intensity: int, period: float
) -> None:
    policy = Policy(intensity, period)
    now, streak = 0.0, 0
    recent: tuple[float, ...] = ()
    restarts: list[float] = []
    for gap, restart, ending, ran in history:
        now += gap
        decision = decide(policy, restart, ending, now=now, recent=recent, streak=streak, ran=ran)
        recent, streak = decision.recent, decision.streak
        if decision.action == "restart":
            restarts.append(now)
        window = [time for time in restarts if time > now - period]
        assert len(window) <= intensity
        assert list(recent) == window
        assert (decision.action == "forget") == (
            restart == "temporary" or (restart, ending) == ("transient", "returned")
        )
        if decision.action == "escalate":
            assert len(window) == intensity


@given(st.floats(0, 10), st.floats(1, 4), st.floats(0, 100))
def test_delays_never_shrink_within_a_streak_nor_pass_the_cap(first: float, factor: float, cap: float) -> None:
    delays = [Backoff(first, factor, cap).delay(streak) for streak in range(1, 30)]
    assert all(a <= b for a, b in itertools.pairwise(delays))
    assert delays[-1] <= cap
