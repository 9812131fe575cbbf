"""A worker without a process, a network and a clock of its own, and peers that reach it by function calls."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref
from array import array
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import attrs

from media.messages import (
    Accept,
    Answer,
    Event,
    Join,
    LegChanged,
    LegState,
    Offer,
    Publish,
    Restart,
)
from media.worker.addresses import candidates
from media.worker.aiortc_hooks import Certificate, SrtpError
from media.worker.consumer import Consumer
from media.worker.counters import Counters
from media.worker.errors import RequestError
from media.worker.fanout import Fanout, PureFanout
from media.worker.ice import Address, IceAgent, IceTransport
from media.worker.inlet import Inlet, NoInlet
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.inlet import KernelDoor, KernelInlet, KernelLane
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.publish_leg import PublishLeg
from media.worker.router import Participant, Router
from media.worker.speakers import LOUDEST
from media.worker.subscribe_leg import SubscribeLeg
from media.worker.transport import Transport, TransportFactory, TransportUser
from media.worker.worker import Worker
from tests.media.worker.harness import SOURCES
from tests.media.worker.kernel import kernel
from tests.media.worker.peer import Peer

#: The time at which everything begins.
BEGIN = 100.0


class _Factory(TransportFactory):
    """What remembers the DTLS sessions of its transports, which they alone may hold."""

    sessions: weakref.WeakSet[object]

    def create(self, user: TransportUser, name: str, room: int = 0) -> Transport:
        transport = super().create(user, name, room)
        self.sessions.update((transport._dtls, transport._dtls._dtls))
        return transport


class MemoryWorker:
    """A worker at the time ``now``. What it says is in ``events``, its unfinished tasks are in ``tasks``."""

    is_stream = False

    def __init__(self, loudest: int = LOUDEST, *, compiled: bool = False) -> None:
        self.now = BEGIN
        self.events: list[Event] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.counters = Counters()
        self.agent = IceAgent(self.counters)
        self._peers: dict[Address, Peer] = {}
        fanout: Fanout = PureFanout(self.counters)
        inlet: Inlet = NoInlet()
        if compiled:
            fanout = compiled_fanout = KernelFanout(kernel(), self.counters)
            inlet = KernelInlet(kernel(), compiled_fanout, self.counters, array("Q", [0]), -1)
        self.factory = _Factory(
            self.agent,
            Certificate(),
            self.counters,
            candidates([("127.0.0.1", 4000)]),
            self._spawn,
            fanout,
            inlet,
        )
        self.factory.clock = lambda: self.now
        self.factory.sessions = weakref.WeakSet()
        self.worker = Worker(self.factory, self.events.append, loudest=loudest)

    def peer(self, name: str) -> Peer:
        """Make a peer with an address of its own."""
        peer = Peer(name)
        self.move(peer, ("192.0.2.1", 1000 + len(self._peers)))
        return peer

    def move(self, peer: Peer, address: Address) -> None:
        """Have a peer at this address from now on, and not where it was."""
        self._peers = {known: other for known, other in self._peers.items() if other is not peer}
        self._peers[address] = peer
        peer.connection_made(cast("asyncio.BaseTransport", Wire(lambda data: self.receive(data, address))))

    @property
    def peers(self) -> list[Peer]:
        """Those that were made."""
        return list(self._peers.values())

    def receive(self, data: bytes, address: Address = ("192.0.2.99", 1)) -> None:
        """Have a datagram come in from an address."""
        self.agent.receive(data, self, address, self.now)

    def send(self, data: bytes, address: Address) -> bool:
        """Be the socket of the worker."""
        if address in self._peers:
            with suppress(SrtpError):  # one that it has already, asked for again
                self._peers[address].datagram_received(data, address)
        return True

    def hold(self, peer: Peer) -> Callable[[], None]:
        """Keep what a peer sends from now on; what is returned has it all come in."""
        held: list[bytes] = []
        wire = cast("Wire", peer._transport)
        receive, wire.send = wire.send, held.append

        def deliver() -> None:
            for data in held:
                receive(data)

        return deliver

    # ---- what the bridge does

    def join(self, participant: str, epoch: int = 1) -> None:
        self.worker.handle(Join("room", participant, epoch))

    def publish(self, participant: str, offer: str, tracks: dict[str, str]) -> str:
        result = self.worker.handle(
            Publish("room", participant, 1, offer, {mid: SOURCES[kind] for mid, kind in tracks.items()})
        )
        assert isinstance(result, Answer)
        return result.sdp

    def accept(self, offer: Offer, sdp: str) -> None:
        self.worker.handle(Accept(offer.router, offer.participant, offer.epoch, offer.offer, sdp))

    def restart(self, participant: str, *, fresh: bool, epoch: int = 1) -> None:
        self.worker.handle(Restart("room", participant, epoch, fresh))

    # ---- what has happened

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass."""
        self.now += seconds
        self.worker.tick()

    def offers(self, participant: str) -> list[Offer]:
        """Take all offers for a participant."""
        taken = [event for event in self.events if isinstance(event, Offer) and event.participant == participant]
        self.events[:] = [event for event in self.events if event not in taken]
        return taken

    def offer(self, participant: str) -> Offer:
        """Take the only offer for a participant."""
        (offer,) = self.offers(participant)
        return offer

    def states(self, participant: str, leg: str) -> list[LegState]:
        """Return what was said about a leg."""
        return [
            event.state
            for event in self.events
            if isinstance(event, LegChanged) and (event.participant, event.leg) == (participant, leg)
        ]

    async def connect(self, peer: Peer, sdp: str) -> None:
        """Check once, and complete the handshake."""
        peer.remote(sdp)
        peer.send_check()
        await peer.shake_hands()
        await self.settle()

    async def publisher(self, participant: str, tracks: dict[str, str]) -> Peer:
        """Join and publish, until connected."""
        self.join(participant)
        peer = self.peer(participant)
        await self.connect(peer, self.publish(participant, peer.offer(tracks), tracks))
        assert self.states(participant, "publish")[-1] == "connected"
        return peer

    async def subscriber(self, participant: str) -> tuple[Peer, Offer]:
        """Join and take the first offer, until connected."""
        self.join(participant)
        peer = self.peer(participant)
        offer = self.offer(participant)
        self.accept(offer, peer.answer(offer.sdp))
        await self.connect(peer, offer.sdp)
        assert self.states(participant, "subscribe")[-1] == "connected"
        return peer, offer

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        for _ in range(20):
            await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        task.add_done_callback(lambda _: work.close())
        return task


