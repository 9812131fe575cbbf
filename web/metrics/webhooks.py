"""Metrics of webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from web.metrics.families import counter, counter2, gauge
from web.webhooks import WebhookStatistics


def of_webhooks(webhooks: WebhookStatistics | None) -> Iterator[Metric]:
    """What was told, what waits, and what was given up."""
    if webhooks is None:
        return
    ends = webhooks.endpoints
    tries = {(end.name, "delivered"): end.delivered for end in ends}
    tries |= {(end.name, "refused"): end.refused for end in ends}
    tries |= {(end.name, "failed"): end.failed for end in ends}
    yield counter("webhook_events", "Events that endpoints are to be told of.", webhooks.posted)
    yield gauge("webhook_outbox_waiting", "Events on their way to the disk.", webhooks.waiting)
    yield gauge("webhook_outbox_events", "Events on disk.", webhooks.stored)
    yield gauge("webhook_outbox_bytes", "Their bodies.", webhooks.bytes)
    yield gauge("webhook_outbox_writable", "Whether the disk takes events.", webhooks.writing)
    yield counter("webhook_expired", "Events that could not be told before they were too old.", webhooks.expired)
    yield counter("webhook_lost", "Events that were in an outbox that broke.", webhooks.lost)
    yield counter("webhook_dropped", "Events that there was no room for, by kind.", webhooks.dropped, "kind")
    yield counter2("webhook_deliveries", "Requests to endpoints, by what came of them.", ("endpoint", "result"), tries)
    yield gauge("webhook_pending", "Events to be told.", {end.name: end.waiting for end in ends}, "endpoint")
    failing = {end.name: end.failures for end in ends}
    yield gauge("webhook_failures_in_a_row", "Failures since an endpoint answered.", failing, "endpoint")
