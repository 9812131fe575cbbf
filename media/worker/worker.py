"""The worker: all routers of a process, and the answers to the bridge's requests. Nothing here waits for anything."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from media.messages import (
    MAX_HEARD,
    Accept,
    Answer,
    Done,
    Event,
    GetMediaStatistics,
    GetStatistics,
    Heard,
    Join,
    Layout,
    Leave,
    MediaStatistics,
    Publish,
    Request,
    Restart,
    Result,
    Simulate,
    WorkerStatistics,
)
from media.serving import mark
from media.worker.codecs import Preference
from media.worker.errors import RequestError
from media.worker.figures import media_statistics
from media.worker.router import Participant, Router
from media.worker.sampling import Lateness
from media.worker.simulations import Simulations
from media.worker.speakers import LOUDEST
from media.worker.tcp import TcpStatistics
from media.worker.transport import TransportFactory
from media.worker.watchdog import StallStatistics

logger = logging.getLogger(__name__)

#: Seconds between two words about who was heard.
HEARD_INTERVAL = 0.5
#: Seconds between two ticks, and where something cannot wait so long.
TICK, HURRIED = 0.1, 0.05
#: Seconds between two ticks at which everything is done, a little less than they are apart.
WHOLE = 0.09
#: Participant ids become words of the SDP.
_ID = re.compile(r"[\w.~-]{1,64}", re.ASCII)


class Worker:
    """Carries out requests; ``emit`` takes what it has to say by itself, ``tcp`` knows of the connections there are.

    ``stalls`` knows what held it up.

    Of each room's microphones the ``loudest`` are forwarded, 0 for all. Without ``simulations`` none is allowed.
    """

    def __init__(
        self,
        factory: TransportFactory,
        emit: Callable[[Event], None],
        tcp: Callable[[], TcpStatistics] = TcpStatistics,
        loudest: int = LOUDEST,
        simulations: Simulations | None = None,
        stalls: Callable[[], StallStatistics] = StallStatistics,
    ) -> None:
        self._factory = factory
        self._emit = emit
        self._tcp = tcp
        self._loudest = loudest
        self._simulations = simulations
        self._stalls = stalls
        self._routers: dict[str, Router] = {}
        self._next_heard = 0.0
        self._next_whole = 0.0
        self._lateness = Lateness(TICK)

    def handle(self, request: Request) -> Result:
        """Carry out a request. Raises RequestError."""
        self._factory.serving[0] = 0 if isinstance(request, GetStatistics) else mark(request.router)
        try:
            return self._carry_out(request, self._factory.clock())
        finally:
            self._factory.serving[0] = 0

    def _carry_out(self, request: Request, now: float) -> Result:
        match request:
            case Join():
                self._join(request)
            case Publish():
                sdp = self._find(request).publish(request.sdp, request.tracks, now)
                return Answer(sdp)
            case Accept():
                self._find(request).accept(request.offer, request.sdp, now)
            case Restart():
                self._find(request).restart(now, fresh=request.fresh)
            case Layout():
                self._find(request).layout(request.sizes, now)
            case Leave():
                self._leave(request)
            case Simulate():
                if self._simulations is None:
                    raise RequestError("not_allowed", "This worker was not started with --allow-simulate.")
                self._simulations.handle(request, self._find(request), now)
            case GetStatistics():
                return self.statistics()
            case GetMediaStatistics():
                return self.media_statistics(request, now)
        return Done()

    def statistics(self) -> WorkerStatistics:
        """Return what lives now, and what has passed through."""
        participants = [p for router in self._routers.values() for p in router.participants.values()]
        counters = self._factory.counters
        tcp, stalls = self._tcp(), self._stalls()
        return WorkerStatistics(
            routers=len(self._routers),
            participants=len(participants),
            transports=self._factory.open,
            producers=sum(len(p.producers) for p in participants),
            consumers=sum(p.subscribe_leg.consumers for p in participants),
            packets_received=counters.packets_received,
            packets_sent=counters.packets_sent,
            packets_dropped=counters.all_dropped,
            octets_received=counters.octets_received,
            octets_sent=counters.octets_sent,
            packets_ahead=self._factory.inlet.statistics().ahead,
            stalls=stalls.number,
            stall_longest=stalls.longest,
            stall_last=stalls.last,
            sends_full=counters.sends_full,
            sends_refused=counters.sends_refused,
            sends_unprotected=counters.sends_unprotected,
            kernel=self._factory.fanout.compiled,
            tcp_proven=tcp.proven,
            tcp_unproven=tcp.connections - tcp.proven,
            tcp_refused=tcp.refused + tcp.timed_out + tcp.broken,
            tcp_packets_dropped=tcp.packets_dropped,
        )

    def media_statistics(self, request: GetMediaStatistics, now: float) -> MediaStatistics:
        """Return what flows in a room."""
        router = self._routers.get(request.router)
        participants = () if router is None else router.participants.values()
        return media_statistics([p for p in participants if request.participant in (None, p.id)], now)

    def tick(self) -> None:
        """Time has passed. To be called every `TICK` seconds or so, or every `HURRIED` while it `hurries`."""
        now = self._factory.clock()
        late = self._lateness.tick(now)
        if self._simulations is not None:
            self._simulations.tick(now)
        whole = now >= self._next_whole
        if whole:
            self._next_whole = now + WHOLE
        for router in self._routers.values():
            if whole:
                router.tick(now, late)
            else:
                router.hurry(now)
        self._factory.serving[0] = 0
        if now >= self._next_heard:
            self._next_heard = now + HEARD_INTERVAL
            self._tell_heard(now)

    @property
    def hurries(self) -> bool:
        """Whether it has something to do before the next tick would be."""
        return any(router.hurries for router in self._routers.values())

    def close(self) -> None:
        """Let go of everybody."""
        if self._simulations is not None:
            self._simulations.close()
        for router in self._routers.values():
            router.close()
        self._routers.clear()

    def _tell_heard(self, now: float) -> None:
        participants = [
            (router.id, participant.id, participant.epoch, round(max(0.0, now - heard), 3))
            for router in self._routers.values()
            for participant in router.participants.values()
            if (heard := participant.take_heard()) is not None
        ]
        for start in range(0, len(participants), MAX_HEARD):
            self._emit(Heard(participants[start : start + MAX_HEARD]))

    def _join(self, request: Join) -> None:
        if not _ID.fullmatch(request.participant):
            raise RequestError("invalid_request", f"{request.participant[:64]!r} cannot be the id of a participant.")
        router = self._routers.get(request.router)
        if router is None:
            preference = Preference.named(request.video_codecs, red=request.audio_red)
            router = Router(request.router, self._factory, self._emit, self._loudest, preference)
            self._routers[request.router] = router
        present = router.participants.get(request.participant)
        if present is None or present.epoch < request.epoch:
            router.join(request.participant, request.epoch, returns=request.returns)
            logger.info("joined %s", router.participants[request.participant].about)
        elif present.epoch > request.epoch:
            raise _unknown(request)

    def _leave(self, request: Leave) -> None:
        router = self._routers.get(request.router)
        participant = router.participants.get(request.participant) if router is not None else None
        if router is None or participant is None or participant.epoch != request.epoch:
            return
        if self._simulations is not None:
            self._simulations.forget(participant)
        router.leave(request.participant)
        if not router.participants:
            del self._routers[request.router]
        logger.info("left %s", participant.about)

    def _find(self, request: Publish | Accept | Restart | Layout | Simulate) -> Participant:
        router = self._routers.get(request.router)
        participant = router.participants.get(request.participant) if router is not None else None
        if participant is None or participant.epoch != request.epoch:
            raise _unknown(request)
        return participant


def _unknown(request: Join | Publish | Accept | Restart | Layout | Simulate) -> RequestError:
    return RequestError(
        "unknown_participant", f"{request.participant!r} with epoch {request.epoch} is not (or no longer) here."
    )
