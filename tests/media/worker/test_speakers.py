"""Who speaks and who is heard, by what the levels of microphones say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.worker.speakers import HOLD, INTERVAL, LOUDER, OPEN, PLACE, SPEAKING_PLACE, Speakers, Voice

SPEECH, BREATH, NOISE, SILENCE = 28, 46, 62, 127
PACKETS = 5  # in a look


class Room:
    """Microphones that say the same until told otherwise: a level, several in turns, or None for nothing at all."""

    def __init__(self, names: Iterable[str], loudest: int = 3) -> None:
        self.speakers = Speakers(loudest)
        self.voices = {name: Voice(name) for name in names}
        self.looks = 0

    @property
    def now(self) -> float:
        return self.looks * INTERVAL

    def look(self, seconds: float = INTERVAL, /, **levels: int | list[int] | None) -> None:
        """Let time pass."""
        for _ in range(round(seconds / INTERVAL)):
            self.looks += 1
            for name, level in levels.items():
                if level is not None:
                    for number in range(PACKETS):
                        value = level if isinstance(level, int) else level[number % len(level)]
                        self.voices[name].hear(value)
            self.speakers.look(self.voices.values(), self.now)

    def everyone(self, level: int | None) -> dict[str, int | list[int] | None]:
        return dict.fromkeys(self.voices, level)

    @property
    def speaking(self) -> list[str]:
        return list(self.speakers.speaking)

    @property
    def heard(self) -> set[str]:
        return {name for name, voice in self.voices.items() if voice.forwarded}


def one() -> Room:
    room = Room("a")
    room.look(1, a=NOISE)
    return room


# ---- who speaks


def test_speech_is_noticed_within_three_tenths_of_a_second() -> None:
    room = one()
    room.look(a=[NOISE, NOISE, NOISE, SPEECH, SPEECH])  # it begins in the middle of a look
    room.look(a=SPEECH)
    assert room.speaking == []
    room.look(a=SPEECH)
    assert room.speaking == ["a"]


def test_a_click_is_none() -> None:
    room = one()
    for _ in range(30):
        room.look(a=[NOISE, SPEECH, NOISE, NOISE, NOISE])
        assert room.speaking == []
    room.look(a=SPEECH)  # a knock at the table
    for _ in range(30):
        room.look(a=NOISE)
        assert room.speaking == []


@pytest.mark.parametrize("shift", range(PACKETS))
def test_the_echo_of_a_click_is_none(shift: int) -> None:
    # a beep of 20 ms as it comes from a browser, which suppresses the noise after it
    beep = [10, 11, 27, 33, 37, 40, 44, 48, 51, 56, 59, 62, 67, 70, 75, *[SILENCE] * 10]
    room = Room("a")
    room.look(1, a=SILENCE)
    levels = [SILENCE] * shift + beep * 20
    for at in range(0, len(levels), PACKETS):
        room.look(a=levels[at : at + PACKETS])
        assert room.speaking == []
    room.look(0.3, a=SPEECH)
    assert room.speaking == ["a"]


def test_a_pause_for_breath_is_speech_and_a_second_of_silence_is_its_end() -> None:
    room = one()
    room.look(1, a=SPEECH)
    for _ in range(5):
        room.look(0.8, a=NOISE)
        assert room.speaking == ["a"]
        room.look(a=SPEECH)
    room.look(HOLD - INTERVAL, a=NOISE)
    assert room.speaking == ["a"]
    room.look(2 * INTERVAL, a=NOISE)
    assert room.speaking == []
    assert room.speakers.spoke == ("a",)


def test_whose_packets_end_does_not_speak_any_more() -> None:
    room = one()
    room.look(1, a=SPEECH)
    room.look(HOLD, a=None)
    assert room.speaking == []


@pytest.mark.parametrize("fan", [36, 42, 50])
def test_a_fan_is_not_taken_for_speech_for_long_and_does_not_drown_it(fan: int) -> None:
    room = Room("a")
    room.look(15, a=fan)
    assert room.speaking == []
    room.look(30, a=fan)
    assert room.speaking == []
    room.look(0.2, a=fan - 16)
    assert room.speaking == ["a"]


def test_a_long_speech_is_not_taken_for_noise() -> None:
    room = one()
    for _ in range(60):
        room.look(2, a=SPEECH + 4)
        room.look(0.2, a=NOISE)
        assert room.speaking == ["a"]


def test_what_is_faint_is_no_speech_in_the_quietest_room() -> None:
    room = Room("a")
    room.look(5, a=SILENCE)
    room.look(5, a=[54, 127])
    assert room.speaking == []


def test_the_senders_own_opinion_of_what_is_speech_does_not_count() -> None:
    room = one()
    room.look(2, a=0x80 | NOISE)
    assert room.speaking == []
    room.look(1, a=0x80 | SPEECH)
    assert room.speaking == ["a"]


def test_who_spoke_last_is_first() -> None:
    room = Room("abc")
    room.look(1, a=SPEECH)
    assert (room.speaking, room.speakers.spoke) == (["a"], ())
    room.look(1, a=SPEECH, b=SPEECH)
    assert room.speaking == ["b", "a"]
    room.look(1.2, a=SPEECH, b=NOISE)
    assert (room.speaking, room.speakers.spoke) == (["a"], ("b",))
    room.look(1.2, c=SPEECH)
    assert (room.speaking, room.speakers.spoke) == (["c"], ("a", "b"))
    room.speakers.forget("a")
    room.speakers.forget("c")
    del room.voices["c"]
    room.look(b=SPEECH)
    assert (room.speaking, room.speakers.spoke) == ([], ("b",))


# ---- who is heard


def test_while_no_more_are_on_than_may_be_heard_all_are() -> None:
    room = Room("abcdef")
    room.look(3, a=SILENCE, b=SILENCE, c=SILENCE)
    assert room.heard == set("abcdef"), "nothing comes from the others, and would be heard at once"


@pytest.mark.parametrize(("loudest", "heard"), [(0, 6), (1, 1), (3, 3), (6, 6), (9, 6)])
def test_no_more_are_heard_than_may_be(loudest: int, heard: int) -> None:
    room = Room("abcdef", loudest)
    room.look(3, **room.everyone(NOISE))
    assert len(room.heard) == heard


def test_who_begins_is_heard_at_once_in_the_place_of_who_was_silent_for_longest() -> None:
    room = Room("abcd")
    room.look(2, **{**room.everyone(NOISE), "d": None})
    room.look(1, **{**room.everyone(NOISE), "a": SPEECH})
    room.look(1.5, **{**room.everyone(NOISE), "c": SPEECH})
    room.look(1, **room.everyone(NOISE))
    assert room.heard == set("abc")
    room.look(**{**room.everyone(NOISE), "d": SPEECH})
    assert room.heard == set("acd")
    room.look(10, **room.everyone(NOISE))
    assert room.heard == set("acd"), "silence changes nothing"


def test_nobody_who_speaks_is_cut_off_by_a_breath() -> None:
    room = Room("abcd")
    room.look(2, **room.everyone(NOISE))
    speech: dict[str, int | list[int] | None] = {"a": SPEECH, "b": SPEECH, "c": 40}
    room.look(5, **speech, d=NOISE)
    assert room.heard == set("abc")
    for _ in range(20):
        room.look(0.4, **speech, d=BREATH)
        assert room.heard == set("abc")
        room.look(0.4, a=NOISE, b=NOISE, c=NOISE, d=BREATH)  # all pause for breath
        assert room.heard == set("abc")
        room.look(0.1, **speech, d=NOISE)


def test_who_speaks_much_louder_is_heard_all_the_same_and_who_speaks_a_little_louder_is_not() -> None:
    room = Room("abcd")
    room.look(2, **room.everyone(NOISE))
    speech: dict[str, int | list[int] | None] = {"a": SPEECH, "b": SPEECH, "c": 36}
    room.look(SPEAKING_PLACE, **speech)
    room.look(5, **speech, d=36 - LOUDER + 1)
    assert room.heard == set("abc")
    room.look(1.5, **speech)
    room.look(0.2, **speech, d=36 - LOUDER - 2)
    assert room.heard == set("abd")


def test_a_cough_takes_no_place_of_who_speaks() -> None:
    room = Room("abcd")
    room.look(5, a=SPEECH, b=SPEECH, c=SPEECH, d=NOISE)
    room.look(a=SPEECH, b=SPEECH, c=SPEECH, d=5)
    assert room.heard == set("abc")


def test_who_is_heard_stays_so_for_a_moment_whatever_clicks() -> None:
    room = Room("abc", loudest=1)
    room.look(2, **room.everyone(NOISE))
    room.look(**{**room.everyone(NOISE), "b": SPEECH})
    assert room.heard == set("b")
    room.look(PLACE - INTERVAL, **{**room.everyone(NOISE), "c": SPEECH})
    assert room.heard == set("b")
    room.look(**{**room.everyone(NOISE), "c": SPEECH})
    assert room.heard == set("c")


def test_without_levels_one_is_heard_always_and_in_nobodys_place() -> None:
    room = Room("abcdx")
    for _ in range(100):
        room.voices["x"].hear(None)
        room.look(**{**room.everyone(NOISE), "x": None})
        assert "x" in room.heard
        assert len(room.heard) == 4 or room.looks == 1
    # one that told its levels, and does not any more
    (out,) = set("abcd") - room.heard
    room.voices[out].hear(None)
    room.look(**{**room.everyone(NOISE), "x": None, out: None})
    assert out in room.heard


def test_one_that_is_off_is_heard_from_its_first_packet() -> None:
    room = Room("abcd")
    room.look(2, **room.everyone(NOISE))
    (out,) = set("abcd") - room.heard
    room.look(OPEN + INTERVAL, **{**room.everyone(NOISE), out: None})
    assert room.heard == set("abcd")
    room.look(**room.everyone(NOISE))
    assert len(room.heard) == 3


# ---- whatever they say

LEVEL = st.sampled_from([None, SILENCE, NOISE, BREATH, 40, 34, SPEECH, 20, 5])
#: What each of five says, for how many looks.
SCRIPT = st.lists(st.tuples(st.integers(1, 15), st.lists(LEVEL, min_size=5, max_size=5)), max_size=25)


@given(SCRIPT, st.integers(1, 4))
def test_never_are_more_heard_than_may_be_and_nothing_flaps(
    script: list[tuple[int, list[int | None]]], loudest: int
) -> None:
    room = Room("abcde", loudest)
    since: dict[str, float] = {}
    began: dict[str, float] = {}
    for looks, levels in script:
        for _ in range(looks):
            room.look(**dict(zip("abcde", levels, strict=True)))
            on = {name for name, voice in room.voices.items() if voice.is_open(room.now)}
            if len(on) > loudest:
                assert len(room.heard & on) == loudest
            else:
                assert on <= room.heard
            for name in on & room.heard:
                since.setdefault(name, room.now)
            for name in set(since) - (on & room.heard):
                if name in on:
                    assert room.now - since[name] >= PLACE - 1e-9
                del since[name]
            assert set(room.speaking) == {name for name, voice in room.voices.items() if voice.speaking}
            assert not set(room.speaking) & set(room.speakers.spoke)
            for name in room.speaking:
                began.setdefault(name, room.now)
            for name in set(began) - set(room.speaking):
                assert room.now - began.pop(name) >= HOLD - 1e-9


@given(SCRIPT, st.integers(1, 4), st.sampled_from("abcde"))
def test_the_loudest_is_heard_soon_whatever_the_others_say(
    script: list[tuple[int, list[int | None]]], loudest: int, name: str
) -> None:
    room = Room("abcde", loudest)
    for looks, levels in script:
        for _ in range(looks):
            room.look(**dict(zip("abcde", levels, strict=True)))
    last: Mapping[str, int | None] = dict(zip("abcde", script[-1][1], strict=True)) if script else {}
    others = {each: level for each, level in last.items() if each != name}
    # The others go on with what they said last; this one is louder than any of them by what counts.
    others = {each: None if level is None else max(level, 5 + LOUDER + 1) for each, level in others.items()}
    room.look(SPEAKING_PLACE + 1.0, **others, **{name: 5})
    assert name in room.heard
    for _ in range(30):
        room.look(**others, **{name: 5})
        assert name in room.heard
        assert name in room.speaking
