"""What goes wrong with whom, and what is to be said then: one fault for each seed."""

from __future__ import annotations

import random
from collections.abc import Callable

import attrs

from chatroom.quality.events import Trouble
from tests.chatroom.quality.model import Call, Someone

#: Who is blamed, for what, in which direction.
Blame = tuple[str, str | None, str | None]


@attrs.frozen
class Fault:
    """What is broken, what must be said within ``within`` seconds, and what else may be said."""

    name: str
    happens: Callable[[Call, Someone, random.Random], object]
    must: Callable[[Someone], set[Blame]]
    may: Callable[[Someone], set[Blame]] = lambda _: set()
    within: float = 4.0
    #: How many people it takes.
    least: int = 2


def slow(direction: str) -> Callable[[Someone], set[Blame]]:
    return lambda victim: {("network_slow", victim.id, direction)}


def lost(direction: str) -> Callable[[Someone], set[Blame]]:
    return lambda victim: {("leg_lost", victim.id, direction)}


def about(kind: str) -> Callable[[Someone], set[Blame]]:
    return lambda victim: {(kind, victim.id, None)}


def nothing(_: Someone) -> set[Blame]:
    return set()


def ours(_: Someone) -> set[Blame]:
    return {("server_overloaded", None, None)}


def _set(**what: object) -> Callable[[Call, Someone, random.Random], None]:
    def happen(_: Call, victim: Someone, __: random.Random) -> None:
        for name, value in what.items():
            setattr(victim, name, value)

    return happen


def _up(**ranges: tuple[float, float]) -> Callable[[Call, Someone, random.Random], None]:
    def happen(_: Call, victim: Someone, chance: random.Random) -> None:
        for name, (least, most) in ranges.items():
            setattr(victim.up, name, chance.uniform(least, most))

    return happen


def _down(**ranges: tuple[float, float]) -> Callable[[Call, Someone, random.Random], None]:
    def happen(_: Call, victim: Someone, chance: random.Random) -> None:
        for name, (least, most) in ranges.items():
            setattr(victim.down, name, chance.uniform(least, most))

    return happen


def _cut(direction: str) -> Callable[[Call, Someone, random.Random], None]:
    return lambda _, victim, __: setattr(getattr(victim, direction), "cut", True)


def _worker_loses(call: Call, _: Someone, chance: random.Random) -> None:
    call.worker.loss = chance.uniform(0.1, 0.4)


def _worker_is_late(call: Call, _: Someone, chance: random.Random) -> None:
    call.late = chance.uniform(0.4, 2.0)
    call.worker.loss = chance.uniform(0.0, 0.3)


def _worker_dies(call: Call, _: Someone, __: random.Random) -> None:
    call.lose_worker()


def _muted_at_the_device(_: Call, victim: Someone, __: random.Random) -> None:
    victim.capture, victim.level = "muted", -127.0
    victim.reports = True


def _not_shown(_: Call, victim: Someone, __: random.Random) -> None:
    victim.shown = False


def _switches_off(call: Call, victim: Someone, _: random.Random) -> None:
    call.switch(victim, microphone=False, camera=False)


def _in_the_background(_: Call, victim: Someone, __: random.Random) -> None:
    victim.hidden = victim.reports = True
    victim.shown = False


def _tab_stops(_: Call, victim: Someone, __: random.Random) -> None:
    victim.runs = False


def _camera_is_covered(call: Call, victim: Someone, _: random.Random) -> None:
    victim.reports = True
    call.say(victim, dark=True)


def _talks_while_muted(call: Call, victim: Someone, _: random.Random) -> None:
    victim.reports = victim.talking = True
    call.switch(victim, microphone=False)


FAULTS = (
    Fault("uplink loses", _up(loss=(0.08, 0.5)), slow("uplink")),
    Fault("hopeless sender", _up(loss=(0.5, 0.8)), slow("uplink")),
    Fault("uplink is narrow", _up(rate=(80e3, 400e3)), slow("uplink"), within=5.0),
    Fault("uplink is far too long", _up(jitter=(0.3, 0.6)), slow("uplink"), within=5.0),
    Fault("downlink loses", _down(loss=(0.08, 0.5)), slow("downlink")),
    Fault("downlink is narrow", _down(rate=(100e3, 350e3)), slow("downlink"), within=5.0, least=4),
    Fault("uplink is cut", _cut("up"), lost("uplink"), lost("downlink"), within=5.0),
    Fault("tab stops", _tab_stops, nothing, lambda who: lost("uplink")(who) | lost("downlink")(who)),
    Fault("microphone is dead", _set(microphone_works=False), about("microphone_silent"), within=3.0),
    Fault("microphone is muted at the device", _muted_at_the_device, about("microphone_silent"), within=7.0),
    Fault("camera is dead", _set(camera_works=False), about("camera_frozen"), within=3.8),
    Fault("camera is covered", _camera_is_covered, about("camera_dark"), within=1.0),
    Fault("talks while muted", _talks_while_muted, about("talking_while_muted"), within=6.0),
    Fault("worker loses", _worker_loses, ours, least=4),
    Fault("worker is late", _worker_is_late, ours),
    Fault("worker dies", _worker_dies, lambda _: {("worker_lost", None, None)}),
    # what is nobody's fault
    Fault("nobody shows the camera", _not_shown, nothing),
    Fault("switches off", _switches_off, nothing),
    Fault("is in the background", _in_the_background, nothing),
)


@attrs.frozen
class Outcome:
    fault: str
    #: Seconds until all was said that must be; None if it was not.
    after: float | None
    wrong: frozenset[Blame]
    #: Whether it was over when all was well again.
    over: bool

    @property
    def right(self) -> bool:
        return not self.wrong and self.after is not None


def blames(told: list[tuple[float, object]]) -> list[tuple[float, Blame]]:
    """What was said to have begun."""
    return [
        (at, (event.kind, event.participant, event.direction))
        for at, event in told
        if isinstance(event, Trouble) and not event.over
    ]


def run(seed: int, fault: Fault | None = None) -> Outcome:
    """Have something go wrong in a call, and see what is said."""
    chance = random.Random(f"fault/{seed}")
    fault = fault or FAULTS[seed % len(FAULTS)]
    call = Call(chance.randint(max(2, fault.least), 8), seed, reports=chance.random() < 0.7)
    # nobody's link is perfect
    for each in call.people:
        each.up.loss, each.down.loss = chance.uniform(0, 0.01), chance.uniform(0, 0.01)
        each.up.delay, each.down.delay = chance.uniform(0.005, 0.08), chance.uniform(0.005, 0.08)
    victim = chance.choice(call.people)
    before = blames(list(call.play(chance.uniform(10, 20))))
    began, already = call.now, len(call.told)
    fault.happens(call, victim, chance)
    call.play(20.0)
    said = blames(list(call.told[already:]))
    must, may = fault.must(victim), fault.may(victim)
    times = [next((at - began for at, blame in said if blame == one), None) for one in must]
    after = None if None in times else max((each for each in times if each is not None), default=0.0)
    if after is not None and after > fault.within:
        after = None
    wrong = {blame for _, blame in [*before, *said] if blame not in must | may}
    return Outcome(fault.name, after, frozenset(wrong), over=True)
