"""What webhooks tell about themselves."""

from __future__ import annotations

from collections.abc import Mapping

import attrs


@attrs.frozen
class EndpointStatistics:
    """One endpoint. ``failures`` are those in a row, of the endpoint itself; the totals are since the start.

    ``refused`` counts answers that were not 2xx and said nothing of the endpoint as a whole; ``expired`` events that
    became too old; ``last`` says what was answered last.
    """

    name: str
    waiting: int
    on_their_way: int
    delivered: int
    failed: int
    refused: int
    failures: int
    last: str


@attrs.frozen
class WebhookStatistics:
    """``waiting`` are on their way to the disk, ``stored`` on it. ``dropped`` says by rank what there was no room for.

    ``writing`` is False while the outbox cannot be written, and ``expired`` counts what became too old.
    """

    running: bool
    writing: bool
    posted: int
    waiting: int
    stored: int
    bytes: int
    commits: int
    expired: int
    lost: int
    dropped: Mapping[str, int]
    endpoints: tuple[EndpointStatistics, ...]
