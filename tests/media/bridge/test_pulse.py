from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bridge.pulse import Look, Pulse, Terms

TERMS = Terms(interval=0.4, silence=1.0, answer=5.0)


def watch(pulse: Pulse, until: float) -> list[tuple[float, Look]]:
    """Look on time, again and again, and say what came of it, other than waiting."""
    said: list[tuple[float, Look]] = []
    while (now := pulse.due) <= until:
        if (look := pulse.look(now)) != "wait":
            said.append((round(now, 6), look))
        if look in ("silent", "mute"):
            break
    return said


def lost_at(pulse: Pulse) -> float:
    """When it is taken for lost, if it says nothing and every look is on time."""
    return watch(pulse, 1e9)[-1][0]


def test_it_is_asked_at_each_interval_and_nothing_is_asked_twice() -> None:
    pulse = Pulse(TERMS, 0.0)
    assert watch(pulse, 0.75) == [(0.4, "ask")]
    pulse.heard(0.75)
    pulse.answered(0.75)
    assert pulse.rtt == pytest.approx(0.35)
    assert watch(pulse, 1.3) == [(0.8, "ask")]


def test_who_says_nothing_for_a_second_is_lost() -> None:
    assert watch(Pulse(TERMS, 10.0), 99.0) == [(10.4, "ask"), (11.0, "silent")]


def test_any_word_is_a_sign_of_life_and_an_answer_is_wanted_all_the_same() -> None:
    pulse = Pulse(TERMS, 0.0)
    said: list[tuple[float, Look]] = []
    for step in range(1, 100):
        said += watch(pulse, step * 0.5)
        if said[-1:] and said[-1][1] == "mute":
            break
        pulse.heard(step * 0.5)
    assert said == [(0.4, "ask"), (5.4, "mute")]


@pytest.mark.parametrize("stop", [0.2, 5.0, 1e6])
def test_while_we_were_stopped_nobody_was_silent(stop: float) -> None:
    pulse = Pulse(TERMS, 0.0)
    assert pulse.look(0.2 + stop) in ("ask", "wait")
    assert lost_at(pulse) == pytest.approx(1.0 + stop)  # as much is left of the second as was before


@pytest.mark.parametrize("stop", [0.2, 5.0, 1e6])
def test_whoever_was_stopped_with_us_has_a_moment_to_answer(stop: float) -> None:
    pulse = Pulse(TERMS, 0.0)
    assert watch(pulse, 0.95) == [(0.4, "ask")]
    resumed = 1.0 + stop  # when it would have been given up, and more
    assert pulse.look(resumed) == "wait"
    assert lost_at(pulse) == pytest.approx(resumed + TERMS.interval)


def test_a_moment_is_given_once() -> None:
    pulse = Pulse(TERMS, 0.0)
    watch(pulse, 0.95)
    assert pulse.look(9.0) == "wait"
    assert pulse.look(20.0) in ("wait", "silent")
    assert pulse.look(30.0) == "silent"


def test_a_question_is_not_late_because_we_were() -> None:
    pulse = Pulse(TERMS, 0.0)
    for step in range(10):  # 4.5 seconds
        pulse.heard(step * 0.5)
        assert [look for _, look in watch(pulse, step * 0.5) if look != "ask"] == []
    assert pulse.look(60.0) == "wait"
    pulse.heard(60.0)
    assert [look for _, look in watch(pulse, 60.6)] == []  # what is left of its five seconds
    pulse.heard(60.6)
    assert [look for _, look in watch(pulse, 61.5)] == ["mute"]


def test_however_late_every_look_is_who_is_gone_is_missed_in_the_end() -> None:
    pulse = Pulse(TERMS, 0.0)
    looks: list[Look] = []
    while len(looks) < 20 and "silent" not in looks:
        looks.append(pulse.look(pulse.due + 3.0))
    assert looks[-1] == "silent"


def test_the_wait_for_a_core_is_no_silence_for_five_seconds() -> None:
    pulse = Pulse(TERMS, 0.0)
    while pulse.look(pulse.due, starved=60.0 + pulse.due) != "silent":
        assert pulse.due <= 5.01
    assert pulse.due == pytest.approx(5.0)


def test_the_wait_for_a_core_before_a_word_is_past() -> None:
    pulse = Pulse(TERMS, 0.0)
    pulse.look(0.2, starved=60.0)
    pulse.heard(0.3)
    while pulse.look(pulse.due, starved=60.0) != "silent":
        pass
    assert pulse.due == pytest.approx(1.3)


def test_numbers_are_checked() -> None:
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="silence must be greater than 0"):
            Terms(interval=1.0, silence=bad, answer=1.0)


@given(st.lists(st.tuples(st.floats(0, 0.99), st.booleans()), max_size=60))
def test_whoever_says_something_every_second_is_never_lost(steps: list[tuple[float, bool]]) -> None:
    """Whether it answers at once or only says something else, as long as it answers in the end."""
    pulse = Pulse(TERMS, 0.0)
    now, asked = 0.0, 0.0
    waiting = False
    for gap, answers in steps:
        word = now + gap
        while pulse.due <= word:
            due = max(now, pulse.due)
            look = pulse.look(due)
            assert look in ("wait", "ask")
            if look == "ask":
                waiting, asked = True, due
        now = word
        pulse.heard(now)
        if waiting and (answers or now - asked > 3.0):
            pulse.answered(now)
            waiting = False


@given(st.floats(0, 100), st.lists(st.floats(0, 5), max_size=20))
def test_silence_is_what_was_listened_to(begin: float, lates: list[float]) -> None:
    """Whoever is silent is lost after a second of looks on time, the time we were late, and one moment at the most."""
    pulse = Pulse(TERMS, begin)
    late = 0.0
    lateness = iter(lates)
    while True:
        more = next(lateness, 0.0)
        now = pulse.due + more
        late += more
        if pulse.look(now) == "silent":
            break
    assert 1.0 + late - 1e-9 <= now - begin <= 1.0 + late + TERMS.interval + 1e-9


@given(
    st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 5.0)), max_size=6),
    st.floats(0.0, 0.05),
)
def test_whoever_is_stopped_together_with_us_is_never_lost(pauses: list[tuple[float, float]], takes: float) -> None:
    """As when a machine is suspended, or everything that was started from a terminal: it answers soon, when it runs."""
    stops: list[tuple[float, float]] = []
    end = 0.0
    for runs, stopped in pauses:
        stops.append((end + runs, end + runs + stopped))
        end += runs + stopped

    def running(at: float) -> float:
        """When what is to happen at a moment happens."""
        for begin, resumed in stops:
            if begin <= at < resumed:
                return resumed
        return at

    pulse = Pulse(TERMS, 0.0)
    answer = inf
    now = 0.0
    while now < end + 5.0:
        look_at = running(pulse.due)
        if answer < look_at:
            now, answer = answer, inf
            pulse.heard(now)
            pulse.answered(now)
            continue
        now = max(now, look_at)
        look = pulse.look(now)
        assert look in ("wait", "ask"), now
        if look == "ask":
            answer = now + takes + sum(resumed - begin for begin, resumed in stops if now <= begin < now + takes)
