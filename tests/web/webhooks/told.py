"""Endpoints in memory, in virtual time, and webhooks that tell them."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import trio

from web.webhooks import TYPES, Event, Webhooks, WebhookSettings, WebhookStatistics
from web.webhooks.backoff import Backoff
from web.webhooks.http import Answer, Post

DONE = Answer("done", "204")
DOWN = Answer("failed", "ConnectError")


@attrs.define(eq=False)
class Receiver:
    """An endpoint: ``answer`` says what it answers to an event, and when each came is in ``came``."""

    answer: Callable[[dict[str, Any]], Answer] = lambda _: DONE
    takes: float = 0.0
    came: list[tuple[float, dict[str, Any]]] = attrs.field(factory=list)
    ids: list[str] = attrs.field(factory=list)
    #: Those that were answered with 2xx.
    has: list[dict[str, Any]] = attrs.field(factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        event = json.loads(body)
        self.came.append((trio.current_time(), event))
        self.ids.append(headers["webhook-id"])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await trio.sleep(self.takes)
        finally:
            self.at_once -= 1
        answer = self.answer(event)
        if answer.verdict == "done":
            self.has.append(event)
        return answer

    def numbers(self, room: str) -> list[int]:
        return [event["data"]["n"] for event in self.has if event["data"]["room"] == room]


@attrs.define(eq=False)
class Telling:
    """Webhooks that run. `post` has them told of event ``n``."""

    webhooks: Webhooks
    receivers: dict[str, Receiver]

    def post(self, n: int, kind: str = "participant_joined", room: str = "blue") -> None:
        self.webhooks.post(Event(kind, room, trio.current_time(), {"room": room, "n": n}))

    async def until(self, condition: Callable[[WebhookStatistics], bool]) -> None:
        """Wait until ``condition`` holds, for an hour at most."""
        pause = 0.5
        with trio.fail_after(3_600):
            while not condition(self.webhooks.statistics()):
                await trio.sleep(pause)
                pause = min(30.0, 1.5 * pause)

    async def settle(self) -> None:
        """Wait until all is told, or for an hour."""
        with suppress(trio.TooSlowError):
            await self.until(lambda _: not self._busy())

    def _busy(self) -> bool:
        statistics = self.webhooks.statistics()
        return bool(statistics.waiting or self.webhooks._done or any(each.waiting for each in statistics.endpoints))


def settings(directory: Path, *names: str, **changes: Any) -> WebhookSettings:
    urls = tuple(f"https://{name}.example.org/hook" for name in names or ("one",))
    fixed = {"backoff": Backoff(jitter=0.0), "events": tuple(kind for kind in TYPES if kind != "server_started")}
    return WebhookSettings(urls=urls, secrets=(b"x" * 32,), directory=directory, **{**fixed, **changes})


@asynccontextmanager
async def telling(chosen: WebhookSettings, **receivers: Receiver) -> AsyncGenerator[Telling, None]:
    """Run webhooks until the context ends."""
    by_url = {f"https://{name}.example.org/hook": receiver for name, receiver in receivers.items()}

    @asynccontextmanager
    async def open_post(url: str, timeout: float) -> AsyncGenerator[Post, None]:
        yield by_url[url].post

    ids = map("msg_{}".format, itertools.count(1))
    webhooks = Webhooks(
        chosen,
        clock=trio.current_time,
        new_id=ids.__next__,
        open_post=open_post,
        random=lambda: 0.0,
        threads=False,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(webhooks.run, name="webhooks")
        try:
            yield Telling(webhooks, receivers)
        finally:
            webhooks.stop()
