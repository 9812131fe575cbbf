"""Layers that are asked for and come, or stay away."""

from __future__ import annotations

from media.worker.demand import AVOIDANCE, PATIENCE, Demand

STEP = 0.05


class Asking:
    """A layer that somebody wants from the second 10 on; its last packet came when ``came`` says, if one did."""

    def __init__(self, came: float | None) -> None:
        self.demand = Demand()
        self.came = came
        self.now = 10.0

    def run(self, seconds: float, *, live: bool = False, wanted: bool = True, judged: bool = True) -> None:
        for _ in range(round(seconds / STEP)):
            if live:
                self.came = self.now
            self.demand.want(self.now, self.came, live=live, wanted=wanted, judged=judged)
            self.now += STEP

    def usable(self, *, live: bool = False) -> bool:
        return self.demand.is_usable(self.now, self.came, live=live)

    def lacking(self, *, live: bool = False) -> bool:
        return self.demand.is_lacking(self.now, self.came, live=live)


def test_what_was_never_asked_for_may_come() -> None:
    for came in (None, 5.0):
        asking = Asking(came)
        assert asking.usable()
        assert not asking.lacking()


def test_what_is_asked_for_has_some_seconds_to_come_and_is_avoided_after_that_for_some() -> None:
    asking = Asking(5.0)
    asking.run(PATIENCE - STEP)
    assert asking.usable()
    asking.run(2 * STEP)
    assert not asking.usable()
    asking.run(AVOIDANCE - 2 * STEP, wanted=False)
    assert not asking.usable()
    asking.run(2 * STEP, wanted=False)
    assert asking.usable(), "it is tried again"


def test_who_goes_on_to_want_it_does_not_have_it_avoided_for_longer() -> None:
    asking = Asking(5.0)
    asking.run(PATIENCE + AVOIDANCE / 2)
    asking.run(AVOIDANCE / 2 + STEP, wanted=False)
    assert asking.usable()


def test_what_comes_is_of_use_though_it_was_avoided() -> None:
    asking = Asking(5.0)
    asking.run(PATIENCE + 1.0)
    assert not asking.usable()
    assert asking.usable(live=True)


def test_what_came_when_it_was_asked_for_and_stays_away_is_not_waited_for() -> None:
    asking = Asking(None)
    asking.run(1.0, live=True)
    assert not asking.usable(), "its publisher gave it up"
    asking = Asking(5.0)
    asking.run(1.0)
    assert asking.usable(), "it came before that, and may again"


def test_what_may_not_be_blamed_is_waited_for() -> None:
    asking = Asking(5.0)
    asking.run(3 * PATIENCE, judged=False)
    assert asking.usable()
    assert not asking.lacking()


def test_it_is_lacking_half_way_and_while_it_is_avoided_if_it_came_once() -> None:
    asking, never = Asking(5.0), Asking(None)
    for each in (asking, never):
        each.run(PATIENCE / 2 - STEP)
    assert not asking.lacking()
    for each in (asking, never):
        each.run(3 * STEP)
    assert asking.lacking()
    assert not asking.lacking(live=True)
    assert not never.lacking(), "browsers send no more layers than they can"
    asking.run(PATIENCE)
    asking.run(STEP, wanted=False)
    assert asking.lacking(), "nobody asks, as it did not come"
    asking.run(AVOIDANCE, wanted=False)
    assert not asking.lacking()
