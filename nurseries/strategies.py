"""Whom a failing child takes along, and in which order children end and come back: a supervisor without its tasks.

As in `nurseries.restarts`, everything is a plain function of its arguments. Children come in as a tuple of `Member` in
the order in which they were started first, and names go out. Nothing here is told what has happened: a step is read
off what is, so whatever else happens on the way, the next step is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import attrs

from nurseries.restarts import Restart

#: Who is run again when one child fails: it alone, all, or it and those that were started after it.
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]

#: Where a child is in its life.
#:
#: * ``starting``: it runs and has not said that it is ready; ``up``: it has.
#: * ``recalled``: it runs and has to end, because of a neighbour; ``overrun``: it was told to, and takes too long.
#: * ``leaving``: it was stopped, and ends for good.
#: * ``down``: it does not run, and is to be run again.
Standing = Literal["starting", "up", "recalled", "overrun", "leaving", "down"]

#: Which neighbours a failing child takes along: those started before it, and those started after it.
CONCERNED: Mapping[Strategy, tuple[bool, bool]] = MappingProxyType(
    {
        "one_for_one": (False, False),
        "one_for_all": (True, True),
        "rest_for_one": (False, True),
    }
)


@attrs.frozen
class Member:
    """A child as this module sees it."""

    name: str
    restart: Restart = "permanent"
    standing: Standing = "up"


@attrs.frozen
class Step:
    """What a supervisor does next to bring its children back, and to whom.

    * ``stop``: cancel it, and go on when it has ended or its time is over.
    * ``await``: do nothing before it is ready, or has ended.
    * ``start``: run it, when the delay is over.
    * ``done``: all are there.
    """

    do: Literal["stop", "await", "start", "done"]
    name: str = ""


def recalled(strategy: Strategy, members: Sequence[Member], failed: str) -> tuple[str, ...]:
    """Say who has to end because ``failed`` did, in the order of stopping: who was started last goes first.

    Those who have ended already, or are about to, are left out. Raises ValueError when ``failed`` is not a member.
    """
    place = [member.name for member in members].index(failed)
    before, after = CONCERNED[strategy]
    concerned = (*(members[:place] if before else ()), *(members[place + 1 :] if after else ()))
    return tuple(member.name for member in reversed(concerned) if member.standing in ("starting", "up"))


def next_step(members: Sequence[Member]) -> Step:
    """Say what comes next until everyone who has to end has ended, and everyone who is down is back.

    Ends come first, one at a time, in reverse order. Then those who took too long are waited for: nobody is run beside
    a neighbour from before. Then starts, one at a time, in order, each when all before it are ready.
    """
    for member in reversed(members):
        if member.standing == "recalled":
            return Step("stop", member.name)
    for member in members:
        if member.standing == "overrun":
            return Step("await", member.name)
    for member in members:
        if member.standing == "starting":
            return Step("await", member.name)
        if member.standing == "down":
            return Step("start", member.name)
    return Step("done")


def stop_order(strategy: Strategy, members: Sequence[Member]) -> tuple[tuple[str, ...], ...]:
    """Say in which order children are stopped when the supervisor closes: group after group, each group at once.

    The reverse of the order of their starts, and each a group of its own, with one exception. Temporary children of
    ``one_for_one`` that were started one after the other are a group: nobody counts on any of them, they may be many,
    and a thousand rooms that take a second each to say goodbye should take a second. A child that was started before
    them still goes after them, and one that was started after them goes before.
    """
    groups: list[list[str]] = []
    together = False
    for member in reversed(members):
        temporary = strategy == "one_for_one" and member.restart == "temporary"
        if temporary and together:
            groups[-1].append(member.name)
        else:
            groups.append([member.name])
        together = temporary
    return tuple(tuple(group) for group in groups)
