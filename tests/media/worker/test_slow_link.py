"""What somebody sees while a link is narrow, or only looks so, and when it is good again; time is virtual."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.media.worker.slow_link import Link, Run

SEEDS = range(3)
#: Seconds until everyone has what there is.
WARM = 15.0
CLEAR = Link()


def warm(seed: int = 0) -> Run:
    run = Run(seed)
    run.run(WARM)
    assert run.since(WARM - 5, "h") == 0.0
    return run


def carry(run: Run, link: Link, seconds: float) -> float:
    """Let the link be like this for a while; return when that began."""
    begin, run.link = run.now, link
    run.run(seconds)
    return begin


@pytest.mark.parametrize("seed", SEEDS)
def test_jitter_and_a_longer_way_take_nothing_from_a_link_with_plenty_of_rate(seed: int) -> None:
    run = warm(seed)
    begin = carry(run, Link(delay=0.1, jitter=0.03), 30)
    carry(run, CLEAR, 15)
    assert run.rate(begin, run.now) > 9.8
    assert run.switches(begin, run.now) == 0
    assert run.told == []


@pytest.mark.parametrize(("rate", "least", "loss"), [(250e3, 1.6, 0.002), (300e3, 4.5, 0.002), (400e3, 6.5, 0.002)])
def test_a_narrow_link_has_all_pictures_small_and_none_flaps(rate: float, least: float, loss: float) -> None:
    run = warm()
    begin = carry(run, Link(rate), 70)
    assert len(run.told) <= (rate <= 250e3), "where even the least of all fills it one is paused"
    assert run.rate(begin + 5, begin + 70) > least
    assert run.switches(begin + 10, begin + 70) <= 6, "in a minute"
    late = slice(round(10 * (begin + 10)), None)
    assert sum(run.losses[late]) / len(run.losses[late]) < loss
    assert sum(wait > 0.15 for wait in run.waits[late]) < 0.1 * len(run.waits[late])


@pytest.mark.parametrize("rate", [220e3, 300e3])
@pytest.mark.parametrize("lasts", [13.0, 15.0, 40.0, 65.0])
def test_after_a_narrow_link_pictures_are_large_again_within_seconds(rate: float, lasts: float) -> None:
    run = warm()
    carry(run, Link(rate), lasts)
    over = carry(run, CLEAR, 20)
    recovered = run.since(over, "h")
    assert recovered is not None
    assert recovered < 9
    assert run.rate(over + 11, over + 20) > 9.5, "and as often as before"


@pytest.mark.parametrize("loss", [0.02, 0.06, 0.1])
def test_what_is_lost_anyway_is_no_reason_to_send_less_for_long(loss: float) -> None:
    run = warm()
    carry(run, Link(loss=loss), 15)
    assert run.rate(WARM, run.now) > 9.8
    carry(run, Link(300e3, loss=loss), 15)
    over = carry(run, Link(loss=loss), 25)
    recovered = run.since(over, "h")
    assert recovered is not None
    assert recovered < 12
    assert run.told == []


@pytest.mark.parametrize("loss", [0.02, 0.06, 0.1])
def test_another_way_that_is_longer_and_loses_more_costs_some_seconds_and_no_picture(loss: float) -> None:
    run = warm()
    begin = carry(run, Link(delay=0.1, jitter=0.03, loss=loss), 40)
    assert run.told == []
    assert run.rate(begin, begin + 15) > 5
    assert run.rate(begin + 15, begin + 40) > 9.5


def test_what_was_narrow_recovers_on_a_link_that_jitters() -> None:
    run = warm()
    carry(run, Link(300e3), 15)
    over = carry(run, Link(delay=0.1, jitter=0.03), 30)
    recovered = run.since(over, "h")
    assert recovered is not None
    assert recovered < 20


@pytest.mark.parametrize("rate", [100e3, 190e3])
def test_where_there_is_hardly_room_for_sound_pictures_go_one_by_one_and_come_back_small(rate: float) -> None:
    run = warm()
    begin = carry(run, Link(rate), 30)
    paused = [(at, who) for at, who, reason in run.told if reason == "bandwidth"]
    assert len(paused) >= 2
    assert all(later - earlier > 0.9 for (earlier, _), (later, _) in pairwise(paused))
    assert paused[0][0] > begin + 2
    assert paused[-1][0] < begin + 12
    over = carry(run, CLEAR, 20)
    resumed = [at for at, _, reason in run.told if reason is None]
    assert resumed[0] < over + 6, "when the next is told of sound, of which alone there is word"
    assert all(shown is not None for shown in run.shown[-1])
    first = next(step for step in run.shown[round(10 * resumed[0]) :] if sum(shown is not None for shown in step) > 0)
    assert all(shown is None or shown[0] == "q" for shown in first)


def test_a_full_queue_that_takes_a_little_too_much_is_drained() -> None:
    run = warm()
    begin = carry(run, Link(430e3, queue=0.5), 40)
    late = run.waits[round(10 * (begin + 20)) :]
    assert sum(wait > 0.2 for wait in late) < 0.3 * len(late)


def test_sound_alone_is_no_reason_to_send_padding() -> None:
    run = warm()
    assert run.forwarding.downlink.padding == 0.0
    assert all(subscription.consumer.padded == 0 for subscription in run.subscriptions)
    carry(run, Link(300e3), 15)
    assert any(subscription.consumer.padded > 0 for subscription in run.subscriptions)
    carry(run, CLEAR, 20)
    padded = [subscription.consumer.padded for subscription in run.subscriptions]
    run.run(10)
    assert [subscription.consumer.padded for subscription in run.subscriptions] == padded, "everyone has the best"
