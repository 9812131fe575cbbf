"""What a source, stage or sink tells about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from nurseries.stages.buffers import QueueStatistics
from nurseries.stages.subscription import SubscriptionStatistics

#: What a stage is at: ``items`` and ``demand`` say what it waits for.
Doing = Literal["stopped", "items", "demand", "producing", "handling"]


@attrs.frozen
class StageStatistics:
    """A source, stage or sink as it is now. The totals are since it was made, over all its runs.

    ``received`` items were handled or are being (of a source: posted and taken on, or produced), in ``batches``;
    ``sent`` were given to subscriptions, ``pending`` wait because they were not asked for. ``dropped`` is by reason,
    and has what subscriptions and the buffer do not count: ``failed`` and ``cancelled`` while being handled or, of keys
    that raise, dispatched; ``unclaimed`` by any partition; ``refused`` when posted.

    ``failures`` counts functions that raised. ``busy`` is for how many seconds they ran, what they waited for
    included. ``demand`` is how much the ``subscribers`` ask for. ``buffer`` is that of a source one posts to.
    """

    name: str
    kind: Literal["source", "stage", "sink"]
    doing: Doing
    received: int
    batches: int
    failures: int
    busy: float
    sent: int
    pending: int
    demand: int
    dropped: Mapping[str, int]
    buffer: QueueStatistics | None
    subscriptions: tuple[SubscriptionStatistics, ...]
    subscribers: tuple[SubscriptionStatistics, ...]
