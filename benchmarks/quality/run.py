"""One call in which something goes wrong with one person, and what everyone was told."""

from __future__ import annotations

import asyncio
import random
import time

import attrs

from benchmarks.quality.faults import FAULTS, Blame, Fault, mend
from tests.network.relay import relaying
from tests.quality.member import Member, joining

NAMES = ("ada", "bob", "cleo", "dan", "eve")
#: Seconds until all have bars, of a fault, and until it must be over again.
WARM, LASTS, OVER = 20.0, 9.0, 45.0


@attrs.frozen
class Outcome:
    seed: int
    fault: str
    people: int
    #: Seconds from the fault to the last page that was told; None if not all were.
    told: float | None
    #: What was said and is not so.
    wrong: frozenset[str]
    #: Seconds from the end of the fault to the end of the last problem; None if it was not over.
    over: float | None
    #: Whether the server said that it was late itself.
    late: bool

    @property
    def right(self) -> bool:
        return self.told is not None and not self.wrong


async def run(seed: int, url: str, port: int, fault: Fault | None = None) -> Outcome:
    """Hold a call."""
    chance = random.Random(f"quality/{seed}")
    fault = fault or FAULTS[seed % len(FAULTS)]
    names = NAMES[: chance.randint(3, 4)]
    async with (
        relaying(list(names), ("127.0.0.1", port), seed) as lines,
        joining(url, f"room-{seed}", lines) as members,
    ):
        people = list(members.values())
        victim = members[chance.choice(names)]
        for person in people:
            for other in people:
                await person.until(
                    lambda word, other=other: (  # type: ignore[misc]
                        word["type"] == "signal" and word["participant"] == other.id and None not in _levels(word)
                    ),
                    WARM,
                )
        await asyncio.sleep(chance.uniform(1.0, 3.0))
        began = time.monotonic()
        await fault.happens(victim, chance)
        await asyncio.sleep(LASTS)
        ended = time.monotonic()
        must: set[Blame] = {(kind, victim.id, direction) for kind, direction in fault.must}
        may = must | {(kind, victim.id, direction) for kind, direction in fault.may}
        mend(victim)
        over = await _over(people, ended) if must else 0.0
        said = [(at, _blame(word)) for person in people for at, word in person.troubles()]
        return Outcome(
            seed,
            fault.name,
            len(people),
            _told(people, must, began, ended),
            frozenset(str(blame) for _, blame in said if blame not in may and blame[0] != "server_overloaded"),
            over,
            any(blame[0] == "server_overloaded" for _, blame in said),
        )


def _levels(word: dict[str, object]) -> tuple[object, object]:
    return word["uplink"], word["downlink"]


def _blame(word: dict[str, object]) -> Blame:
    return str(word["kind"]), str(word["participant"]), word["direction"]  # type: ignore[return-value]


def _told(people: list[Member], must: set[Blame], began: float, ended: float) -> float | None:
    last = 0.0
    for person in people:
        for one in must:
            times = [at for at, word in person.troubles() if _blame(word) == one and began <= at <= ended]
            if not times:
                return None
            last = max(last, times[0] - began)
    return last


async def _over(people: list[Member], ended: float) -> float | None:
    deadline = ended + OVER
    while time.monotonic() < deadline:
        if not any(_open(person) for person in people):
            return time.monotonic() - ended
        await asyncio.sleep(0.25)
    return None


def _open(person: Member) -> set[Blame]:
    there: set[Blame] = set()
    for _, word in person.told:
        if word["type"] == "problem":
            if word["participant"] is not None:
                there.add(_blame(word))
        elif word["type"] == "problem_over":
            there.discard(_blame(word))
    return there
