"""Who does not hear whom."""

from __future__ import annotations

import attrs

from chatroom.quality.events import Trouble
from tests.chatroom.quality.model import Call


def unheard(call: Call, already: int = 0) -> list[tuple[str | None, tuple[str, ...], bool]]:
    """Who is said not to be heard, by whom, and whether that is over."""
    return [
        (event.participant, tuple(event.concerns), event.over)
        for _, event in call.told[already:]
        if isinstance(event, Trouble) and event.kind == "cannot_be_heard"
    ]


def test_whoever_may_not_play_sound_hears_nobody_and_everyone_is_told_of_themselves() -> None:
    call = Call(3)
    ada, bob, eve = call.people
    call.play(10)
    eve.sound = "blocked"
    call.play(10)
    assert sorted(unheard(call)) == [(ada.id, (eve.id,), False), (bob.id, (eve.id,), False)]
    already = len(call.told)
    eve.sound = "playing"
    call.play(10)
    assert sorted(unheard(call, already)) == [(ada.id, (eve.id,), True), (bob.id, (eve.id,), True)]


def test_whoever_plays_nothing_of_somebody_whose_sound_goes_out_does_not_hear_them() -> None:
    call = Call(3)
    ada, _, eve = call.people
    call.play(12)
    eve.deaf_to.add(ada.id)
    call.play(16)
    assert unheard(call) == [(ada.id, (eve.id,), False)]


def test_who_is_not_heard_by_anyone_is_told_so_severely() -> None:
    call = Call(3)
    ada, bob, eve = call.people
    call.play(12)
    eve.deaf_to.add(ada.id)
    bob.deaf_to.add(ada.id)
    call.play(16)
    last = [event for _, event in call.told if isinstance(event, Trouble)][-1]
    assert (last.severity, set(last.concerns)) == ("severe", {bob.id, eve.id})


def test_a_person_who_switched_sound_off_knows_that() -> None:
    call = Call(3)
    call.play(10)
    call.people[2].sound = "off"
    call.play(20)
    assert unheard(call) == []


def test_a_microphone_that_is_off_or_dead_is_another_matter() -> None:
    for what in ({"microphone": False}, {}):
        call = Call(3)
        call.play(10)
        if what:
            call.switch(call.people[0], **what)
        else:
            call.people[0].microphone_works = False
        call.play(20)
        assert unheard(call) == []


def test_a_downlink_that_gets_nothing_explains_it() -> None:
    call = Call(3)
    call.play(10)
    call.people[2].down.cut = True
    call.play(30)
    troubles = {(event.kind, event.participant) for _, event in call.told if isinstance(event, Trouble)}
    assert troubles == {("network_slow", call.people[2].id)}


def test_a_leaver_is_nobody_whom_it_concerns() -> None:
    call = Call(3)
    _, _, eve = call.people
    call.play(10)
    eve.sound = "blocked"
    call.play(10)
    already = len(call.told)
    call.leave(eve)
    call.play(10)
    assert [(concerns, over) for _, concerns, over in unheard(call, already)] == [((eve.id,), True)] * 2
    assert not call.judge._rooms["blue"].hearing.any


def test_reports_that_are_old_say_nothing() -> None:
    call = Call(2)
    call.play(10)
    call.people[1].sound = "blocked"
    call.play(10)
    already = len(call.told)
    call.people[1].reports = False
    call.people[1] = attrs.evolve(call.people[1])
    call.play(30)
    assert [over for *_, over in unheard(call, already)] == [True]
