"""Workers made of memory: the bridge speaks to them over a real websocket, and there is no process."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Literal

import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_server_stream

from media.bridge import Bridge, Deadlines, MediaSettings, WorkerLost
from media.messages import (
    MAX_FRAME,
    Answer,
    Done,
    ErrorCode,
    Event,
    GetMediaStatistics,
    GetStatistics,
    MediaStatistics,
    Publish,
    Ready,
    Request,
    Result,
    StartFailed,
    WorkerStatistics,
    decode_request,
    encode_error,
    encode_event,
    encode_result,
)
from media.serving import mark

Reply = Result | tuple[ErrorCode, str] | None
Pair = Callable[[], tuple[trio.abc.Stream, trio.abc.Stream]]

READY = Ready(10_000, ["192.0.2.1"])
NOTHING = WorkerStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, kernel=False)


def answer_everything(request: Request) -> Reply:
    """Answer as a worker in good health does."""
    match request:
        case Publish():
            return Answer(f"answer to {request.sdp}")
        case GetStatistics():
            return NOTHING
        case GetMediaStatistics():
            return MediaStatistics([], [], [], True)
        case _:
            return Done()


class FakeWorker:
    """A worker that is told what to say. ``reply`` says what to answer a request with, or None for nothing.

    It answers heartbeats while it ``beats``.
    """

    def __init__(self, pid: int, first: Event | None, reply: Callable[[Request], Reply], pair: Pair) -> None:
        self.pid: int | None = pid
        self.name = f"pid {pid}"
        self.headers: list[tuple[bytes, bytes]] = []
        self.stream, self._server = pair()
        self.requests: list[Request] = []
        self.ending: str | None = None
        self.reading = True
        self.killed = False
        self.waited = 0.0
        self.starving = False
        #: The room that it says it is at, 0 for none; None if it does not tell.
        self.busy_with: str | Literal[0] | None = None
        #: Whether it answers heartbeats, which ``reply`` is not asked about then.
        self.beats = True
        self.figures = NOTHING
        self._first = first
        self._reply = reply
        self._ended = trio.Event()
        self._read_again = trio.Event()
        self._socket: WebSocketConnection | None = None

    async def wait(self) -> None:
        await self._ended.wait()

    def die(self, ending: str = "it was killed by SIGKILL") -> None:
        self.ending = ending
        self._ended.set()

    def kill(self) -> None:
        self.killed = True
        self.die()

    def serving(self) -> int | None:
        return mark(self.busy_with) if isinstance(self.busy_with, str) else self.busy_with

    def starved(self) -> float:
        return self.waited + (trio.current_time() if self.starving else 0.0)

    async def say(self, event: Event | str) -> None:
        assert self._socket is not None
        await self._socket.send_message(event if isinstance(event, str) else encode_event(event))

    async def hang_up(self) -> None:
        await self._server.aclose()

    def read_again(self) -> None:
        self.reading = True
        self._read_again.set()
        self._read_again = trio.Event()

    def asked(self) -> list[Request]:
        """All requests but the heartbeats."""
        return [request for request in self.requests if not isinstance(request, GetStatistics)]

    async def serve(self) -> None:
        async with trio.open_nursery() as nursery:
            handshake = await wrap_server_stream(nursery, self._server, max_message_size=MAX_FRAME)
            self._socket = await handshake.accept()
            try:
                if self._first is not None:
                    await self.say(self._first)
                if isinstance(self._first, StartFailed):
                    self.die("it ended with exit status 1")
                while True:
                    frame = await self._socket.get_message()
                    if not self.reading:
                        await self._read_again.wait()
                    await self._serve_one(frame)
            except ConnectionClosed:
                pass

    async def _serve_one(self, frame: str | bytes) -> None:
        message = decode_request(frame)
        self.requests.append(message.request)
        if isinstance(message.request, GetStatistics) and self.beats:
            await self.say(encode_result(message.id, self.figures))
            return
        match self._reply(message.request):
            case None:
                pass
            case (code, text):
                await self.say(encode_error(message.id, code, text))
            case result:
                await self.say(encode_result(message.id, result))


class FakeWorkers:
    """What opens them: each takes the next of ``firsts`` as its first word, then that it is ready.

    Worker number *k* of the bridge is ready at port 10000 + *k*, and takes ``starts[k]`` seconds for it. Before that,
    ``script[k]`` says how its next lives begin: with another first word, or by being lost.
    """

    def __init__(self, *firsts: Event | None, reply: Callable[[Request], Reply] = answer_everything) -> None:
        self.opened: list[FakeWorker] = []
        #: The last one that was opened with each number, or at each address.
        self.at: dict[int | str, FakeWorker] = {}
        #: Seconds that each takes to end.
        self.ends = 0.0
        self.starts: dict[int | str, float] = {}
        self.script: dict[int | str, list[Event | WorkerLost | None]] = {}
        self.closed = 0
        self.reply = reply
        self.pair: Pair = trio.testing.memory_stream_pair
        self._firsts = list(firsts)

    @property
    def last(self) -> FakeWorker:
        return self.opened[-1]

    @asynccontextmanager
    async def open(self, number: int | str = 0) -> AsyncGenerator[FakeWorker, None]:
        ready = Ready(10_000 + number if isinstance(number, int) else 20_000, ["192.0.2.1"])
        first = self._firsts.pop(0) if self._firsts else ready
        await trio.sleep(self.starts.get(number, 0.0))
        if self.script.get(number):
            begins = self.script[number].pop(0)
            if isinstance(begins, WorkerLost):
                raise begins
            first = begins
        worker = FakeWorker(1000 + len(self.opened), first, lambda request: self.reply(request), self.pair)
        if isinstance(number, str):
            worker.pid = None
        self.opened.append(worker)
        self.at[number] = worker
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.serve)
            try:
                yield worker
            finally:
                nursery.cancel_scope.cancel()
                with trio.CancelScope(shield=True):
                    await trio.sleep(self.ends)
                self.closed += 1

    def bridge(self, settings: MediaSettings | None = None, deadlines: Deadlines | None = None) -> Bridge:
        return Bridge(
            settings or MediaSettings(port=10_000),
            open_worker=self.open,
            open_remote=self.open,
            deadlines=deadlines,
        )


def figures(bridge: Bridge) -> tuple[tuple[int, ...], int, int, int, int]:
    """Of a bridge: the process ids, and how many restarts, sessions, requests under way and events dropped."""
    told = bridge.statistics()
    return told.pids, told.restarts, told.sessions, told.pending, told.events_dropped


@asynccontextmanager
async def running(
    workers: FakeWorkers, settings: MediaSettings | None = None, deadlines: Deadlines | None = None
) -> AsyncGenerator[Bridge, None]:
    bridge = workers.bridge(settings, deadlines)
    async with trio.open_nursery() as nursery:
        await nursery.start(bridge.run)
        yield bridge
        nursery.cancel_scope.cancel()


async def settle() -> None:
    """Let everything happen that needs no time."""
    await trio.testing.wait_all_tasks_blocked(0.0)
