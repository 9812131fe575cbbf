"""A worker process with its control connection, for tests."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed

from media.messages import (
    Accept,
    Answer,
    ErrorFrame,
    Event,
    GetStatistics,
    Join,
    LegChanged,
    Offer,
    Publish,
    Ready,
    Request,
    ResultFrame,
    Source,
    WorkerStatistics,
    decode_reply,
    encode_request,
    structure_result,
)
from tests.media.worker.peer import Peer, Protocol

SOURCES: dict[str, Source] = {"audio": "microphone", "video": "camera"}


class RefusedError(Exception):
    """The worker answered with an error."""

    def __init__(self, frame: ErrorFrame) -> None:
        super().__init__(f"{frame.code}: {frame.message}")
        self.code = frame.code


@attrs.define(eq=False)
class RunningWorker:
    """The bridge's end of a worker."""

    process: asyncio.subprocess.Process
    control: ClientConnection
    events: list[Event] = attrs.field(factory=list)
    _replies: dict[int, asyncio.Future[ResultFrame | ErrorFrame]] = attrs.field(factory=dict)
    _changed: asyncio.Event = attrs.field(factory=asyncio.Event)
    _peers: list[Peer] = attrs.field(factory=list)
    _next: int = 1
    #: Where new peers look for the worker, and by what.
    host: str = "127.0.0.1"
    protocol: Protocol = "udp"
    #: Where browsers reach it, once it is ready.
    port: int = 0

    async def new_peer(self, name: str = "peer") -> Peer:
        """Make a peer that is closed with the worker."""
        peer = await Peer.create(name, self.host, self.protocol)
        self._peers.append(peer)
        return peer

    async def ask(self, request: Request) -> ResultFrame:
        """Send a request and wait for its reply. Raises RefusedError."""
        number, self._next = self._next, self._next + 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await self.control.send(encode_request(number, request))
        async with asyncio.timeout(5):
            frame: ResultFrame | ErrorFrame = await reply
        if isinstance(frame, ErrorFrame):
            raise RefusedError(frame)
        return frame

    async def event(self, fits: Callable[[Event], bool], timeout: float = 5) -> Event:
        """Take the first event that fits out of those that came, or wait for it."""
        async with asyncio.timeout(timeout):
            while True:
                for event in self.events:
                    if fits(event):
                        self.events.remove(event)
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def offer(self, participant: str, timeout: float = 5) -> Offer:
        event = await self.event(lambda e: isinstance(e, Offer) and e.participant == participant, timeout)
        assert isinstance(event, Offer)
        return event

    async def leg(self, participant: str, leg: str, state: str, timeout: float = 5) -> None:
        await self.event(
            lambda e: isinstance(e, LegChanged) and (e.participant, e.leg, e.state) == (participant, leg, state),
            timeout,
        )

    async def statistics(self) -> WorkerStatistics:
        return structure_result((await self.ask(GetStatistics())).result, WorkerStatistics)

    async def join(self, participant: str, epoch: int = 1, router: str = "room") -> None:
        await self.ask(Join(router, participant, epoch))

    async def publish(
        self, peer: Peer, participant: str, tracks: dict[str, str], epoch: int = 1, router: str = "room"
    ) -> str:
        """Publish what ``tracks`` (mid → kind) says; return the answer."""
        named = {mid: SOURCES[kind] for mid, kind in tracks.items() if kind in SOURCES}
        frame = await self.ask(Publish(router, participant, epoch, peer.offer(tracks), named))
        return structure_result(frame.result, Answer).sdp

    async def publisher(self, participant: str, tracks: dict[str, str], router: str = "room") -> Peer:
        """Join and publish, until connected."""
        await self.join(participant, router=router)
        peer = await self.new_peer(participant)
        await peer.connect(await self.publish(peer, participant, tracks, router=router))
        await self.leg(participant, "publish", "connected")
        return peer

    async def subscriber(self, participant: str, router: str = "room") -> tuple[Peer, Offer]:
        """Take the first offer of somebody who has joined, until connected."""
        peer = await self.new_peer(participant)
        offer = await self.offer(participant)
        await self.accept(peer, offer)
        await peer.connect(offer.sdp)
        await self.leg(participant, "subscribe", "connected")
        return peer, offer

    async def accept(self, peer: Peer, offer: Offer) -> None:
        await self.ask(Accept(offer.router, offer.participant, offer.epoch, offer.offer, peer.answer(offer.sdp)))

    async def read(self) -> None:
        try:
            async for frame in self.control:
                reply = decode_reply(frame)
                if isinstance(reply, ResultFrame | ErrorFrame):
                    waiting = self._replies.pop(reply.id, None)
                    if waiting is not None:
                        waiting.set_result(reply)
                else:
                    self.events.append(reply)
                    self._changed.set()
        except ConnectionClosed:
            pass


async def spawn(
    *arguments: str, enter: Sequence[str] = (), module: str = "media.worker"
) -> tuple[asyncio.subprocess.Process, str, TemporaryDirectory[str]]:
    """Start a worker that listens on an inherited socket; return it with the socket's path.

    ``enter`` is what its command begins with, to run in another network.
    """
    folder = TemporaryDirectory(prefix="worker-")
    path = str(Path(folder.name) / "control")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        descriptor = listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *enter,
            sys.executable,
            "-m",
            module,
            "--control-fd",
            str(descriptor),
            *arguments,
            pass_fds=[descriptor],
        )
    return process, path, folder


@asynccontextmanager
async def connected_worker(
    *arguments: str, enter: Sequence[str] = (), module: str = "media.worker"
) -> AsyncIterator[RunningWorker]:
    """Start a worker and connect to it; at the end, close the connection and expect it to exit."""
    process, path, folder = await spawn(*arguments, enter=enter, module=module)
    with folder:
        try:
            async with unix_connect(path, compression=None, max_size=1 << 20) as control:
                worker = RunningWorker(process, control)
                reader = asyncio.create_task(worker.read())
                try:
                    yield worker
                finally:
                    for peer in worker._peers:
                        await peer.close()
            await reader
            async with asyncio.timeout(5):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def ready_worker(
    *arguments: str, enter: Sequence[str] = (), module: str = "media.worker"
) -> AsyncIterator[RunningWorker]:
    """A worker on a port of its own on loopback, or as ``arguments`` say, that is ready."""
    arguments = arguments or ("--port", "0", "--address", "127.0.0.1")
    async with connected_worker(*arguments, enter=enter, module=module) as worker:
        ready = await worker.event(lambda e: isinstance(e, Ready), timeout=10)
        assert isinstance(ready, Ready)
        worker.port = ready.port
        yield worker
