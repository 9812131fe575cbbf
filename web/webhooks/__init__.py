"""Webhooks: what happens in rooms is told to other programs by HTTP, signed, at least once, through an outbox on disk.

Rooms post an event in one step that never waits (`service`). One task writes what was posted, many events at a time,
into the outbox (`outbox`, SQLite), and only what is written is sent. One task to each endpoint sends (`delivery`), a
room's events one after the other (`schedule`), until the endpoint has answered each with 2xx or it is too old.
"""

from __future__ import annotations

from web.webhooks.errors import BadSecret as BadSecret
from web.webhooks.errors import OutboxUnusable as OutboxUnusable
from web.webhooks.event import TYPES as TYPES
from web.webhooks.event import Event as Event
from web.webhooks.service import Webhooks as Webhooks
from web.webhooks.settings import WebhookSettings as WebhookSettings
from web.webhooks.statistics import WebhookStatistics as WebhookStatistics
