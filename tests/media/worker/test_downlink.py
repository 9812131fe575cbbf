"""What the link is believed to take, by what is said of it; whole links are in `test_slow_link`."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.downlink import AFTERMATH, DRAIN, FLOOR, FORGET, GROWING, GROWTH, PAUSE, START, TOGETHER, Downlink


def test_loss_alone_lowers_only_what_is_sent_when_it_is_much() -> None:
    downlink = Downlink()
    for second in range(20):
        downlink.on_loss(5, 100)
        downlink.look(900_000, None, 0.0, float(second))
    assert downlink.budget == START
    for second in range(20, 30):
        downlink.on_loss(40, 100)
        downlink.look(900_000, None, 0.0, float(second))
    assert downlink.certain
    assert downlink.budget < 800_000


def test_nothing_is_known_of_who_says_nothing() -> None:
    downlink = Downlink()
    downlink.look(5_000_000, None, 0.0, 0.0)
    assert (downlink.known, downlink.certain) == (False, False)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e7),
            st.integers(-100, 1_000),
            st.integers(0, 1_000),
            st.floats(0, 10),
            st.floats(0, 1e7),
            st.none() | st.floats(0, 1e7),
        ),
        max_size=50,
    )
)
def test_whatever_is_said_the_budget_is_one(steps: list[tuple[float, int, int, float, float, float | None]]) -> None:
    downlink = Downlink()
    for second, (estimate, lost, expected, round_trip, sent, wanted) in enumerate(steps):
        downlink.on_estimate(estimate, second)
        downlink.on_loss(lost, expected)
        downlink.on_round_trip(round_trip)
        assert FLOOR <= downlink.look(sent, wanted, 2 * sent, second, pads=second % 2 == 0) < 1e9
        assert 0 <= downlink.loss <= 1


def test_an_estimate_that_is_only_repeated_is_no_limit_for_ever() -> None:
    downlink = Downlink()
    for tenth in range(30):  # it fell while pictures were sent, and then all of them were paused
        now = tenth / 10
        downlink.look(400_000.0, 300_000.0, 300_000.0, now)
        downlink.on_estimate(500_000.0 if now < 2 else 16_000.0, now)
    assert downlink.budget == 16_000
    for tenth in range(30, 200):
        downlink.look(0.0, 300_000.0, 300_000.0, tenth / 10)
        downlink.on_estimate(16_000.0, tenth / 10)
    assert downlink.budget >= 300_000.0


def watched(*, trips: bool = True) -> Downlink:
    """One that was sent 1 Mbit/s for two seconds, and believes in more."""
    downlink = Downlink()
    for tenth in range(20):
        downlink.look(1e6, None, 1e6, tenth / 10)
        if trips and tenth % 5 == 0:
            downlink.on_round_trip(0.02)
    assert not downlink.on_estimate(1.4e6, 1.9)
    return downlink


def test_a_fall_of_the_estimate_is_believed_if_something_else_says_so() -> None:
    assert not watched().on_estimate(650_000, 2.0), "a way that became longer takes that much of it for a moment"
    fell = watched()
    assert fell.on_estimate(550_000, 2.0), "less comes than is sent"
    assert fell.narrow_at == 2.0
    lossy = watched()
    lossy.on_loss(10, 100)
    assert lossy.on_estimate(800_000, 2.0)
    assert watched(trips=False).on_estimate(800_000, 2.0), "it tells nothing else"


@pytest.mark.parametrize("late", [TOGETHER - 0.1, TOGETHER])
def test_what_is_said_later_is_said_of_something_else(late: float) -> None:
    downlink = watched()
    assert not downlink.on_estimate(800_000, 2.0)
    downlink.look(1e6, None, 1e6, 2.0 + late)
    downlink.on_loss(10, 100)
    downlink.look(1e6, None, 1e6, 2.0 + late)
    assert downlink.certain is (late < TOGETHER)


def test_round_trips_that_grow_for_some_seconds_are_congestion() -> None:
    downlink = watched()
    for step in range(20):
        now = 2.0 + step / 5
        assert not downlink.certain or now > 2.0 + GROWING
        downlink.on_round_trip(0.02 + 0.02 * step)
        downlink.look(1e6, None, 1e6, now)
    assert downlink.certain


def test_before_any_congestion_what_fits_is_believed_to_grow() -> None:
    downlink = Downlink()
    assert downlink.look(START, 5e6, 5e6, 0.0) == START
    assert downlink.look(START, 5e6, 5e6, 1.0) == GROWTH * START


def test_losses_that_nobody_speaks_of_any_more_are_forgotten() -> None:
    downlink = Downlink()
    downlink.look(START, None, START, 0.0)
    downlink.on_loss(50, 100)
    lost = downlink.loss
    downlink.look(START, None, START, 2.0)
    assert downlink.loss == pytest.approx(lost * FORGET**2)


def test_for_losses_less_is_sent_once_a_second_and_not_for_each_word_of_them() -> None:
    downlink = Downlink()
    downlink.look(START, None, START, 0.0)
    budgets = []
    for tenth in range(1, 13):
        downlink.on_loss(60, 100)
        budgets.append(downlink.look(START, None, START, tenth / 10))
    assert budgets[0] < START
    assert budgets[:10] == budgets[:1] * 10
    assert budgets[-1] < budgets[0]


def test_a_full_queue_is_given_time_to_become_shorter() -> None:
    downlink = Downlink()
    downlink.look(START, None, START, 0.0)
    downlink.on_round_trip(0.02)
    downlink.on_round_trip(0.2)
    downlink.on_loss(3, 100)
    budget = downlink.look(START, None, START, 0.1)
    assert budget == pytest.approx(0.9 * START), "however few were lost"
    for now in (0.1 + PAUSE, 0.1 + DRAIN - 0.01):
        downlink.on_loss(60, 100)
        assert downlink.look(START, None, START, now) == budget
    downlink.on_loss(60, 100)
    assert downlink.look(START, None, START, 0.1 + DRAIN) < budget


def jittery(downlink: Downlink, begin: int, seconds: int, trip: tuple[float, float], falls: bool) -> list[float]:
    """Send 400 kbit/s if that is believed to fit, over a way of so long a round trip, without losses."""
    chance, budgets = random.Random(begin), []
    for tenth in range(10 * begin, 10 * (begin + seconds)):
        now, sent = tenth / 10, min(400_000.0, downlink.budget)
        budgets.append(downlink.look(sent, 400_000.0 if sent < 400_000 else None, 400_000.0, now))
        if tenth % 10 == 9:
            downlink.on_loss(0, 40)
            downlink.on_round_trip(chance.uniform(*trip))
            downlink.on_estimate((0.85 if falls and chance.random() < 0.5 else 1.4) * sent, now)
    return budgets


def test_jitter_alone_is_no_narrow_link() -> None:
    downlink = Downlink()
    jittery(downlink, 0, 10, (0.2, 0.24), falls=False)
    assert min(jittery(downlink, 10, 60, (0.2, 0.24), falls=True)) >= 400_000


def test_a_way_that_becomes_longer_is_told_from_a_queue() -> None:
    downlink = Downlink()
    jittery(downlink, 0, 10, (0.001, 0.003), falls=False)
    budgets = jittery(downlink, 10, 40, (0.2, 0.26), falls=True)
    assert min(budgets[100:]) >= 400_000, "after ten seconds it is what it was"
    assert min(jittery(downlink, 50, 20, (0.001, 0.003), falls=False)[20:]) >= 400_000


def test_what_was_lost_or_late_a_while_ago_is_not_so_now_where_others_tell_of_now() -> None:
    downlink = Downlink()
    jittery(downlink, 0, 10, (0.001, 0.003), falls=False)
    before = downlink.round_trip
    for _ in range(5):
        downlink.on_loss(80, 250, 5.0)
        downlink.on_round_trip(0.3, 4.0)
    assert (downlink.loss, downlink.round_trip) == (0.0, before)
    assert min(jittery(downlink, 10, 5, (0.001, 0.003), falls=False)) >= 400_000


def test_what_was_lost_while_nothing_came_or_went_is_no_reason_to_send_less() -> None:
    downlink = Downlink()
    jittery(downlink, 0, 10, (0.001, 0.003), falls=False)
    for tenth in range(40):
        downlink.look(400_000.0, None, 400_000.0, 10 + tenth / 10)
    for _ in range(6):
        downlink.on_loss(35, 40, 4.5)
    assert min(jittery(downlink, 14, 10, (0.001, 0.003), falls=False)) >= 400_000
    assert not downlink.certain


def test_a_report_that_nothing_came_is_no_word_of_losses() -> None:
    downlink = Downlink()
    for second in range(10):
        downlink.look(400_000.0, None, 400_000.0, float(second))
        downlink.on_loss(0, 0, 1.0)
    downlink.on_loss(80, 250, 5.0)
    assert downlink.loss > 0.03


def test_of_who_tells_of_sound_alone_it_is_all_that_is_known() -> None:
    downlink = Downlink()
    for second in range(0, 15, 5):
        downlink.look(400_000.0, None, 400_000.0, float(second))
        downlink.on_loss(80, 250, 5.0)
        downlink.on_round_trip(0.3, 4.0)
    assert downlink.loss > 0.15
    assert downlink.round_trip == 0.3


def fallen(downlink: Downlink, to: float) -> float:
    """Have the estimate fall to this, and return when something more is tried."""
    for tenth in range(30):
        downlink.look(400_000.0, None, 400_000.0, tenth / 10)
        downlink.on_round_trip(0.002)
        downlink.on_loss(0, 40)
    downlink.on_loss(20, 40)
    downlink.on_estimate(500_000.0, 2.8)
    downlink.on_estimate(to, 2.9)
    now = 3.0
    while downlink.padding == 0.0:
        now += 0.1
        downlink.look(to, 1.2 * to, 400_000.0, now, pads=True)
        downlink.on_round_trip(0.002)
        downlink.on_loss(0, 40)
    return now


def test_what_a_try_does_is_not_laid_to_what_is_sent_beside() -> None:
    downlink = Downlink()
    now = fallen(downlink, 100_000.0)
    before = downlink.budget
    end = now + AFTERMATH - 0.15
    while now < end:
        downlink.on_round_trip(0.3)
        downlink.on_loss(8, 40)
        now += 0.1
        downlink.look(100_000.0, 120_000.0, 400_000.0, now, pads=True)
        assert downlink.budget == before
    assert downlink.padding == 0.0
    for _ in range(10):
        downlink.on_round_trip(0.3)
        downlink.on_loss(8, 40)
        now += 0.1
        downlink.look(100_000.0, 120_000.0, 400_000.0, now, pads=True)
    assert downlink.budget < before, "it goes on without it"


def test_a_try_that_begins_to_overflow_is_given_up_for_that() -> None:
    downlink = Downlink()
    now = fallen(downlink, 100_000.0)
    before = downlink.budget, downlink.narrow_at
    downlink.on_round_trip(0.2)
    downlink.on_loss(4, 100)
    downlink.look(100_000.0, 120_000.0, 400_000.0, now + 0.1, pads=True)
    assert downlink.padding == 0.0
    assert (downlink.budget, downlink.narrow_at) == before


def test_a_try_goes_on_though_what_is_wanted_costs_a_moment_less() -> None:
    downlink = Downlink()
    now = fallen(downlink, 100_000.0)
    tenths = 0
    while not downlink.granted:
        tenths += 1
        downlink.look(90_000.0, 110_000.0 if tenths % 3 else 90_000.0, 400_000.0, now + tenths / 10, pads=True)
        assert tenths < 20
    downlink = Downlink()
    now = fallen(downlink, 100_000.0)
    downlink.look(90_000.0, None, 400_000.0, now + 0.1, pads=True)
    assert downlink.padding == 0.0, "but not when nothing more is wanted"
