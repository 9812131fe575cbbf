"""When something is said, and when it is said to be over."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatroom.problems import SignalLevel
from chatroom.quality.debounce import FORGET, Bars, Debounce, Seen


def play(debounce: Debounce, seen: Sequence[Seen], begin: float = 0.0) -> list[tuple[float, Seen]]:
    """Look once a second; return what was said, and when."""
    return [
        (begin + second, debounce.severity) for second, each in enumerate(seen) if debounce.look(each, begin + second)
    ]


def test_it_is_said_when_it_was_seen_for_a_while_and_over_when_it_was_good_for_longer() -> None:
    seen: list[Seen] = [None, "mild", None, "mild", "mild", None, None, None, None, None]
    said = play(Debounce(begin=0.8), seen)
    assert said == [(4, "mild"), (9, None)]


def test_of_two_severities_the_milder_one_is_said_until_the_other_lasts() -> None:
    assert play(Debounce(0.8), ["severe", "mild", "severe", "severe"]) == [(1, "mild"), (3, "severe")]
    seen: list[Seen] = ["severe", "severe", "mild", "mild", "mild", "mild", "mild"]
    assert play(Debounce(0.8), seen) == [(1, "severe"), (6, "mild")]


def test_since_is_when_it_was_seen_first() -> None:
    debounce = Debounce(0.8)
    play(debounce, [None, None, "mild", "severe"])
    assert debounce.since == 2


def test_what_cannot_be_told_changes_nothing_for_a_while() -> None:
    debounce = Debounce(0.8)
    unknown: list[Seen] = ["unknown"] * (int(FORGET) - 1)
    seen: list[Seen] = ["mild", "mild", *unknown, "mild"]
    assert play(debounce, seen) == [(1, "mild")]
    assert play(debounce, ["unknown"] * 20, begin=100.0) == [(100, None)], "nobody believes it any more"
    assert play(Debounce(0.8), ["mild", "unknown", "mild", "unknown"]) == []


def test_what_lingers_neither_begins_nor_ends_it() -> None:
    debounce = Debounce(0.8)
    assert not any(debounce.look(None, second, lingers=True) for second in range(10))
    play(debounce, ["mild", "mild"], begin=10)
    assert not any(debounce.look(None, second, lingers=True) for second in range(12, 40))
    assert play(debounce, [None] * 6, begin=40) == [(44, None)]


def test_what_comes_back_and_back_is_over_later_and_later() -> None:
    debounce, now, waited = Debounce(0.8), 0.0, []
    for _ in range(5):
        play(debounce, ["mild", "mild"], begin=now)
        ((over, _),) = play(debounce, [None] * 40, begin=now + 2)
        waited.append(over - now - 2)
        now = over + 1
    assert waited == [4, 8, 16, 32, 32]
    play(debounce, ["mild", "mild"], begin=now + 100)
    assert play(debounce, [None] * 5, begin=now + 102) == [(now + 106, None)], "after a good minute it is as before"


@given(st.lists(st.sampled_from([None, "mild", "severe", "unknown"]), max_size=400))
def test_it_never_flaps(seen: list[Seen]) -> None:
    said = play(Debounce(0.8), seen)
    begins = [at for (at, now), (_, before) in zip(said, [(0.0, None), *said], strict=False) if now and not before]
    for at in begins:
        assert sum(at <= other < at + 60 for other in begins) <= 5
    for (_, now), (_, before) in zip(said[1:], said, strict=False):
        assert now != before


def test_bars_fall_after_two_looks_and_rise_after_some_seconds() -> None:
    bars = Bars()
    levels: list[SignalLevel] = [4, 4, 1, 4, 2, 1, 4, 4, 4, 4, 4]
    shown = [(second, bars.level) for second, level in enumerate(levels) if bars.look(level, second)]
    assert shown == [(1, 4), (5, 2), (10, 4)]


def test_bars_of_which_nothing_is_known_go_out() -> None:
    bars = Bars()
    for second in range(3):
        bars.look(3, second)
    assert [second for second in range(3, 30) if bars.look(None, second)] == [17]
    assert bars.level is None


@given(st.lists(st.sampled_from([1, 2, 3, 4, None]), max_size=400))
def test_bars_never_flap(levels: list[SignalLevel | None]) -> None:
    bars = Bars()
    changes = [(second, bars.level) for second, level in enumerate(levels) if bars.look(level, second)]
    rises = [at for (at, now), (_, before) in zip(changes[1:], changes, strict=False) if (now or 0) > (before or 0)]
    for at in rises:
        assert sum(at <= other < at + 60 for other in rises) <= 8
