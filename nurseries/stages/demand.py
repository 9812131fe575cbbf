"""How much a consumer has asked for. Pure."""

from __future__ import annotations

import attrs


@attrs.define
class Window:
    """Demand of one subscription: at most ``max_demand`` items are asked for or held, and more is asked for when those
    have come down to ``min_demand``.

    So a consumer that is busy with a batch has up to ``min_demand`` more at hand, and asks once for a batch, not once
    for each item. ``demand`` is what was asked for and has not come; ``held`` is what has come and is neither handled
    nor dropped.

    Raises ValueError unless 0 <= min_demand < max_demand.
    """

    max_demand: int = 1000
    min_demand: int = 500
    demand: int = attrs.field(default=0, init=False)
    held: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.min_demand < self.max_demand:
            raise ValueError(f"0 <= min_demand < max_demand does not hold: {self.min_demand}, {self.max_demand}")

    @property
    def batch(self) -> int:
        """How many to handle at a time, so that more is asked for after each batch."""
        return self.max_demand - self.min_demand

    def ask(self) -> int:
        """Ask for more if it is time to, and return for how much more.

        To be called when something was handled, and not when it was dropped: who makes no progress asks for nothing.
        """
        outstanding = self.demand + self.held
        if outstanding > self.min_demand:
            return 0
        self.demand = self.max_demand - self.held
        return self.max_demand - outstanding

    def came(self, number: int) -> None:
        """Take note of items that have come, asked for or not."""
        self.demand = max(0, self.demand - number)
        self.held += number

    def went(self, number: int) -> None:
        """Take note of items that were handled or dropped."""
        self.held -= number
