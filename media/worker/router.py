"""A router: the participants of one room and what flows between them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping

from media.messages import (
    Event,
    Leg,
    LegChanged,
    LegState,
    Offer,
    PauseReason,
    Republish,
    Source,
    TrackInfo,
    VideoPaused,
    VideoResumed,
    Wanted,
)
from media.serving import mark
from media.worker.choice import Decoders
from media.worker.codecs import OPUS, Codec, Preference
from media.worker.conversation import Conversation
from media.worker.errors import RequestError
from media.worker.producer import Producer
from media.worker.publish_leg import PublishLeg, read_offer
from media.worker.sampling import RoomSampler
from media.worker.sdp import MediaLine
from media.worker.subscribe_leg import SubscribeLeg
from media.worker.transport import TransportFactory

#: Seconds in which those whose worker was lost publish to this one. To answer an offer takes a page a while, and the
#: next waits for that; so nobody's first is made of some of them, if the others come soon.
SOON = 0.25

logger = logging.getLogger(__name__)


class Participant:
    """One admission of a person to the room, with its two legs."""

    def __init__(self, router: Router, factory: TransportFactory, id: str, epoch: int) -> None:
        self._router = router
        self._factory = factory
        self.id = id
        self.epoch = epoch
        #: What each line of the log about this participant says.
        self.about = f"router={router.id!r} participant={id} epoch={epoch}"
        self._told = -math.inf
        #: Until when its tracks are waited for.
        self.expected_until = -math.inf
        self.publish_leg: PublishLeg | None = None
        self.subscribe_leg = SubscribeLeg(
            *(factory, self._offered, self._subscribe_state, self._paused, router.preference, self.about, router.mark)
        )

    @property
    def producers(self) -> list[Producer]:
        """Its tracks."""
        return [] if self.publish_leg is None else list(self.publish_leg.producers.values())

    @property
    def decodes(self) -> frozenset[Codec] | None:
        """What pictures its page can decode, as far as that is known: what it has said, or else what it could send."""
        told = self.subscribe_leg.decodes
        return told if told is not None or self.publish_leg is None else self.publish_leg.encodes

    def publish(self, text: str, tracks: dict[str, Source], now: float) -> str:
        """Take an offer and return the answer. Raises RequestError, and then nothing has changed."""
        offer = read_offer(text, tracks)
        decoders = self._router.decoders()

        def choose(line: MediaLine, current: Codec | None) -> Codec | None:
            if line.kind == "audio":
                return OPUS if line.find(OPUS) else None
            return decoders.choose({each.codec for each in line.codecs}, current, self.decodes)

        offered = [line for line in offer.media if not line.rejected]
        refused = [tracks[line.mid] for line in offered if line.mid in tracks and choose(line, None) is None]
        if not any(choose(line, None) for line in offered):
            raise RequestError("bad_sdp", "The SDP is not usable: it has no codec that is forwarded here.")
        if refused:
            logger.warning("refused for its codecs %s sources=%s", self.about, ",".join(refused))
        if self.publish_leg is not None and not self.publish_leg.continues(offer):
            self.publish_leg.close()
            self.publish_leg = None
        if self.publish_leg is None:
            self.publish_leg = PublishLeg(
                self._factory, self.id, offer, self._publish_state, self.about, self._router.mark
            )
            self._say("publish", "connecting")
        answer = self.publish_leg.negotiate(offer, tracks, choose, now, red=self._router.preference.red)
        self._router.reconcile()
        return answer

    def accept(self, number: int, text: str, now: float) -> None:
        """Take an answer. Raises RequestError."""
        try:
            self.subscribe_leg.accept(number, text, now)
        finally:
            self._router.reconcile()

    def restart(self, now: float, *, fresh: bool) -> None:
        """Offer the subscribe leg again: see `SubscribeLeg.restart`."""
        self.subscribe_leg.restart(now, fresh=fresh)
        self._router.reconcile()

    def layout(self, sizes: Mapping[str, int], now: float) -> None:
        """Take how high each tile of the page is: see `SubscribeLeg.layout`."""
        self.subscribe_leg.layout(sizes, now)

    def tell_wanted(self, now: float) -> None:
        """Say which layers of its tracks anybody is sent, where that is news."""
        for producer in self.producers:
            rids = producer.take_wanted(now)
            if rids is not None:
                self._router.emit(Wanted(self._router.id, self.id, self.epoch, producer.mid, rids))

    def ask_for_codecs(self, decoders: Decoders) -> None:
        """Have its pictures published anew where another codec is better for the others, once for each change."""
        changed = False
        for producer in self.producers:
            if producer.codec.kind != "video":
                continue
            best = decoders.choose(producer.offered, producer.codec, self.decodes)
            if best is not None and best not in (producer.codec, producer.asked):
                producer.asked = best
                changed = True
                codecs = f"from={producer.codec.name} to={best.name}"
                logger.info("another codec is needed %s source=%s %s", self.about, producer.source, codecs)
        if changed:
            self._router.emit(Republish(self._router.id, self.id, self.epoch))

    def take_heard(self) -> float | None:
        """Return when something last came in that is surely this participant's, if that is news."""
        heard = self.subscribe_leg.heard
        if self.publish_leg is not None:
            heard = max(heard, self.publish_leg.heard)
        if heard <= self._told:
            return None
        self._told = heard
        return heard

    def close(self) -> None:
        """Close both legs, and let go of them: they hold this participant, and much else."""
        self.subscribe_leg.close()
        if self.publish_leg is not None:
            self.publish_leg.close()
        del self.subscribe_leg, self.publish_leg

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self.publish_leg is not None:
            self.publish_leg.tick(now)
        self.subscribe_leg.tick(now)

    @property
    def hurries(self) -> bool:
        """Whether it has something to do that cannot wait for the next tick."""
        return self.subscribe_leg.hurries or (self.publish_leg is not None and self.publish_leg.hurries)

    def hurry(self, now: float) -> None:
        """Do what cannot wait for the next tick."""
        if self.publish_leg is not None:
            self.publish_leg.hurry(now)
        self.subscribe_leg.hurry(now)

    def _publish_state(self, state: LegState) -> None:
        self._say("publish", state)
        self._router.reconcile()

    def _subscribe_state(self, state: LegState) -> None:
        self._say("subscribe", state)

    def _say(self, leg: Leg, state: LegState) -> None:
        self._router.emit(LegChanged(self._router.id, self.id, self.epoch, leg, state))

    def _paused(self, producer: Producer, reason: PauseReason | None) -> None:
        of, source = producer.participant, producer.source
        if reason is None:
            self._router.emit(VideoResumed(self._router.id, self.id, self.epoch, of, source))
        else:
            # What is not on a page is not worth a line.
            level = logging.INFO if reason == "bandwidth" else logging.DEBUG
            logger.log(level, "video paused %s of=%s source=%s reason=%s", self.about, of, source, reason)
            self._router.emit(VideoPaused(self._router.id, self.id, self.epoch, of, source, reason))

    def _offered(self, number: int, text: str, tracks: dict[str, TrackInfo]) -> None:
        self._router.emit(Offer(self._router.id, self.id, self.epoch, number, text, tracks))


