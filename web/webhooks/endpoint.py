"""One endpoint: what it has still to be told, and what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import attrs
import structlog
import trio

from web.webhooks.http import Answer
from web.webhooks.schedule import Schedule
from web.webhooks.settings import WebhookSettings, endpoint_name
from web.webhooks.statistics import EndpointStatistics

_log = structlog.stdlib.get_logger("web.webhooks")


@attrs.define(eq=False)
class Endpoint:
    """A place that events are sent to. ``key`` is what it is called on disk, where its URL has no business."""

    url: str
    name: str
    key: str
    schedule: Schedule
    wake: trio.Event = attrs.field(factory=trio.Event)
    delivered: int = 0
    failed: int = 0
    refused: int = 0
    last: str = ""
    #: The verdict that was logged last.
    _said: str = "done"

    @classmethod
    def of(cls, number: int, settings: WebhookSettings, random: Callable[[], float]) -> Endpoint:
        url = settings.urls[number]
        key = hashlib.sha256(url.encode()).hexdigest()[:16]
        return cls(url, endpoint_name(number, url), key, Schedule(settings.backoff, random))

    def add(self, number: int, room: str) -> None:
        """Have an event sent."""
        self.schedule.add(number, room)
        self.wake.set()

    def answered(self, schedule: Schedule, number: int, answer: Answer, now: float) -> None:
        """Take what became of a try; ``schedule`` is the one that it was of."""
        self.last = answer.words
        match answer.verdict:
            case "done":
                self.delivered += 1
                schedule.done(number)
            case "refused":
                self.refused += 1
                schedule.refused(number, now)
            case "failed":
                self.failed += 1
                schedule.failed(number, now, answer.asked)
        self.wake.set()
        if answer.verdict != self._said:  # an hour of the same is one line
            self._said = answer.verdict
            if answer.verdict == "done":
                _log.info("webhook endpoint takes events again", endpoint=self.name, waiting=len(schedule))
            else:
                _log.warning(
                    "webhook endpoint does not take an event",
                    endpoint=self.name,
                    verdict=answer.verdict,
                    answer=answer.words,
                    waiting=len(schedule),
                )

    def statistics(self) -> EndpointStatistics:
        schedule = self.schedule
        return EndpointStatistics(
            name=self.name,
            waiting=len(schedule),
            on_their_way=schedule.on_their_way,
            delivered=self.delivered,
            failed=self.failed,
            refused=self.refused,
            failures=schedule.failures,
            last=self.last,
        )
