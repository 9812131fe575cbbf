"""Where events go, and how long and how much is kept for endpoints that are not there."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import attrs

from web.webhooks.backoff import Backoff
from web.webhooks.event import TYPES


@attrs.frozen(kw_only=True)
class WebhookSettings:
    """What the operator says of webhooks, and what bounds them. Times are in seconds."""

    urls: tuple[str, ...]
    secrets: tuple[bytes, ...] = attrs.field(repr=False)
    directory: Path
    #: types that are told; all if empty
    events: tuple[str, ...] = ()
    #: an event that could not be told for so long is forgotten
    max_age: float = 86_400.0
    #: events kept on disk, and the bytes of their bodies
    max_events: int = 100_000
    max_bytes: int = 64 << 20
    #: events on their way to the disk
    max_waiting: int = 10_000
    #: for an endpoint to answer
    timeout: float = 15.0
    backoff: Backoff = attrs.field(factory=Backoff)

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(self.events or TYPES)


def check_url(url: str) -> None:
    """Raises ValueError if it is not the URL of an endpoint."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii() or any(map(str.isspace, url)):
        raise ValueError(url)
    _ = parts.port  # which says whether it is one


def endpoint_name(number: int, url: str) -> str:
    """What an endpoint is called where others read it: paths and queries of such URLs are often secrets."""
    return f"{number}:{urlsplit(url).hostname}"
