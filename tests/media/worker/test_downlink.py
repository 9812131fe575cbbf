"""What the link is believed to take, against a link that is simulated with the receiver's own estimator."""

from __future__ import annotations

import random
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.allocator import Allocator, Option, Want
from media.worker.downlink import FLOOR, START, Downlink

SOUND = 40_000.0
#: What the layers of one camera cost, some without their higher temporal layers.
CAMERA = (60_000.0, 90_000.0, 150_000.0, 300_000.0, 500_000.0, 1_000_000.0, 1_700_000.0)


@attrs.define
class Link:
    """A link of a rate and a queue of a third of a second, and a receiver that estimates as Chromium's does."""

    rate: float
    queue: float = 0.0
    estimate: float = 0.0
    lost: float = 0.0
    expected: float = 0.0

    def carry(self, sent: float, seconds: float) -> None:
        self.queue += (sent - self.rate) * seconds
        packets = sent * seconds / 9_600
        over = self.queue - self.rate / 3
        if over > 0:
            self.lost += over / 9_600
            self.queue -= over
        self.queue = max(0.0, self.queue)
        self.expected += packets + 50 * seconds
        received = self.rate if self.queue > 0 else sent
        if self.delay > 0.05:  # overuse
            self.estimate = 0.85 * received
        else:
            self.estimate = min(self.estimate * 1.08**seconds + 2_000 * seconds, 1.5 * received + 10_000)

    @property
    def delay(self) -> float:
        return self.queue / self.rate


@attrs.define
class Outcome:
    sent: list[float] = attrs.field(factory=list)
    queues: list[float] = attrs.field(factory=list)
    chosen: list[int] = attrs.field(factory=list)

    def changes(self, begin: int, end: int) -> int:
        steps = self.chosen[begin * 10 : end * 10]
        return sum(a != b for a, b in pairwise(steps))


def run(rates: dict[int, float], seconds: int, *, cameras: int = 1) -> Outcome:
    """Send cameras over a link whose rate changes at these seconds."""
    link, downlink, allocator, outcome = Link(rates[0], estimate=300_000), Downlink(), Allocator(), Outcome()
    current, next_cost, now = dict.fromkeys(range(cameras), -1), None, 0.0
    for step in range(seconds * 10):
        now = step / 10
        link.rate = rates.get(step // 10, link.rate) if step % 10 == 0 else link.rate
        sent = SOUND + sum(CAMERA[at] for at in current.values() if at >= 0)
        link.carry(sent, 0.1)
        if step % 10 == 9 or link.estimate < 0.97 * sent:  # at once when it falls
            downlink.on_estimate(link.estimate, now)
        if step % 10 == 9:
            downlink.on_loss(round(link.lost), round(link.expected))
            downlink.on_round_trip(0.05 + link.delay)
            link.lost = link.expected = 0.0
        budget = downlink.look(sent, next_cost, now)
        wants = [
            Want(key, 1, tuple(Option(cost, None) for cost in CAMERA), at, not downlink.certain)
            for key, at in current.items()
        ]
        allocation = allocator.choose(budget - SOUND, wants, now)
        current = {int(str(key)): at for key, at in allocation.chosen.items()}
        next_cost = None if allocation.next is None else allocation.next + SOUND
        outcome.sent.append(sent)
        outcome.queues.append(link.delay)
        outcome.chosen.append(sum(current.values()))
    return outcome


def test_a_good_link_carries_the_best_within_seconds_and_all_the_time() -> None:
    outcome = run({0: 20_000_000}, 60)
    assert outcome.chosen[40:] == [6] * 560


@pytest.mark.parametrize("rate", [150_000, 300_000, 600_000, 1_200_000])
def test_a_narrow_link_is_used_and_not_flooded(rate: int) -> None:
    outcome = run({0: rate}, 180)
    late = outcome.queues[100:]
    assert sum(queue > 0.1 for queue in late) < 0.1 * len(late), "the queue is empty most of the time"
    assert sum(outcome.sent[100:]) / len(late) > 0.4 * rate
    assert outcome.changes(60, 180) < 25, "nothing goes up and down all the time"


def test_a_collapse_is_followed_within_two_seconds_and_so_is_the_recovery() -> None:
    outcome = run({0: 5_000_000, 20: 300_000, 50: 5_000_000}, 120)
    assert outcome.chosen[190] == 6
    assert max(outcome.sent[220:230]) <= 300_000
    assert outcome.chosen[-1] == 6
    again = next(step for step in range(500, 1200) if outcome.chosen[step] == 6)
    assert again < 900, f"at {again / 10} s"


def test_where_not_even_the_smallest_fits_nothing_but_sound_is_sent() -> None:
    outcome = run({0: 3_000_000, 20: 60_000}, 100)
    late = outcome.chosen[300:]
    assert sum(chosen == -1 for chosen in late) > 0.9 * len(late)


def test_many_share_what_there_is() -> None:
    outcome = run({0: 2_000_000}, 60, cameras=6)
    assert 0.4 * 2_000_000 < sum(outcome.sent[-200:]) / 200 < 2_000_000


def test_loss_alone_lowers_only_what_is_sent_when_it_is_much() -> None:
    downlink = Downlink()
    for second in range(20):
        downlink.on_loss(5, 100)
        downlink.look(900_000, None, float(second))
    assert downlink.budget == START
    for second in range(20, 30):
        downlink.on_loss(40, 100)
        downlink.look(900_000, None, float(second))
    assert downlink.certain
    assert downlink.budget < 800_000


def test_nothing_is_known_of_who_says_nothing() -> None:
    downlink = Downlink()
    downlink.look(5_000_000, None, 0.0)
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
        assert FLOOR <= downlink.look(sent, wanted, second) < 1e9
        assert 0 <= downlink.loss <= 1


def test_an_estimate_that_is_only_repeated_is_no_limit_for_ever() -> None:
    downlink = Downlink()
    for tenth in range(60):  # it fell while pictures were sent, and then all of them were paused
        now = tenth / 10
        downlink.look(400_000.0 if now < 3 else 50_000.0, 300_000.0, now)
        downlink.on_estimate(500_000.0 if now < 2 else 16_000.0, now)
    assert downlink.budget == FLOOR
    for tenth in range(60, 200):
        downlink.look(50_000.0, 300_000.0, tenth / 10)
        downlink.on_estimate(16_000.0, tenth / 10)
    assert downlink.budget >= 300_000.0


def jittery(downlink: Downlink, begin: int, seconds: int, trip: tuple[float, float], falls: bool) -> list[float]:
    """Send 400 kbit/s if that is believed to fit, over a way of so long a round trip, without losses."""
    chance, budgets = random.Random(begin), []
    for tenth in range(10 * begin, 10 * (begin + seconds)):
        now, sent = tenth / 10, min(400_000.0, downlink.budget)
        budgets.append(downlink.look(sent, 400_000.0 if sent < 400_000 else None, now))
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
