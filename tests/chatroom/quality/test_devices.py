"""A microphone that is on and gives nothing: how soon that is said, and what is not taken for it."""

from __future__ import annotations

from statistics import median

import pytest

from chatroom.commands import Report
from chatroom.media import Source
from chatroom.quality.devices import BELIEVED, Microphone
from chatroom.quality.events import Trouble
from chatroom.quality.samples import TrackSample
from chatroom.reports import Capture
from tests.chatroom.quality.model import Call


def track(source: Source = "microphone", packets: int = 50, level: int | None = 30) -> TrackSample:
    return TrackSample(source, packets, 80 * packets, packets, 0, 0, 0, 0.004, 0.0, level, wanted=True, lacking=False)


def report(*, silent: bool = False, level: float = -30.0) -> Report:
    return Report(
        microphone=Capture("live", level),
        camera=Capture("live"),
        sound="playing",
        publish="connected",
        subscribe="connected",
        playing={},
        silent=silent,
    )


def silences(call: Call, since: float) -> list[float]:
    return [
        at - since
        for at, event in call.told
        if isinstance(event, Trouble) and event.kind == "microphone_silent" and not event.over and at >= since
    ]


def test_a_microphone_of_which_nothing_comes_is_told_within_three_seconds_and_most_within_two_and_a_half() -> None:
    after = []
    for seed in range(60):
        call = Call(3, f"dead/{seed}")
        call.play(10 + seed / 60)
        began = call.now
        call.people[0].microphone_works = False
        call.play(6)
        after.append(silences(call, began)[0])
    assert max(after) < 3.0
    assert median(after) <= 2.5


def test_a_microphone_that_its_page_says_gives_zeros_is_told_at_once() -> None:
    after = []
    for seed in range(30):
        call = Call(3, f"zeros/{seed}")
        victim = call.people[0]
        call.play(10 + seed / 30)
        began = call.now
        victim.level = -127.0
        call.play(1.7)  # which the page takes to be sure
        call.say(victim, silent=True)
        call.play(3)
        after.append(silences(call, began)[0])
    assert max(after) <= 1.7 + 0.5  # the next tick


def test_it_is_over_when_the_page_hears_it_again() -> None:
    call = Call(3)
    victim = call.people[0]
    call.play(10)
    victim.level = -127.0
    call.say(victim, silent=True)
    call.play(5)
    victim.level = -30.0
    call.say(victim, silent=False)
    call.play(6)
    last = [event for _, event in call.told if isinstance(event, Trouble)][-1]
    assert (last.kind, last.over) == ("microphone_silent", True)


def test_a_quiet_room_is_no_fault_before_somebody_speaks_nor_after() -> None:
    call = Call(3)
    for each in call.people:
        each.level = -110.0
    call.play(600)
    assert [event for _, event in call.told if isinstance(event, Trouble)] == []


def test_where_packets_get_lost_on_the_way_a_second_without_any_is_looked_at_twice() -> None:
    microphone = Microphone()
    for second in range(5):
        microphone.look(True, None, track(), True, 0.0, float(second), clean=True)
    assert microphone.look(True, None, track(packets=0, level=None), True, 0.02, 5.0, clean=False) == "severe"
    assert not microphone.sure


def test_one_that_was_just_switched_on_has_not_failed_to_send() -> None:
    microphone = Microphone()
    nothing = track(packets=0, level=None)
    for second in range(5):
        microphone.look(False, None, nothing, True, 0.02, float(second), clean=True)
    microphone.look(True, None, nothing, True, 0.02, 5.0, clean=True)
    assert not microphone.sure


@pytest.mark.parametrize(("level", "believed"), [(127, True), (None, True), (35, False)])
def test_a_page_is_believed_but_not_against_what_comes(level: int | None, believed: bool) -> None:
    microphone = Microphone()
    microphone.look(True, report(), track(), True, 0.0, 0.0)
    said = report(silent=True, level=-127.0)
    # what came in the last second may be from before
    assert microphone.look(True, said, track(level=35), True, 0.0, 0.0) == "severe"
    microphone.look(True, said, track(level=level), True, 0.0, 1.0)
    assert (microphone.look(True, said, track(level=level), True, 0.0, BELIEVED) == "severe") is believed


def test_a_page_of_a_microphone_that_is_off_says_nothing_of_it() -> None:
    assert Microphone().look(False, report(silent=True), track(), True, 0.0, 0.0) is None


def test_one_sample_is_not_two_as_a_page_says_something_after_it() -> None:
    for seed in range(40):
        call = Call(3, f"once/{seed}")
        victim = call.people[0]
        call.play(10)
        victim.camera_works = False
        call.play(call._next_sample - call.now + 0.01)
        victim.camera_works = True
        call._next_sample += 0.6  # which is late
        call.play(0.9)
        call.say(victim, silent=True)
        call.play(4)
        kinds = {event.kind for _, event in call.told if isinstance(event, Trouble)}
        assert "camera_frozen" not in kinds, seed
