"""A transport: one leg's ICE and DTLS-SRTP. Its packet path is synchronous from datagram to handler."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from array import array
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from media.messages import LegState
from media.serving import Cell
from media.terms import DtlsState
from media.worker.aiortc_hooks import Certificate, DtlsError, DtlsSession, SrtpError
from media.worker.codecs import Codec
from media.worker.counters import Counters
from media.worker.fanout import Fanout, Outgoing
from media.worker.ice import IceAgent, Path
from media.worker.impaired import ImpairedEndpoint, Takes
from media.worker.inlet import Inlet, Lane, NoInlet, Took
from media.worker.liveness import Liveness
from media.worker.rtp import MalformedPacketError, is_rtcp
from media.worker.sdp import Description
from media.worker.sdp_writer import TransportLines

logger = logging.getLogger(__name__)

#: Streams and RTCP senders that one transport may bring in at a time; libsrtp keeps a context for each.
MAX_SSRCS = 64
#: Seconds that a transport has for its goodbye to the peer.
CLOSE_TIMEOUT = 1.0

#: Starts a task that the worker owns: it is awaited, or cancelled, before the worker ends.
Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class TransportUser(Protocol):
    """A leg, which a transport hands what it receives.

    The handlers return False for a packet that is of no use, and raise MalformedPacketError for one that is none.
    """

    def on_rtp(self, data: bytes, now: float) -> bool: ...
    def on_rtcp(self, data: bytes, now: float) -> bool: ...
    def on_state(self, state: LegState) -> None: ...


class _Nobody:
    """Whose a transport is that was closed."""

    def on_rtp(self, data: bytes, now: float) -> bool:  # noqa: ARG002
        return False

    on_rtcp = on_rtp

    def on_state(self, state: LegState) -> None:
        pass


_NOBODY = _Nobody()


class TransportFactory:
    """What all transports of a worker share: port, certificate, counters, fan-out and the owner of their tasks."""

    def __init__(
        self,
        agent: IceAgent,
        certificate: Certificate,
        counters: Counters,
        candidates: tuple[str, ...],
        spawn: Spawn,
        fanout: Fanout,
        inlet: Inlet | None = None,
    ) -> None:
        self.agent = agent
        self.fanout = fanout
        self.inlet = inlet or NoInlet()
        self.certificate = certificate
        self.counters = counters
        self.candidates = candidates
        self.spawn = spawn
        #: Where it is said whose room is served: see `media.serving`.
        self.serving: Cell = array("Q", [0])
        #: Seconds; all times that are passed around are of this clock.
        self.clock = time.monotonic
        #: Transports that are not closed.
        self.open = 0

    def create(self, user: TransportUser, name: str, room: int = 0) -> Transport:
        """Open a transport: from now on it answers checks.

        ``name`` says whose it is, in pairs, for the log, and ``room`` is the mark of its room: see `media.serving`.
        """
        self.open += 1
        return Transport(self, user, name, room, self.clock())


class Transport:
    """ICE-lite and a DTLS-SRTP association, as its server. Made by `TransportFactory.create`."""

    def __init__(self, factory: TransportFactory, user: TransportUser, name: str, room: int, now: float) -> None:
        self._factory = factory
        self._serving, self._room = factory.serving, room
        self._counters = factory.counters
        self._user = user
        self._name = name
        self._ice = factory.agent.create(self._on_datagram, self._on_check)
        self.fanout = factory.fanout
        #: How what is forwarded to the peer goes out.
        self.route = self.fanout.route()
        self._door = factory.inlet.door(room, self._on_arrived)
        self._ice.on_selected = self._on_selected
        self._send = self._ice.send
        self._dtls = DtlsSession(factory.certificate, self._ice.send, self._on_closed, busy=self._busy)
        self._liveness = Liveness(now)
        self._handshake: asyncio.Task[None] | None = None
        self._ssrcs: set[int] = set()
        #: What came in and was of no use, by reason.
        self.drops: dict[str, int] = {}
        self._closed = False
        self._secure = False
        self._failed = False
        #: When it was opened, and how many datagrams of handshakes came.
        self.opened = now
        self._handshakes = 0
        self.fingerprints: tuple[tuple[str, str], ...] = ()
        self.state: LegState = "connecting"
        #: When something last came in that is surely the peer's: a check, or a packet that could be decrypted.
        self.heard = -math.inf

    @property
    def lines(self) -> TransportLines:
        """What the SDP says of this transport."""
        ufrag, password = self._ice.credentials[-1]
        return TransportLines(ufrag, password, self._factory.certificate.fingerprint, self._factory.candidates)

    @property
    def checks(self) -> tuple[int, int]:
        """How many checks came that were the peer's, and how many only said so."""
        return self._ice.checks, self._ice.refused

    @property
    def path(self) -> Path | None:
        """The way to the peer, once a check has shown one."""
        return self._ice.selected

    @property
    def dtls(self) -> DtlsState:
        """How far encryption is."""
        if self._failed:
            return "failed"
        if self._secure:
            return "secure" if self.is_usable else "closed"
        return "handshaking" if self._handshakes else "waiting"

    @property
    def is_usable(self) -> bool:
        """Whether it may still be, or become, connected."""
        return self._liveness.is_open

    def connect(self, peer: Description) -> None:
        """Check the peer of this SDP, and start the handshake with it, unless that was begun."""
        self._factory.agent.meet(self._ice, (peer.ufrag, peer.password), self._factory.clock())
        if self._handshake is None:
            self.fingerprints = peer.fingerprints
            self._handshake = self._factory.spawn(self._connect(), f"dtls {self._name}")

    def restart_ice(self, now: float) -> None:
        """Make new ICE credentials; DTLS goes on."""
        self._factory.agent.restart(self._ice)
        self._liveness.restarted(now)

    def close(self) -> None:
        """Let go of everything at once; the goodbye to the peer is said by a task of its own."""
        if self._closed:
            return
        self._closed = True
        self._factory.open -= 1
        self._factory.agent.remove(self._ice)
        self.route.close()
        self._door.close()
        self._user = _NOBODY
        if self._handshake is not None:
            self._handshake.cancel()
        self._factory.spawn(self._say_goodbye(), f"close {self._name}")

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._factory.agent.tick(self._ice, now)
        state = self._liveness.state(now)
        if state != self.state and not self._closed:
            self.state = state
            if state == "connected":
                self.route.open()
            else:
                self.route.shut()
            logger.info("transport changed %s state=%s", self._name, state)
            self._user.on_state(state)

    def outgoing(self, payload_type: int, ssrc: int, extensions: bytes) -> Outgoing:
        """Make what is forwarded to the peer under an SSRC: see `media.worker.fanout`."""
        return self.fanout.outgoing(self.route, payload_type, ssrc, extensions)

    def lane(self, ssrc: int, codec: Codec, took: Took) -> Lane:
        """Make the lane of an incoming stream: see `media.worker.inlet`."""
        return self._door.lane(ssrc, codec, took)

    def send_rtp(self, packet: bytes) -> bool:
        """Encrypt and send an RTP packet that is for this peer only, if connected. Returns whether it went out."""
        if self.state != "connected":
            return False
        try:
            protected = self._protect(packet)
        except (SrtpError, ValueError):
            self._counters.sends_unprotected += 1
            return False
        return self._send(protected)

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send an RTCP packet, if connected."""
        if self.state == "connected":
            try:
                self._send(self._protect_rtcp(packet))
            except (SrtpError, ValueError):
                self._counters.sends_unprotected += 1

    def forget(self, ssrc: int) -> None:
        """Drop what is remembered of an incoming stream that is no more."""
        self._door.forget(ssrc)
        if ssrc in self._ssrcs:
            self._ssrcs.discard(ssrc)
            self._dtls.forget(ssrc)

    # ---- made worse on purpose: each returns what puts it right again

    def impair_incoming(self, takes: Takes) -> Callable[[], None]:
        """Have packets come in only if they are let through. Checks and handshakes always do."""

        def gated(data: bytes, now: float) -> None:
            if data[0] < 128 or takes(len(data), now):
                self._on_datagram(data, now)

        def undo() -> None:
            if not self._closed:
                self._ice.on_datagram = self._on_datagram
                self._door.hold(held=False)

        self._ice.on_datagram = gated
        self._door.hold(held=True)
        return undo

    def impair_outgoing(self, takes: Takes) -> Callable[[], None]:
        """Have packets go out only if they are let through. Checks and handshakes always do."""
        ice, route, clock = self._ice, self.route, self._factory.clock

        def proven() -> Path | None:
            return ice.selected if ice.is_proven else None

        def take(path: Path | None) -> None:
            route.take(None if path is None else Path(ImpairedEndpoint(path.endpoint, takes, clock), path.address))
            self._door.take(path)

        def send(data: bytes) -> bool:
            return not takes(len(data), clock()) or ice.send(data)

        def undo() -> None:
            self._send = ice.send
            if not self._closed:
                ice.on_selected = self._on_selected
                route.take(proven())

        self._send, ice.on_selected = send, take
        take(proven())
        return undo

    def stand_in(self, user: TransportUser) -> Callable[[], None]:
        """Have another be handed what is received."""
        before = self._user

        def undo() -> None:
            if not self._closed:
                self._user = before
                self._door.hold(held=False)

        self._user = user
        self._door.hold(held=True)
        return undo

    def _on_datagram(self, data: bytes, now: float) -> None:
        self._serving[0] = self._room
        try:
            if data[0] < 64:
                self._handshakes += 1
                if not self._dtls.feed(data):
                    self._drop("handshake")
            elif not self._secure or not 128 <= data[0] < 192 or len(data) < 12:
                self._drop("unknown")
            else:
                self._receive(data, now)
        finally:
            self._serving[0] = 0

    def _on_arrived(self, packet: bytes | None, now: float) -> None:
        """An RTP packet came in by the door: see `media.worker.inlet`."""
        if packet is None:
            self._drop("not_authentic")
            return
        self._serving[0] = self._room
        try:
            self._take(packet, now, rtcp=False)
        finally:
            self._serving[0] = 0

    def _on_selected(self, path: Path | None) -> None:
        self.route.take(path)
        self._door.take(path)

    def _busy(self, *, busy: bool) -> None:
        """A datagram of the handshake is handled from now on, or no more."""
        self._serving[0] = self._room if busy else 0

    def _drop(self, reason: str) -> None:
        self._counters.packets_dropped += 1
        self.drops[reason] = self.drops.get(reason, 0) + 1

    def _receive(self, data: bytes, now: float) -> None:
        rtcp = is_rtcp(data)
        ssrc = int.from_bytes(data[4:8] if rtcp else data[8:12])
        known = ssrc in self._ssrcs
        if not known and len(self._ssrcs) >= MAX_SSRCS:
            self._drop("too_many_streams")
            return
        try:
            packet = self._unprotect_rtcp(data) if rtcp else self._unprotect(data)
        except (SrtpError, ValueError):  # not of this peer, a replay, or longer than a packet can be
            self._drop("not_authentic")
            return
        if not known:
            self._ssrcs.add(ssrc)
        self._take(packet, now, rtcp=rtcp)

    def _take(self, packet: bytes, now: float, *, rtcp: bool) -> None:
        self.heard = now
        try:
            if not (self._user.on_rtcp(packet, now) if rtcp else self._user.on_rtp(packet, now)):
                self._drop("of_no_use")
        except MalformedPacketError:
            self._drop("malformed")

    def _on_check(self, now: float) -> None:
        self.heard = now
        self._liveness.checked(now)
        if self.state != "connected":
            self.tick(now)

    def _on_closed(self) -> None:
        self._liveness.ended("closed")
        self.tick(self._factory.clock())

    async def _connect(self) -> None:
        try:
            await self._dtls.handshake(self.fingerprints)
        except DtlsError as error:
            logger.info("handshake failed %s error=%r", self._name, str(error))
            self._failed = True
            self._liveness.ended("failed")
        else:
            self._protect, self._protect_rtcp = self._dtls.protectors()
            self._unprotect, self._unprotect_rtcp = self._dtls.unprotectors()
            self._secure = True
            self.route.secure(self._dtls.srtp())
            if not self._closed:
                self._door.secure(self._dtls.incoming())
            self._liveness.secured()
        self.tick(self._factory.clock())

    async def _say_goodbye(self) -> None:
        if self._handshake is not None:
            await asyncio.wait([self._handshake])
            self._handshake = None  # the error it ended with has us in its traceback
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._dtls.aclose()
        except TimeoutError:
            logger.warning("transport did not close in time %s", self._name)