class Router:
    """Everybody in it receives what the others publish; of their microphones, the ``loudest``: see `Speakers`.

    In what codecs is a matter of ``preference`` and of what everyone can decode: see `Decoders`.
    """

    def __init__(
        self,
        id: str,
        factory: TransportFactory,
        emit: Callable[[Event], None],
        loudest: int,
        preference: Preference,
    ) -> None:
        self.id = id
        #: See `media.serving`.
        self.mark = mark(id)
        self.preference = preference
        self.emit = emit
        self._factory = factory
        self.participants: dict[str, Participant] = {}
        self._conversation = Conversation(id, loudest, emit)
        self._sampler = RoomSampler(id, factory.clock(), emit)
        #: Whether somebody's tracks were waited for when it was looked last.
        self._expects = False

    def join(self, id: str, epoch: int, *, returns: bool = False) -> None:
        """Let a participant in. One of the same id and an older epoch is replaced. Who ``returns`` publishes soon."""
        old = self.participants.pop(id, None)
        if old is not None:
            old.close()
        self.participants[id] = participant = Participant(self, self._factory, id, epoch)
        if returns:
            participant.expected_until = self._factory.clock() + SOON
            self._expects = True
        self.reconcile()

    def leave(self, id: str) -> None:
        """Let go of a participant and of its tracks."""
        self.participants.pop(id).close()
        self._conversation.forget(id)
        self.reconcile()

    def close(self) -> None:
        """Let go of everybody."""
        while self.participants:
            self.participants.popitem()[1].close()

    def decoders(self) -> Decoders:
        """Say what the people in the room can decode."""
        known = (participant.decodes for participant in self.participants.values())
        return Decoders(self.preference.video, [codecs for codecs in known if codecs is not None])

    def reconcile(self) -> None:
        """Make everybody's consumers what everybody's producers say they should be."""
        expected = self._expected()
        self._expects = bool(expected)
        for participant in self.participants.values():
            more = any(each is not participant for each in expected)
            participant.subscribe_leg.follow(self._producers_of_others(participant), more=more)
        decoders = self.decoders()
        for participant in self.participants.values():
            participant.ask_for_codecs(decoders)

    @property
    def hurries(self) -> bool:
        """Whether anybody has something to do that cannot wait for the next tick."""
        return any(participant.hurries for participant in self.participants.values())

    def hurry(self, now: float) -> None:
        """Do what cannot wait for the next tick."""
        self._factory.serving[0] = self.mark
        for participant in self.participants.values():
            participant.hurry(now)

    def tick(self, now: float, late: float = 0.0) -> None:
        """Time has passed. ``late`` is by how much the worker was late lately: see `Samples`."""
        self._factory.serving[0] = self.mark
        if self._expects and not self._expected():
            self.reconcile()
        for participant in self.participants.values():
            participant.tick(now)
        self._conversation.tick(self._producers, now)
        self._sampler.tick(self.participants.values(), late, self._factory.counters.sends_full, now)
        for participant in self.participants.values():
            participant.tell_wanted(now)

    def _expected(self) -> list[Participant]:
        """Those whose tracks are waited for."""
        if not self._expects:
            return []
        now = self._factory.clock()
        return [each for each in self.participants.values() if each.publish_leg is None and now < each.expected_until]

    def _producers(self) -> list[Producer]:
        return [producer for participant in self.participants.values() for producer in participant.producers]

    def _producers_of_others(self, participant: Participant) -> Iterator[Producer]:
        for other in self.participants.values():
            if other is not participant:
                yield from other.producers
