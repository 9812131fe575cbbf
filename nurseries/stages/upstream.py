"""What can be subscribed to: the upper side of a stage, and a source."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

import attrs

from nurseries.stages.dispatchers import Broadcast, Dispatcher
from nurseries.stages.node import Node
from nurseries.stages.outlet import Outlet
from nurseries.stages.statistics import StageStatistics
from nurseries.stages.subscription import Subscription

T = TypeVar("T")


class Upstream(Node, Generic[T]):
    """Gives its items to those who subscribe to it, as its dispatcher says."""

    def __init__(self, name: str, dispatch: Dispatcher[T] | None) -> None:
        super().__init__(name)
        self._outlet: Outlet[T] = Outlet(dispatch or Broadcast())

    def statistics(self) -> StageStatistics:
        """Tell how it is now."""
        return attrs.evolve(
            super().statistics(),
            sent=self._outlet.sent,
            pending=self._outlet.pending,
            demand=self._outlet.demand,
            subscribers=self._outlet.statistics(),
        )

    def _all_dropped(self) -> Mapping[str, int]:
        mine, outlets = self._dropped, self._outlet.dropped
        return MappingProxyType({each: mine.get(each, 0) + outlets.get(each, 0) for each in {**mine, **outlets}})

    def _leave(self, seat: Subscription[T]) -> None:
        self._outlet.remove(seat)
        self._wake()
