"""The tasks that write events to the outbox and send them; see the package."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from random import random
from typing import TypeVar

import structlog
import trio

from chatroom.happenings import Happening
from chatroom.quality.events import QualityEvent
from nurseries import ChildSpec, TooManyRestarts, open_supervisor, provide_facts
from web.webhooks import signature
from web.webhooks.endpoint import Endpoint
from web.webhooks.errors import OutboxBroken, OutboxFull, OutboxUnusable
from web.webhooks.event import RANK_NAMES, RANKS, Event, of_happening, of_quality
from web.webhooks.http import Answer, OpenPost, Post, open_post
from web.webhooks.outbox import Outbox
from web.webhooks.schedule import Schedule
from web.webhooks.settings import WebhookSettings
from web.webhooks.statistics import WebhookStatistics
from web.webhooks.waiting import Numbered, Waiting

FILE = "webhooks.sqlite3"
#: Events that are written in one transaction.
BATCH = 500
#: Seconds between two looks for what became too old, and to another try where the disk took nothing.
LOOK = 60.0
RETRY = 5.0
#: Seconds that the last events have to be written, and told, at the end.
FLUSH = 1.0

T = TypeVar("T")
_log = structlog.stdlib.get_logger("web.webhooks")


class Webhooks:
    """Tells endpoints what happens. ``clock`` returns Unix seconds, ``new_id`` an id that was never used before.

    Without ``threads`` the disk is waited for where it is used: for tests in virtual time, which runs on meanwhile.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: f"msg_{secrets.token_hex(16)}",
        open_post: OpenPost = open_post,
        random: Callable[[], float] = random,
        threads: bool = True,
    ) -> None:
        self._settings = settings
        self._wanted = settings.wanted
        self._clock = clock
        self._new_id = new_id
        self._open_post = open_post
        self._random = random
        self._threads = threads
        self._outbox = Outbox(settings.directory / FILE, settings.max_events, settings.max_bytes)
        #: Of those who use the outbox, one at a time.
        self._one = trio.CapacityLimiter(1)
        self._endpoints = [Endpoint.of(number, settings, random) for number in range(len(settings.urls))]
        self._waiting = Waiting(settings.max_waiting)
        #: (endpoint, number) of what was told and is still on disk.
        self._done: list[tuple[str, int]] = []
        self._number = 0
        #: How many are being written.
        self._in_hand = 0
        self._wake = trio.Event()
        self._stopping = trio.Event()
        self._scope = trio.CancelScope(shield=True)
        self._running = False
        #: Whether what is posted has a number that is free.
        self._opened = False
        self._writing = True
        #: What was found to be wrong with the outbox by who read from it.
        self._broken: OutboxBroken | None = None
        self._posted = self._commits = self._expired = self._lost = 0
        self._dropped = [0 for _ in RANKS]

    def happened(self, happening: Happening) -> None:
        """Have endpoints told of what a directory tells. Never waits, never raises."""
        self.post(of_happening(happening))

    def judged(self, events: Sequence[QualityEvent]) -> None:
        """Have endpoints told of what the pipeline says. Never waits, never raises."""
        for judged in events:
            if (event := of_quality(judged)) is not None:
                self.post(event)

    def post(self, event: Event) -> None:
        """Have endpoints told of an event, if they are to be told of its type. Never waits, never raises."""
        if event.type in self._wanted and self._opened:
            self._posted += 1
            self._number += 1
            self._waiting.put(Numbered(self._number, self._new_id(), event))
            self._wake.set()

    async def run(  # noqa: ASYNC128 - `_live` says started
        self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Write and send until `stop`; a cancellation waits for that. Raises OutboxUnusable at the start.

        If it fails again and again the server goes on without it.
        """
        with self._scope:
            await self._open()
            try:
                await self._live(task_status)
            except TooManyRestarts as error:
                _log.error("the server goes on without webhooks", exc_info=error)
                await self._stopping.wait()
            finally:
                self._running = self._opened = False
                if len(self._waiting):
                    _log.error("events for webhooks are lost: they could not be written", number=len(self._waiting))
                if not self._one.borrowed_tokens:  # else a disk that hangs has it
                    self._outbox.close()

    def stop(self) -> None:
        """Write what was posted, send what can be, and end soon; the rest is sent after the next start."""
        self._stopping.set()
        self._wake.set()
        self._scope.deadline = trio.current_time() + FLUSH

    def statistics(self) -> WebhookStatistics:
        dropped = zip(RANK_NAMES, self._dropped, self._waiting.dropped, strict=True)
        return WebhookStatistics(
            running=self._running,
            writing=self._writing,
            posted=self._posted,
            waiting=len(self._waiting) + self._in_hand,
            stored=self._outbox.events,
            bytes=self._outbox.bytes,
            commits=self._commits,
            expired=self._expired,
            lost=self._lost,
            dropped={name: stored + waiting for name, stored, waiting in dropped},
            endpoints=tuple(endpoint.statistics() for endpoint in self._endpoints),
        )

    async def _live(self, task_status: trio.TaskStatus[None]) -> None:
        children = [ChildSpec("outbox", self._write)]
        children += [ChildSpec(f"endpoint:{each.name}", partial(self._deliver, each)) for each in self._endpoints]
        async with open_supervisor("webhooks", under="serve", children=children):
            self._running = True
            provide_facts("webhooks", self.statistics)
            task_status.started()
            await self._stopping.wait()
            while self._unfinished():  # noqa: ASYNC110 - for a second at most
                await trio.sleep(0.01)

    def _unfinished(self) -> bool:
        """Whether there is something to write, or to tell an endpoint that takes it."""
        if not self._writing:
            return False
        waiting = len(self._waiting) + self._in_hand + len(self._done)
        return bool(waiting or any(len(each.schedule) and not each.schedule.failures for each in self._endpoints))

    # ---- the outbox

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if not self._threads:
            await trio.lowlevel.checkpoint()
            return work()
        return await trio.to_thread.run_sync(work, limiter=self._one, abandon_on_cancel=True)

    async def _open(self) -> None:
        try:
            try:
                await self._in_thread(self._outbox.open)
                keys = [endpoint.key for endpoint in self._endpoints]
                pending = await self._in_thread(partial(self._outbox.load, keys))
            except OutboxBroken as error:
                await self._start_over(error)
                pending = []
            self._number = await self._in_thread(self._outbox.last)
        except (OutboxFull, OutboxBroken, OSError) as error:
            raise OutboxUnusable(f"{self._outbox.file} cannot be used: {error}.") from None
        self._opened = True
        by_key = {endpoint.key: endpoint for endpoint in self._endpoints}
        for key, number, room in pending:
            by_key[key].add(number, room)
        self.post(Event("server_started", "", self._clock(), {}))  # whoever was here before is no more
        if pending:
            _log.info("events of before are still to be told", number=len(pending))

    async def _start_over(self, error: Exception) -> None:
        """Go on with an empty outbox in place of one that makes no sense. Raises OSError, OutboxFull and so on."""
        suffix = time.strftime("broken-%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        aside = await self._in_thread(partial(self._outbox.set_aside, suffix))
        lost = self._outbox.events
        self._lost += lost
        _log.error("the outbox of webhooks is broken: begun anew", error=str(error), set_aside=str(aside), lost=lost)
        for endpoint in self._endpoints:
            endpoint.schedule = Schedule(self._settings.backoff, self._random)
        self._done.clear()
        self._broken = None
        await self._in_thread(self._outbox.open)

    async def _write(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Be the one who writes."""
        task_status.started()
        while True:
            self._wake = trio.Event()
            batch, done = self._waiting.take(BATCH), self._done[:BATCH]
            self._in_hand = len(batch)
            try:
                if self._broken is not None:
                    raise self._broken
                oldest = self._clock() - self._settings.max_age
                keys = [endpoint.key for endpoint in self._endpoints]
                gone = await self._in_thread(partial(self._outbox.commit, batch, keys, done, oldest))
            except (OutboxFull, OutboxBroken, OutboxUnusable) as error:
                self._waiting.put_back(batch)
                self._in_hand = 0
                await self._repair(error)
                continue
            self._written(batch, done, gone)
            if len(batch) == BATCH or len(done) == BATCH:
                continue
            with trio.move_on_after(LOOK):
                await self._wake.wait()

    def _written(self, batch: list[Numbered], done: list[tuple[str, int]], gone: list[tuple[int, int | None]]) -> None:
        self._commits += 1
        self._in_hand = 0
        del self._done[: len(done)]
        if not self._writing:
            self._writing = True
            _log.info("the outbox of webhooks is written again", waiting=len(self._waiting))
        dropped = 0
        for _, rank in gone:
            if rank is None:
                self._expired += 1
            else:
                self._dropped[rank] += 1
                dropped += 1
        if dropped:
            _log.warning("the outbox of webhooks is full: events are dropped", dropped=dropped)
        not_there = {number for number, _ in gone}
        for endpoint in self._endpoints:
            for numbered in batch:
                if numbered.number not in not_there:
                    endpoint.add(numbered.number, numbered.event.room)
        written = {numbered.number for numbered in batch}
        for number in not_there - written:
            for endpoint in self._endpoints:
                endpoint.schedule.drop(number)

    async def _repair(self, error: Exception) -> None:
        if self._writing:
            self._writing = False
            _log.error("the outbox of webhooks cannot be written", error=str(error), waiting=len(self._waiting))
        if isinstance(error, OutboxBroken):
            try:
                await self._start_over(error)
            except (OutboxFull, OutboxBroken, OutboxUnusable, OSError) as again:
                _log.error("no other outbox of webhooks can be made", error=str(again))
            else:
                return
        await trio.sleep(RETRY)

    # ---- the endpoints

    async def _deliver(self, endpoint: Endpoint, *, task_status: trio.TaskStatus[None]) -> None:
        """Be the one who sends to an endpoint."""
        endpoint.schedule.abandon()
        async with self._open_post(endpoint.url, self._settings.timeout) as post, trio.open_nursery() as nursery:
            task_status.started()
            path = trio.lowlevel.current_task().name
            while True:
                endpoint.wake = trio.Event()
                schedule = endpoint.schedule
                while (number := schedule.take(trio.current_time())) is not None:
                    nursery.start_soon(self._send, endpoint, schedule, post, number, name=f"{path}/event:{number}")
                with trio.CancelScope(deadline=schedule.due()):
                    await endpoint.wake.wait()

    async def _send(self, endpoint: Endpoint, schedule: Schedule, post: Post, number: int) -> None:
        try:
            stored = await self._in_thread(partial(self._outbox.read, number))
        except (OutboxFull, OutboxBroken, OutboxUnusable) as error:
            self._broken = error if isinstance(error, OutboxBroken) else self._broken
            self._wake.set()
            endpoint.answered(schedule, number, Answer("failed", f"the outbox cannot be read: {error}"), _now())
            return
        if stored is None:  # dropped, or too old, since it was chosen
            schedule.done(number)
            endpoint.wake.set()
            return
        headers = signature.headers(self._settings.secrets, stored.id, int(self._clock()), stored.body)
        answer = await post({**_HEADERS, **headers}, stored.body)
        endpoint.answered(schedule, number, answer, _now())
        if answer.verdict == "done":
            self._done.append((endpoint.key, number))
            self._wake.set()


def _now() -> float:
    return trio.current_time()


_HEADERS = {"content-type": "application/json", "user-agent": f"chatroom/{version('chatroom')}"}
