"""What goes wrong with one of them, and what is to be said then."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import attrs

from tests.network.conditions import CLEAR, Conditions
from tests.quality.member import Member

#: What is said of whom, in which direction.
Blame = tuple[str, str, str | None]
Happen = Callable[[Member, random.Random], Awaitable[None]]


@attrs.frozen
class Fault:
    """``must`` is what has to be said of the victim, ``may`` what is true as well."""

    name: str
    happens: Happen
    must: tuple[tuple[str, str | None], ...] = ()
    may: tuple[tuple[str, str | None], ...] = ()


def up(**ranges: tuple[float, float]) -> Happen:
    async def happen(victim: Member, chance: random.Random) -> None:
        victim.line.become(up=Conditions(**{name: chance.uniform(*span) for name, span in ranges.items()}))  # type: ignore[arg-type]

    return happen


def down(**ranges: tuple[float, float]) -> Happen:
    async def happen(victim: Member, chance: random.Random) -> None:
        victim.line.become(down=Conditions(**{name: chance.uniform(*span) for name, span in ranges.items()}))  # type: ignore[arg-type]

    return happen


async def cut_up(victim: Member, _: random.Random) -> None:
    victim.line.up.cut()


async def dead_microphone(victim: Member, _: random.Random) -> None:
    victim.sound = False


async def dead_camera(victim: Member, _: random.Random) -> None:
    victim.pictures = False


async def digital_silence(victim: Member, _: random.Random) -> None:
    victim.level = 127


async def muted(victim: Member, _: random.Random) -> None:
    victim.sound = victim.pictures = False
    await victim.say("update", microphone=False, camera=False)


async def bad_for_a_moment(victim: Member, _: random.Random) -> None:
    await victim.glitch(0.15)


SLOW_UP, SLOW_DOWN = ("network_slow", "uplink"), ("network_slow", "downlink")
LOST_UP, LOST_DOWN = ("leg_lost", "uplink"), ("leg_lost", "downlink")
FAULTS = (
    Fault("uplink loses 8 to 40 %", up(loss=(0.08, 0.4)), (SLOW_UP,)),
    Fault("uplink loses 50 to 75 %", up(loss=(0.5, 0.75)), (SLOW_UP,)),
    Fault("uplink takes 120 to 300 kbit/s", up(rate=(120e3, 300e3)), (SLOW_UP,)),
    Fault("uplink is late by 0.2 to 0.5 s, and jitters", up(delay=(0.05, 0.2), jitter=(0.25, 0.5)), (SLOW_UP,)),
    Fault("downlink loses 8 to 40 %", down(loss=(0.08, 0.4)), (SLOW_DOWN,)),
    Fault("downlink takes 150 to 400 kbit/s", down(rate=(150e3, 400e3)), (SLOW_DOWN,)),
    Fault("uplink is cut", cut_up, (LOST_UP,), (LOST_DOWN,)),
    Fault("microphone is dead", dead_microphone, (("microphone_silent", None),)),
    Fault("camera is dead", dead_camera, (("camera_frozen", None),)),
    Fault("switches off", muted),
    Fault("loses all for 150 ms", bad_for_a_moment),
)


def mend(victim: Member) -> None:
    """Have all be well again."""
    victim.line.mend()
    victim.line.become(up=CLEAR, down=CLEAR)
    victim.sound = victim.pictures = True
    victim.level = 30
