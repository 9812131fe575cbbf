"""Our media worker, by its control connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import attrs

from benchmarks.media.contender import Contender, Wrong
from benchmarks.media.load import Load
from benchmarks.media.place import SERVER
from benchmarks.media.publisher import AUDIO, VIDEO, Publisher
from media.messages import Accept, Answer, Publish, structure_result
from tests.media.worker.harness import RunningWorker, ready_worker

_ROOM = "benchmark"
_PATIENCE = 20.0
#: Every microphone is forwarded, as elsewhere.
_ALL = ("--loudest", "0")


@attrs.define(eq=False)
class OurRoom:
    """A room in a worker."""

    pid: int
    _worker: RunningWorker
    _present: set[str] = attrs.field(factory=set)

    async def publish(self, peer: Publisher) -> None:
        await self._come(peer.name)
        request = Publish(_ROOM, peer.name, 1, peer.offer(), {AUDIO: "microphone", VIDEO: "camera"})
        frame = await self._worker.ask(request)
        await peer.connect(structure_result(frame.result, Answer).sdp)
        await self._worker.leg(peer.name, "publish", "connected", _PATIENCE)

    async def subscribe(self, load: Load, name: str, publishers: int) -> None:
        await self._come(name)
        peer = load.subscriber(name)
        while True:
            offer = await self._worker.offer(name, _PATIENCE)
            await self._worker.ask(Accept(_ROOM, name, 1, offer.offer, peer.answer(offer.sdp)))
            if not peer.connected:
                await peer.connect(offer.sdp)
            if len(offer.tracks) == 2 * publishers:
                return
            if len(offer.tracks) > 2 * publishers:
                raise Wrong(f"{name} is offered {len(offer.tracks)} tracks of {publishers} people")

    async def _come(self, name: str) -> None:
        if name not in self._present:
            self._present.add(name)
            await self._worker.join(name, router=_ROOM)


@asynccontextmanager
async def _running(enter: tuple[str, ...], *options: str) -> AsyncGenerator[OurRoom, None]:
    arguments = ["--port", "0", "--address", SERVER, "--log-level", "warning", *options]
    async with ready_worker(*arguments, enter=enter) as worker:
        yield OurRoom(worker.process.pid, worker)


def _in_python(enter: tuple[str, ...]) -> AbstractAsyncContextManager[OurRoom]:
    return _running(enter, "--no-kernel", *_ALL)


def _compiled(enter: tuple[str, ...]) -> AbstractAsyncContextManager[OurRoom]:
    return _running(enter, *_ALL)


OURS = Contender("Chatroom", _compiled)
#: Where there is no compiler.
OURS_IN_PYTHON = Contender("Chatroom in Python", _in_python)