class Wire:
    """What a peer takes for its UDP socket."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def sendto(self, data: bytes, _: Address) -> None:
        self.send(data)

    def close(self) -> None:
        pass


Scenario = Callable[[MemoryWorker], Coroutine[Any, Any, None]]


#: What a participant is made of; a transport holds OpenSSL's and libsrtp's memory, which no collector sees.
MADE = (
    *(Router, Participant, PublishLeg, SubscribeLeg, Transport, IceTransport, Producer, Layer, Consumer),
    *(KernelDoor, KernelLane),
)


def play(scenario: Scenario, loudest: int = LOUDEST, *, compiled: bool = False) -> None:
    """Run a scenario, and see that nothing is left of it when all are gone: not even for the garbage collector."""

    async def main() -> None:
        worker = MemoryWorker(loudest, compiled=compiled)
        await scenario(worker)
        worker.worker.close()
        await worker.settle()
        assert worker.tasks == set()
        assert worker.factory.open == 0
        assert worker.agent.size == (0, 0)
        assert [each for each in gc.get_objects() if type(each) in MADE] == []
        assert set(worker.factory.sessions) == set()

    gc.collect()
    gc.disable()
    try:
        asyncio.run(main())
    finally:
        gc.enable()


@attrs.frozen
class refused:  # noqa: N801 - used as a function is
    """Expect a refusal. No generator: from Python 3.12 on that keeps the error alive, and what its traceback holds."""

    code: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if isinstance(error, RequestError):
            assert error.code == self.code
            return True
        assert error is not None, f"nothing was refused with {self.code}"
        return False


def said(sdp: str, name: str) -> list[str]:
    """Return the different values that the lines of an SDP have for an attribute."""
    return list(dict.fromkeys(re.findall(rf"a={name}:(\S+)", sdp)))


def origin(sdp: str) -> tuple[int, int]:
    """Return the number and the version of an SDP session."""
    match = re.search(r"o=- (\d+) (\d+) ", sdp)
    assert match
    return int(match[1]), int(match[2])
