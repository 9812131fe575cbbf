"""What becomes of a child that ended: the policy of a supervisor, without any of its tasks.

Everything here is a plain function of its arguments. Time comes in as a number of seconds on whatever clock the caller
keeps, and what must be remembered comes in and goes out as a value.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

#: When a child is run again: always, only after an error, or never.
Restart = Literal["permanent", "transient", "temporary"]
#: How a child ended: its function returned, or it raised.
Ending = Literal["returned", "failed"]
#: How else it may have ended: stopped, because a neighbour failed.
Stopped = Literal["stopped"]
#: What a supervisor does about it.
Action = Literal["restart", "forget", "escalate"]

RESTARTED: Mapping[tuple[Restart, Ending | Stopped], bool] = MappingProxyType(
    {
        ("permanent", "returned"): True,
        ("permanent", "failed"): True,
        ("permanent", "stopped"): True,
        ("transient", "returned"): False,
        ("transient", "failed"): True,
        ("transient", "stopped"): True,
        ("temporary", "returned"): False,
        ("temporary", "failed"): False,
        ("temporary", "stopped"): False,
    }
)


def _not_negative(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{attribute.name} must not be negative, not {value!r}")


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be greater than 0, not {value!r}")


@attrs.frozen
class Backoff:
    """How long to wait before a child is run again, in seconds: ``first``, then ``factor`` times as long, up to
    ``cap``.

    With ``jitter`` of 0.2 each delay is lengthened by up to a fifth, at random, so that many children which lost the
    same thing do not all come back at the same moment. Without it (the default) delays are deterministic.
    """

    first: float = attrs.field(default=0.05, validator=_not_negative)
    factor: float = attrs.field(default=2.0, validator=_positive)
    cap: float = attrs.field(default=5.0, validator=_not_negative)
    jitter: float = attrs.field(default=0.0, validator=_not_negative)

    def delay(self, streak: int, rng: random.Random | None = None) -> float:
        """The delay before the restart number ``streak`` (1, 2, …) in a row."""
        try:
            delay = min(self.first * self.factor ** (streak - 1), self.cap)
        except OverflowError:
            delay = self.cap if self.first else 0.0
        if self.jitter and rng is not None:
            delay += delay * self.jitter * rng.random()
        return delay


@attrs.frozen
class Policy:
    """What a supervisor puts up with: ``intensity`` restarts in any ``period`` seconds, with ``backoff`` between
    them.
    """

    intensity: int = attrs.field(default=3, validator=_not_negative)
    period: float = attrs.field(default=5.0, validator=_positive)
    backoff: Backoff = attrs.field(factory=Backoff)


@attrs.frozen
class Decision:
    """What to do, after how many seconds, and what to remember for the next time."""

    action: Action
    delay: float
    #: When the supervisor's children were restarted in the last period, oldest first.
    recent: tuple[float, ...]
    #: How many times in a row this child has been restarted without running for a whole period in between.
    streak: int


def decide(
    policy: Policy,
    restart: Restart,
    ending: Ending,
    *,
    now: float,
    recent: tuple[float, ...] = (),
    streak: int = 0,
    ran: float = 0.0,
    rng: random.Random | None = None,
) -> Decision:
    """Say what becomes of a child that ended at ``now`` after it ran for ``ran`` seconds.

    ``recent`` and ``streak`` are what the decision before told to remember: ``recent`` the supervisor's, ``streak`` the
    child's own. A returned child of a permanent kind counts against the intensity as a failed one does: a loop of quick
    successes is a loop all the same.
    """
    recent = tuple(time for time in recent if time > now - policy.period)
    if not RESTARTED[restart, ending]:
        return Decision("forget", 0.0, recent, streak)
    if len(recent) >= policy.intensity:
        return Decision("escalate", 0.0, recent, streak)
    streak = 1 if ran >= policy.period else streak + 1
    return Decision("restart", policy.backoff.delay(streak, rng), (*recent, now), streak)
