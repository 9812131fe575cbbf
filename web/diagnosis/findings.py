"""What a look at one hop found, and what a search comes to."""

from __future__ import annotations

from typing import Literal

import attrs

#: Works; works badly; does not work; does not work because of what is before it; nothing is known of it.
State = Literal["ok", "poor", "broken", "follows", "unknown"]
#: Whose it is: the one who should be heard, the one who should hear, the server's, or the network's between.
Whose = Literal["from", "to", "server", "network", "nobody"]


@attrs.frozen
class Fault:
    """What is wrong at a hop: ``says`` to people, with what they can do about it."""

    code: str
    whose: Whose
    says: str
    fix: str


@attrs.frozen
class Finding:
    """What was found: a state, what it rests on, and for a hop that is broken or poor the fault."""

    state: State
    figures: str
    fault: Fault | None = None


def ok(figures: str) -> Finding:
    """It works."""
    return Finding("ok", figures)


def unknown(figures: str) -> Finding:
    """Nothing is known of it."""
    return Finding("unknown", figures)


def broken(figures: str, code: str, whose: Whose, says: str, fix: str) -> Finding:
    """It does not work."""
    return Finding("broken", figures, Fault(code, whose, says, fix))


def poor(figures: str, code: str, whose: Whose, says: str, fix: str) -> Finding:
    """It works, and badly; or it may be what is wrong, and may not."""
    return Finding("poor", figures, Fault(code, whose, says, fix))


@attrs.frozen
class HopFound:
    """A hop in a diagnosis."""

    name: str
    title: str
    state: State
    figures: str


@attrs.frozen
class Verdict:
    """What it comes to. ``certain`` is False for what may be it, where nothing on the way is surely broken."""

    code: str
    whose: Whose
    says: str
    fix: str
    certain: bool


@attrs.frozen
class Diagnosis:
    """A verdict and what it rests on."""

    kind: str
    sender: str
    receiver: str
    verdict: Verdict
    hops: tuple[HopFound, ...]
