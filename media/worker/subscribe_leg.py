"""The subscribe leg: the worker offers and sends, the page answers."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable, Iterable, Mapping

import attrs

from media.messages import LegState, PauseReason, TrackInfo
from media.terms import is_screen
from media.worker import rtcp, sdp
from media.worker.codecs import Codec, Preference, decodes
from media.worker.consumer import Consumer
from media.worker.errors import RequestError
from media.worker.forwarding import Forwarding
from media.worker.producer import Producer
from media.worker.sdp_writer import write_offer
from media.worker.slots import Slot, Slots
from media.worker.subscription import Subscription
from media.worker.transport import Transport, TransportFactory

logger = logging.getLogger(__name__)


@attrs.frozen
class PendingOffer:
    """What an offer said, until it is answered."""

    number: int
    #: Each with the name it had and what was on it.
    slots: list[tuple[Slot, str, Subscription | None]]


class SubscribeLeg:
    """One subscriber's connection: its transport, and a consumer for each track of the others.

    ``offer`` is called with the number, the SDP and the tracks of each new offer; only one is outstanding at a time.
    ``on_paused`` is told of the producers whose pictures are not sent, and why not: see `Forwarding`. ``preference`` is
    what it may be in, ``room`` the mark of its room: see `media.serving`.
    """

    def __init__(
        self,
        factory: TransportFactory,
        offer: Callable[[int, str, dict[str, TrackInfo]], None],
        on_state: Callable[[LegState], None],
        on_paused: Callable[[Producer, PauseReason | None], None],
        preference: Preference,
        about: str,
        room: int = 0,
    ) -> None:
        self._factory = factory
        self._room = room
        self._name = f"{about} leg=subscribe"
        self._send_offer = offer
        self._state_changed = on_state
        self._transport: Transport | None = None
        self._preference = preference
        self._slots = Slots(preference)
        self._by_ssrc: dict[int, Subscription] = {}
        #: All SSRCs in use, those of repetitions among them.
        self._taken: set[int | None] = set()
        self._session = secrets.randbits(62)
        self._number = secrets.randbits(30)
        self._version = 0
        #: The last offer, if it is not answered.
        self._pending: PendingOffer | None = None
        #: Whether nothing more is offered until it is, and when it was said.
        self._waiting = False
        self._offered_at = 0.0
        self._changed = False
        self._paused = on_paused
        self.forwarding = Forwarding(lambda subscription, reason: on_paused(subscription.producer, reason))
        #: In which codecs the page can decode pictures, once it has said so; those that are in others.
        self.decodes: frozenset[Codec] | None = None
        self._undecodable: dict[int, Producer] = {}
        #: What the page reported in all: packets that should have come, and how many of those sent did not.
        self.expected = self.lost = 0
        #: Whether it was said that no more tracks fit.
        self._full = False

    @property
    def transport(self) -> Transport | None:
        """The connection, if there was anything to offer yet."""
        return self._transport

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """What goes out."""
        return tuple(self._by_ssrc.values())

    @property
    def offered_at(self) -> float | None:
        """When the offer was made that waits for its answer, if one does."""
        return self._offered_at if self._waiting else None

    @property
    def undecodable(self) -> tuple[Producer, ...]:
        """The pictures that are left out, as the page cannot decode them."""
        return tuple(self._undecodable.values())

    @property
    def consumers(self) -> int:
        """How many tracks go out."""
        return len(self._by_ssrc)

    @property
    def heard(self) -> float:
        """When something last came in that is surely the page's."""
        return -math.inf if self._transport is None else self._transport.heard

    def follow(self, producers: Iterable[Producer], *, more: bool = False) -> None:
        """Have a consumer for each of these producers and for no others; tell the page if anything changed.

        If there will be ``more`` in a moment, a page that was offered nothing yet is told then, of all at a time.
        """
        wanted = self._sort_out(producers)
        new = set(wanted)
        successors = {producer.track_id: producer for producer in wanted.values()}
        for slot in self._slots.all:
            if slot.subscription is None:
                continue
            producer = slot.subscription.producer
            new.discard(id(producer))
            if wanted.pop(id(producer), None) is None:
                self._release(slot)
                after = successors.get(producer.track_id)
                if after is not None and after.codec != producer.codec and wanted.pop(id(after), None) is not None:
                    self._subscribe(after, slot)  # the same in another codec, so the page may go on with its track
        # if not all fit, people are better heard than seen, and what they show better seen than they
        for producer in sorted(wanted.values(), key=lambda p: (p.codec.kind, not is_screen(p.source))):
            self._subscribe(producer)
        if new:
            self.forwarding.look(self._by_ssrc.values(), self._factory.clock())
        if self._changed and not self._waiting and not (more and self._version == 0):
            self._offer()

    def accept(self, number: int, text: str, now: float) -> None:
        """Take the page's answer to an offer. Raises RequestError."""
        pending, transport = self._pending, self._transport
        if pending is None or transport is None or pending.number != number:
            raise RequestError("stale_offer", f"Offer {number} is not the one that waits for an answer.")
        # A page that answers badly may try again, and is not left without the offers that come.
        self._waiting = False
        answer = sdp.read(text, len(pending.slots))
        if [line.mid for line in answer.media] != [mid for _, mid, _ in pending.slots]:
            raise RequestError("bad_sdp", "The answer does not have the m-lines of the offer.")
        if transport.fingerprints not in ((), answer.fingerprints):
            raise RequestError("bad_sdp", "The answer is of another connection than the ones before.")
        self._pending = None
        transport.connect(answer)
        for line, (slot, mid, subscription) in zip(answer.media, pending.slots, strict=True):
            if slot.mid != mid:
                continue  # it has begun anew since
            slot.rejected = line.rejected
            if self._slots.is_asking(slot):
                self.decodes = frozenset(each.codec for each in line.codecs if decodes(each.codec, each.parameters))
            if slot.rejected and slot.subscription is not None and slot.subscription is not subscription:
                # Something else came on it meanwhile, which the page has not refused.
                producer = slot.subscription.producer
                self._release(slot)
                self._subscribe(producer, slot)
            elif subscription is None:
                slot.reusable = slot.subscription is None
            elif subscription is slot.subscription:
                found = line.find(subscription.producer.codec)
                agreed = not line.rejected and found is not None and line.direction in ("recvonly", "sendrecv")
                subscription.consumer.takes_redundant = line.red is not None
                subscription.consumer.repair_payload_type = None if found is None else found.repair_payload_type
                subscription.agreement = "accepted" if agreed else "refused"
                if not agreed:
                    subscription.consumer.pause()
                elif not subscription.consumer.active:
                    subscription.consumer.resume()
                    if transport.state == "connected":
                        subscription.consumer.ask_keyframe(now)

    def restart(self, now: float, *, fresh: bool) -> None:
        """Have the next `follow` offer all there is, with new ICE credentials or, if ``fresh``, for a new connection.

        DTLS that has ended cannot go on, so then the connection is a new one in any case. What was offered and not
        answered is overtaken.
        """
        if self._transport is not None:
            if fresh or not self._transport.is_usable:
                self._begin_again()
            else:
                self._transport.restart_ice(now)
        self._pending = None
        self._waiting = False
        # The page waits for an offer, even for one that says the same again.
        self._changed = self._transport is not None

    def close(self) -> None:
        """Let go of everything."""
        for slot in self._slots.all:
            if slot.subscription is not None:
                self._release(slot)
        if self._transport is not None:
            self._transport.close()

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._transport is not None:
            self._transport.tick(now)
            self.forwarding.tick(self._by_ssrc.values(), now)

    @property
    def hurries(self) -> bool:
        """Whether it is being seen if the link takes more: what is sent for that is to be spread evenly."""
        return self._transport is not None and self.forwarding.downlink.padding > 0.0

    def hurry(self, now: float) -> None:
        """Go on to see whether the link takes more, if that is being seen."""
        if self.hurries:
            self.forwarding.tick(self._by_ssrc.values(), now)

    def on_rtp(self, data: bytes, now: float) -> bool:  # noqa: ARG002
        """Refuse RTP, which nobody sends here."""
        return False

    def on_rtcp(self, data: bytes, now: float) -> bool:
        """Take a decrypted RTCP compound packet."""
        for packet in rtcp.walk(data):
            for ssrc in rtcp.read_keyframe_requests(packet):
                if (subscription := self._by_ssrc.get(ssrc)) is not None:
                    subscription.consumer.plis += 1
                    subscription.consumer.ask_keyframe(now)
            if packet.type in (rtcp.SENDER_REPORT, rtcp.RECEIVER_REPORT):
                self._take_report(packet, now)
            estimate = rtcp.read_estimate(packet)
            if estimate is not None:
                self.forwarding.on_estimate(estimate, self._by_ssrc.values(), now)
            nack = rtcp.read_nack(packet)
            if nack is not None and (subscription := self._by_ssrc.get(nack[0])) is not None:
                subscription.consumer.on_nack(nack[1], now)
        return True

    def layout(self, sizes: Mapping[str, int], now: float) -> None:
        """Take how high the tile of each participant is on the page, in pixels; who is not among them has none."""
        self.forwarding.sizes = sizes
        self.forwarding.look(self._by_ssrc.values(), now)

    def on_state(self, state: LegState) -> None:
        """The transport changed its state."""
        if state == "connected":
            for subscription in self._by_ssrc.values():
                if subscription.consumer.active:
                    subscription.consumer.resume()
                    subscription.consumer.ask_keyframe(self._factory.clock())
        self._state_changed(state)

    def _take_report(self, packet: rtcp.RtcpPacket, now: float) -> None:
        downlink = self.forwarding.downlink
        #: Lost and expected, since the last report: what is of a while may be of another time than the rest.
        found: dict[float, tuple[int, int]] = {}
        for block in rtcp.read_report_blocks(packet):
            if (subscription := self._by_ssrc.get(block.ssrc)) is None:
                continue
            consumer = subscription.consumer
            reported = consumer.reported
            before = reported.round_trip
            since = now if reported.since is None else reported.since
            lost, expected = consumer.on_report_block(block, now)
            if reported.round_trip is not None and reported.round_trip != before:
                downlink.on_round_trip(reported.round_trip, now - reported.measured_from)
            of = found.get(since, (0, 0))
            found[since] = of[0] + lost, of[1] + expected
            self.lost += lost
            self.expected += expected
        for since, (lost, expected) in found.items():
            downlink.on_loss(lost, expected, now - since)

    def _begin_again(self) -> None:
        """Let go of the connection and of all that was negotiated for it; offer numbers go on."""
        self.close()
        self._transport = None
        self._slots = Slots(self._preference)
        self._session = secrets.randbits(62)
        self._version = 0
        self._full = False

    def _sort_out(self, producers: Iterable[Producer]) -> dict[int, Producer]:
        """Leave out pictures that the page is known to be unable to decode, and say of which that is so, or no more."""
        wanted: dict[int, Producer] = {}
        undecodable: dict[int, Producer] = {}
        for producer in producers:
            seen = producer.codec.kind == "audio" or self.decodes is None or producer.codec in self.decodes
            (wanted if seen else undecodable)[id(producer)] = producer
        before, self._undecodable = self._undecodable, undecodable
        for key, producer in before.items():
            if key not in undecodable:
                self._paused(producer, None)
        for key, producer in undecodable.items():
            if key not in before:
                self._paused(producer, "codec")
        return wanted

    def _subscribe(self, producer: Producer, slot: Slot | None = None) -> None:
        if self._transport is None:
            self._transport = self._factory.create(self, self._name, self._room)
            self._state_changed("connecting")
        slot = self._slots.place(producer, slot)
        if slot is None:
            if not self._full:
                logger.warning("subscriber is full %s left_out=%s", self._name, producer.track_id)
            self._full = True
            return
        ssrc = self._new_ssrc()
        repair_ssrc = None if producer.codec.repair_payload_type is None else self._new_ssrc()
        consumer = Consumer(
            *(self._transport, producer.codec, ssrc, slot.mid, producer.participant), repair_ssrc=repair_ssrc
        )
        slot.subscription = self._by_ssrc[ssrc] = Subscription(producer, consumer)
        producer.add(consumer)
        self._changed = True

    def _new_ssrc(self) -> int:
        while True:
            ssrc = secrets.randbits(31) + 1
            if ssrc not in self._taken:
                self._taken.add(ssrc)
                return ssrc

    def _release(self, slot: Slot) -> None:
        subscription = slot.subscription
        assert subscription is not None
        slot.subscription = None
        subscription.producer.remove(subscription.consumer)
        self.forwarding.forget(subscription)
        del self._by_ssrc[subscription.consumer.ssrc]
        self._taken -= {subscription.consumer.ssrc, subscription.consumer.repair_ssrc}
        self._changed = True

    def _offer(self) -> None:
        assert self._transport is not None
        self._changed = False
        self._waiting = True
        self._offered_at = self._factory.clock()
        self._number += 1
        self._version += 1
        self._pending = PendingOffer(self._number, [(slot, slot.mid, slot.subscription) for slot in self._slots.all])
        tracks = {
            slot.mid: TrackInfo(slot.subscription.producer.participant, slot.subscription.producer.source)
            for slot in self._slots.all
            if slot.subscription is not None and not slot.rejected
        }
        lines = [slot.line for slot in self._slots.all]
        self._send_offer(self._number, write_offer(self._session, self._version, self._transport.lines, lines), tracks)
