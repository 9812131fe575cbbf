"""What a link is like, by names and figures: ``2%``, ``bursty``, ``100ms``, ``100ms~30ms+300kbit`` …"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs


@attrs.frozen
class Bursts:
    """Loss in bursts: Gilbert's and Elliott's chain of a good and a bad state, which may change before each packet."""

    #: Probability of going from good to bad, and from bad to good.
    begin: float
    end: float
    #: Probability of losing a packet in each.
    loss_in_bad: float = 1.0
    loss_in_good: float = 0.0


@attrs.frozen
class Conditions:
    """One direction of a link. Without arguments it does nothing to anybody."""

    #: Probability of losing a packet, whatever happened to others.
    loss: float = 0.0
    bursts: Bursts | None = None
    #: Seconds that each packet takes, and the most that it may take beyond that. Jitter alone changes no order.
    delay: float = 0.0
    jitter: float = 0.0
    #: Probability that a packet is overtaken, and for how many seconds it is held back then.
    reordering: float = 0.0
    held_back: float = 0.02
    #: Probability that a packet arrives twice.
    duplication: float = 0.0
    #: Bits per second, the headers of UDP and IP included; and seconds of waiting in the queue before it, beyond which
    #: packets are dropped.
    rate: float | None = None
    queue: float = 0.3

    def __attrs_post_init__(self) -> None:
        """Raise ValueError for what no link can be."""
        chances = [self.loss, self.reordering, self.duplication]
        if self.bursts is not None:
            chances += attrs.astuple(self.bursts)
        if not all(0.0 <= chance <= 1.0 for chance in chances):
            raise ValueError("a probability is from 0 to 1")
        if min(self.delay, self.jitter, self.held_back, self.queue) < 0.0:
            raise ValueError("no time is negative")
        if self.rate is not None and self.rate <= 0.0:
            raise ValueError("a rate is more than 0; what lets nothing through is a cut")


CLEAR = Conditions()
PROFILES = {
    "clear": CLEAR,
    # One packet in twenty, six at a time: 1 / (1 + 0.16 / 0.008).
    "bursty": Conditions(bursts=Bursts(begin=0.008, end=0.16)),
    "reordering": Conditions(reordering=0.05),
    "duplicating": Conditions(duplication=0.05),
    "jittery": Conditions(delay=0.1, jitter=0.03),
    "mobile": Conditions(delay=0.05, jitter=0.03, bursts=Bursts(0.002, 0.2), rate=2_000_000, queue=0.5),
}

_FIGURES: list[tuple[str, Callable[[Conditions, float, float], Conditions]]] = [
    (r"(\d+(?:\.\d+)?)%", lambda like, percent, _: attrs.evolve(like, loss=percent / 100)),
    (r"(\d+)ms", lambda like, delay, _: attrs.evolve(like, delay=delay / 1e3)),
    (r"(\d+)ms~(\d+)ms", lambda like, delay, jitter: attrs.evolve(like, delay=delay / 1e3, jitter=jitter / 1e3)),
    (r"(\d+)kbit", lambda like, rate, _: attrs.evolve(like, rate=rate * 1e3)),
    (r"queue(\d+)ms", lambda like, queue, _: attrs.evolve(like, queue=queue / 1e3)),
]


def parse(text: str) -> Conditions:
    """Read the name of a profile or a figure, and more figures with ``+`` before each. Raises ValueError.

    Figures are ``2%`` (loss), ``100ms`` (delay), ``100ms~30ms`` (delay and jitter), ``300kbit`` (rate) and
    ``queue200ms``.
    """
    first, *more = text.split("+")
    conditions = PROFILES[first] if first in PROFILES else _with(CLEAR, first)
    for figure in more:
        conditions = _with(conditions, figure)
    return conditions


def _with(conditions: Conditions, figure: str) -> Conditions:
    for pattern, change in _FIGURES:
        if found := re.fullmatch(pattern, figure):
            numbers = [float(number) for number in found.groups()]
            return change(conditions, numbers[0], numbers[-1])
    names = ", ".join(PROFILES)
    raise ValueError(f"{figure!r} is no figure such as 2%, 100ms or 300kbit; a profile ({names}) comes first")
