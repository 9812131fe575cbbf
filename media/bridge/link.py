"""The link to one worker: a websocket on its stream, one writer, one reader, and the end of it all.

A link lives once. It comes up when the worker says that it is ready, carries requests and events, and goes down for the
first of many reasons: the process ended, the connection closed, a frame made no sense, nothing was said for too long.
Whoever waits is told at that very moment, before anything is cleaned up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

import attrs
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

from chatroom.media import MediaRefused, MediaUnavailable
from chatroom.spans import span
from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.process import OpenWorker, Worker
from media.bridge.pulse import Pulse, Terms
from media.bridge.requests import Requests, Waiting
from media.bridge.settings import Deadlines
from media.messages import (
    MAX_FRAME,
    BadMessage,
    ErrorFrame,
    Event,
    GetStatistics,
    Heard,
    ParticipantEvent,
    Ready,
    Request,
    ResultFrame,
    ResultT,
    RoomEvent,
    StartFailed,
    WorkerStatistics,
    decode_reply,
    encode_request,
)
from nurseries import child_path, provide_facts, remark

#: Refusals that are the page's own doing: it is told, and nobody needs to look into a log.
USER_CODES = frozenset({"bad_sdp", "sdp_too_large", "too_many_tracks", "stale_offer", "not_allowed"})

#: How long to listen for what a worker said before it ended without ever having been ready, in seconds.
LAST_WORDS = 0.2

#: Times that everyone gets their turn before a silence is believed: whoever reads may have had none since a word came.
TURNS = 6

Message = ResultFrame | ErrorFrame | Event

_log = logging.getLogger("media.bridge")


@attrs.frozen
class Loss:
    """How a worker that was up was lost: whether it died, and the mark of the room it was at, 0 for none, if known."""

    died: bool
    serving: int | None


class WorkerLink:
    """One worker and the connection to it. ``pid`` (of a process of this machine) and ``port`` hold from when it is up.

    ``event`` is called with this link and what the worker says by itself, for as long as the link is up; ``unable``
    as soon as it says that it cannot start, which `run` raises when its process is gone.
    """

    def __init__(
        self,
        open_worker: OpenWorker,
        deadlines: Deadlines,
        heartbeat: Terms,
        *,
        up: Callable[[WorkerLink], None],
        down: Callable[[Loss], None],
        unable: Callable[[MediaStartFailed], None],
        event: Callable[[WorkerLink, ParticipantEvent | Heard | RoomEvent], None],
    ) -> None:
        self.pid: int | None = None
        self.port = 0
        self.rate = PacketRate()
        #: What it said last of itself.
        self.figures: WorkerStatistics | None = None
        self.name = "worker"
        self._worker: Worker | None = None
        self._open_worker = open_worker
        self._deadlines = deadlines
        self._up = up
        self._down = down
        self._unable = unable
        self._event = event
        self._requests = Requests()
        self._scope = trio.CancelScope()
        self._end: Exception | None = None
        self._is_up = False
        self._heartbeat = heartbeat
        self._pulse = Pulse(heartbeat, trio.current_time())
        self._question: Waiting | None = None
        #: Around each wait of `_beat`.
        self._wait = trio.CancelScope()

    @property
    def pending(self) -> int:
        """The number of requests that are not answered."""
        return len(self._requests)

    @property
    def rtt(self) -> float | None:
        """Seconds that the worker took for its last answer to a heartbeat."""
        return self._pulse.rtt

    async def run(self) -> NoReturn:
        """Run a worker until it is lost; ``up`` is called when it is ready, ``down`` when it was and is no longer.

        Raises MediaStartFailed when the worker says that it cannot start, and WorkerLost for everything else.
        """
        async with self._open_worker() as worker:
            self.name, self._worker = worker.name, worker
            try:
                with self._scope:
                    await self._live(worker)
            except* ConnectionRejected as group:
                self.close(WorkerLost(_refusal(group)))
            finally:
                self.close(WorkerLost("the bridge is stopping", died=False))
        assert self._end is not None
        if isinstance(self._end, WorkerLost) and worker.ending:
            raise WorkerLost(f"{self._end}; {worker.ending}")
        raise self._end

    def submit(self, request: Request) -> Waiting:
        """Send a request behind all others, whoever waits for its answer; a refusal is logged."""
        return self._requests.submit(request)

    async def request(self, request: Request, result: type[ResultT], *, within: float | None = None) -> ResultT:
        """Send a request and wait for its answer, by default for `Deadlines.request` seconds.

        Raises MediaRefused when it is the page's fault, MediaUnavailable when it is ours or there is no answer.
        """
        with span(f"worker.{request.method}", worker=self.name, **_about(request)):
            return await self._request(request, result, self._deadlines.request if within is None else within)

    async def _request(self, request: Request, result: type[ResultT], within: float) -> ResultT:
        waiting = self._requests.submit(request)
        try:
            with trio.move_on_after(within):
                await waiting.done.wait()
        finally:
            self._requests.forget(waiting)
        outcome = waiting.outcome
        if isinstance(outcome, result):
            return outcome
        if isinstance(outcome, ErrorFrame) and outcome.code in USER_CODES:
            raise MediaRefused(outcome.code, outcome.message)
        if outcome is None and not self._requests.closed:
            _log.error(
                "the media worker (%s) did not answer to %s in time", self.name, request.method, extra=_about(request)
            )
        raise MediaUnavailable

    def close(self, end: Exception) -> None:
        """Take the link down, the first time for this reason, without waiting for anything."""
        if self._end is None:
            self._end = end
            self._scope.cancel(str(end))
            self._requests.close()
            if self._is_up and self._worker is not None:
                died = isinstance(end, WorkerLost) and end.died
                self._down(Loss(died, self._worker.serving() if died else None))

    async def _live(self, worker: Worker) -> None:
        provide_facts("worker", self._facts)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, worker, name=child_path("process"))
            with trio.move_on_after(self._deadlines.start) as starting:
                stream: Any = worker.stream  # any stream will do, whatever the annotation there says
                socket = await wrap_client_stream(
                    nursery, stream, "worker", "/", extra_headers=worker.headers, max_message_size=MAX_FRAME
                )
                self._hello(worker, await self._receive(socket))
            if starting.cancelled_caught:
                await self._fail(WorkerLost(f"it was not ready within {self._deadlines.start:g} s"))
            nursery.start_soon(self._write, socket, name=child_path("writer"))
            nursery.start_soon(self._beat, worker, name=child_path("heartbeat"))
            await self._read(socket)

    def _facts(self) -> dict[str, object]:
        facts: dict[str, object] = {"pid": self.pid, "port": self.port, "up": self._is_up}
        facts["requests"] = {"waiting": len(self._requests)}
        if (figures := self.figures) is not None:
            last = None if figures.stall_last is None else str(figures.stall_last)
            facts["stalls"] = {"number": figures.stalls, "longest": figures.stall_longest, "last": last}
        return facts

    def _hello(self, worker: Worker, message: Message) -> None:
        if self._end is not None:
            return
        match message:
            case Ready():
                self.pid, self.port = worker.pid, message.port
                self._pulse = Pulse(self._heartbeat, trio.current_time())
                self._is_up = True
                self._up(self)
            case StartFailed():
                self.close(failed := MediaStartFailed(message.message))
                self._unable(failed)
            case _:
                self.close(WorkerLost(f"its first word was {type(message).__name__}"))

    def _told(self, figures: WorkerStatistics, now: float) -> None:
        """Take what the worker says of itself."""
        before, self.figures = self.figures, figures
        self.rate.told(figures.packets_received + figures.packets_sent, now)
        # One on another machine may have been there long before this link.
        known = before.stalls if before is not None else 0 if self.pid is not None else figures.stalls
        if figures.stall_last is not None and figures.stalls > known:
            more = figures.stalls - known - 1
            words = f"its loop was held for {figures.stall_last}" + (f" (and {more} more)" if more else "")
            remark("worker_stalled", words, figures.stall_last, figures.stall_last.at)

    async def _fail(self, end: Exception) -> NoReturn:
        self.close(end)
        await trio.sleep_forever()  # cancelled: all of this happens inside the scope that close() cancels

    async def _watch(self, worker: Worker) -> None:
        await worker.wait()
        if not self._is_up:
            await trio.sleep(LAST_WORDS)
        await self._fail(WorkerLost("its process is gone" if worker.pid is not None else "its connection is gone"))

    async def _beat(self, worker: Worker) -> None:
        """Ask the worker for its figures, again and again, until it says nothing for too long."""
        while True:
            match self._pulse.look(trio.current_time(), worker.starved()):
                case "ask":
                    self._question = self._requests.submit(GetStatistics())
                case "silent":
                    await self._give_up(worker, f"it said nothing for {self._heartbeat.silence:g} s")
                case "mute":
                    await self._give_up(worker, f"it did not answer for {self._heartbeat.answer:g} s")
            with trio.CancelScope(deadline=self._pulse.due) as self._wait:
                await trio.sleep_forever()

    async def _give_up(self, worker: Worker, why: str) -> None:
        """Take it for lost and end it at once, or it might come back and send; unless its words were only not read."""
        for _ in range(TURNS):
            await trio.lowlevel.checkpoint()
        if self._pulse.due <= trio.current_time():
            self.close(WorkerLost(why, died=worker.pid is not None))
            worker.kill()
            await trio.sleep_forever()

    def _heard(self) -> None:
        self._pulse.heard(trio.current_time())
        self._wait.deadline = self._pulse.due

    async def _write(self, socket: WebSocketConnection) -> None:
        # The only writer, so a frame is never cut short by the deadline of the one who asked.
        while True:
            waiting = await self._requests.next()
            try:
                await socket.send_message(encode_request(waiting.id, waiting.request))
            except ConnectionClosed:
                await self._fail(WorkerLost("it closed the connection"))

    async def _read(self, socket: WebSocketConnection) -> None:
        while True:
            message = await self._receive(socket)
            if self._requests.closed:
                return  # closed while this was on its way: whoever it is for knows already that all is lost
            self._heard()
            match message:
                case ResultFrame() | ErrorFrame():
                    self._answer(message)
                case Ready() | StartFailed():
                    self.close(WorkerLost(f"it said {message.event} again"))
                case _:
                    self._event(self, message)

    async def _receive(self, socket: WebSocketConnection) -> Message:
        try:
            return decode_reply(await socket.get_message())
        except BadMessage as error:
            await self._fail(WorkerLost(f"it said what makes no sense: {error}"))
        except ConnectionClosed:
            await self._fail(WorkerLost("it closed the connection"))

    def _answer(self, reply: ResultFrame | ErrorFrame) -> None:
        try:
            waiting = self._requests.answer(reply)
        except BadMessage as error:
            self.close(WorkerLost(f"it said what makes no sense: {error}"))
            return
        if waiting is not None and waiting is self._question:
            now = trio.current_time()
            self._pulse.answered(now)
            self._wait.deadline = self._pulse.due
            if isinstance(waiting.outcome, WorkerStatistics):
                self._told(waiting.outcome, now)
        if isinstance(reply, ErrorFrame) and reply.code not in USER_CODES:
            asked = "a request given up" if waiting is None else waiting.request.method
            about = {} if waiting is None else _about(waiting.request)
            _log.error("the media worker failed at %s: %s: %s", asked, reply.code, reply.message, extra=about)


class PacketRate:
    """How many packets per second a worker takes and sends, from the totals that it tells."""

    def __init__(self) -> None:
        self.value = 0.0
        self._last: tuple[int, float] | None = None

    def told(self, total: int, now: float) -> None:
        """Its total is so many now."""
        if self._last is not None and now > self._last[1]:
            rate = max(0, total - self._last[0]) / (now - self._last[1])
            self.value += 0.3 * (rate - self.value)  # over a second or so: no burst is to decide where a room goes
        self._last = total, now


def _about(request: Request) -> dict[str, Any]:
    """Whose request it is, for the log."""
    named = {"room": "router", "participant": "participant", "epoch": "epoch"}
    return {key: value for key, name in named.items() if (value := getattr(request, name, None)) is not None}


def _refusal(group: BaseExceptionGroup[ConnectionRejected]) -> str:
    rejected: BaseException = group
    while isinstance(rejected, BaseExceptionGroup):
        rejected = rejected.exceptions[0]
    assert isinstance(rejected, ConnectionRejected)
    reason = (rejected.body or b"").decode("utf-8", "replace").strip()
    return f"it refused the connection ({rejected.status_code}{f': {reason}' if reason else ''})"
