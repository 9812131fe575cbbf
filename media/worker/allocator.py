"""Which layer of each track a subscriber is sent, so that all together fit the link."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import attrs

#: How much more than it costs a better layer must have, as what is measured varies.
MARGIN = 0.15
#: Seconds after a track was lowered in which it is not raised again. It doubles each time, up to the second, and is the
#: first again after a while without.
HOLD = 2.0
MAX_HOLD = 30.0
FORGIVEN = 60.0


@attrs.frozen
class Option:
    """A way to forward a track: ``what`` it is, and what that costs in bits a second."""

    bitrate: float
    what: Any


@attrs.frozen
class Want:
    """A track that is on the screen: its options, the cheapest first, and which of them is in use (-1: none).

    One that is ``required`` gets its cheapest option whether or not that fits. What has a lower ``priority`` is served
    first; among equals, what stands first.
    """

    key: Hashable
    priority: int
    options: tuple[Option, ...]
    current: int
    required: bool = False


@attrs.frozen
class Allocation:
    """What was chosen for each track: the number of an option, or -1 where not even the cheapest fits.

    ``next`` is what all would cost with the first better option that was refused for want of bandwidth, if any was, and
    ``most`` what they would if none were refused.
    """

    chosen: dict[Hashable, int]
    cost: float
    next: float | None
    most: float


@attrs.define
class _Lowered:
    at: float
    hold: float


class Allocator:
    """Chooses anew each time, and remembers what it lowered, so that nothing goes up and down. Times are seconds."""

    def __init__(self) -> None:
        self._lowered: dict[Hashable, _Lowered] = {}

    def forgive(self) -> None:
        """More was seen to fit: what was lowered may rise."""
        self._lowered.clear()

    def choose(self, budget: float, wants: Sequence[Want], now: float) -> Allocation:
        """Share ``budget`` bits a second.

        First everyone gets the cheapest, by priority; then the better ones are given out step by step, to all of one
        priority in turns before those of the next.
        """
        wants = sorted((want for want in wants if want.options), key=lambda want: want.priority)
        chosen: dict[Hashable, int] = {want.key: -1 for want in wants}
        spent = 0.0
        refused: Want | None = None
        for want in wants:
            if want.required or self._fits(want, 0, spent, budget, now):
                chosen[want.key] = 0
                spent += want.options[0].bitrate
            else:
                refused = refused or want
        for priority in sorted({want.priority for want in wants}):
            rising = [want for want in wants if want.priority == priority and chosen[want.key] >= 0]
            while rising:
                for want in tuple(rising):
                    step = chosen[want.key] + 1
                    if step >= len(want.options):
                        rising.remove(want)
                        continue
                    others = spent - want.options[step - 1].bitrate
                    if self._fits(want, step, others, budget, now):
                        chosen[want.key] = step
                        spent = others + want.options[step].bitrate
                    else:
                        refused = refused or want
                        rising.remove(want)
        self._remember(wants, chosen, now)
        most = (1 + MARGIN) * sum(want.options[-1].bitrate for want in wants)
        return Allocation(chosen, spent, _next(refused, chosen, spent), most)

    def _fits(self, want: Want, step: int, others: float, budget: float, now: float) -> bool:
        cost = want.options[step].bitrate
        if step <= want.current:
            return others + cost <= budget
        lowered = self._lowered.get(want.key)
        if lowered is not None and now - lowered.at < lowered.hold:
            return False
        return others + cost * (1 + MARGIN) <= budget

    def _remember(self, wants: Sequence[Want], chosen: dict[Hashable, int], now: float) -> None:
        for want in wants:
            lowered = self._lowered.get(want.key)
            if chosen[want.key] < want.current:
                if lowered is None:
                    lowered = _Lowered(now, HOLD)
                elif now - lowered.at >= lowered.hold:  # it was raised meanwhile, and that was too much
                    lowered.hold = min(MAX_HOLD, 2 * lowered.hold)
                lowered.at = now
                self._lowered[want.key] = lowered
            elif lowered is not None and now - lowered.at > FORGIVEN:
                del self._lowered[want.key]
        for gone in self._lowered.keys() - chosen.keys():
            del self._lowered[gone]


def _next(refused: Want | None, chosen: dict[Hashable, int], spent: float) -> float | None:
    if refused is None:
        return None
    now = chosen[refused.key]
    has = refused.options[now].bitrate if now >= 0 else 0.0
    return spent - has + refused.options[now + 1].bitrate * (1 + MARGIN)
