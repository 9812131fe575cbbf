"""The audience of a layer: the consumers that forward it, those that wait for it, and what all of them admit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from media.worker.codecs import OPUS
from media.worker.fanout import Fanout, Outgoing
from media.worker.inlet import NO_LANE, Lane
from media.worker.picture import HIGHEST, Picture
from media.worker.red import primary, relabel, wrap
from media.worker.rtp import RtpPacket

if TYPE_CHECKING:
    from media.worker.consumer import Consumer
    from media.worker.layer import Layer


class Audience:
    """What a layer's packets go out to. ``lane`` is disarmed whenever that changes: see `media.worker.inlet`."""

    __slots__ = ("_alike", "_is_settled", "_rises", "_takers", "_up_to", "consumers", "lane", "waiting")

    def __init__(self) -> None:
        #: Those that forward the layer, and those that will from where that makes sense.
        self.consumers: tuple[Consumer, ...] = ()
        self.waiting: tuple[Consumer, ...] = ()
        #: By which the kernel forwards what comes in order.
        self.lane: Lane = NO_LANE
        #: Whether the following is known: see `_settle`.
        self._is_settled = False
        self._alike: list[Outgoing] = []
        self._takers = 0
        self._up_to = -1
        self._rises = False

    def wait(self, consumer: Consumer) -> None:
        """Forward to this consumer, too, from the next packet from which that makes sense."""
        if consumer not in self.waiting:
            self.waiting = (*self.waiting, consumer)
            self.unsettle()

    def stop_waiting(self, consumer: Consumer) -> None:
        """Do not begin to forward to this consumer."""
        self.waiting = tuple(other for other in self.waiting if other is not consumer)

    def stop(self, consumer: Consumer) -> None:
        """Forward to this consumer no more."""
        self.consumers = tuple(other for other in self.consumers if other is not consumer)
        self.unsettle()

    def begin_anew(self, layer: Layer) -> None:
        """What the layer is of is another stream from now on: everyone waits for that, and it has another lane."""
        for consumer in self.consumers:
            consumer.stop()
        self.waiting += tuple(consumer for consumer in self.consumers if consumer.target is layer)
        self.consumers = ()
        self.unsettle()
        self.lane = NO_LANE

    def start(self, layer: Layer, packet: RtpPacket, sequence: int, picture: Picture | None, now: float) -> None:
        """Forward to those that wait, too, from this packet on."""
        waiting, self.waiting = self.waiting, ()
        for consumer in waiting:
            consumer.start(layer, sequence, packet.timestamp, picture, now)
        self.consumers += waiting
        self.unsettle()

    def unsettle(self) -> None:
        """What a consumer admits is going to change, or has changed."""
        self._is_settled = False
        self.lane.disarm()

    def arm(self, payload_type: int, sequence: int, *, pictures: bool) -> None:
        """Have the kernel forward what comes next, if it has this number and everyone takes it."""
        if not self.waiting:
            self._settle()
            if self._up_to >= 0 or not pictures:
                self.lane.arm(payload_type, sequence & 0xFFFF, self._alike, max(0, self._up_to), self._takers)

    def receivers(
        self, packet: RtpPacket, sequence: int, tail: bytes, picture: Picture | None, *, newest: bool
    ) -> list[Outgoing]:
        """Return to whom a packet goes out together; ``newest`` says that it came in order, or before others did."""
        self._settle()
        if newest and (picture is None or (picture.layer <= self._up_to and not self._may_rise(picture))):
            return self._alike
        return [each.outgoing for each in self.consumers if each.admits(packet, sequence, tail, picture)]

    def _may_rise(self, picture: Picture) -> bool:
        """Whether a consumer may take more temporal layers from this picture on. In VP8 that is told by higher ones."""
        return self._rises and (picture.keyframe or picture.up)

    def forward_redundant(
        self, packet: RtpPacket, sequence: int, shared: bytes, fanout: Fanout, red: int | None
    ) -> None:
        """Forward sound that may be redundant: as that to those who take it so, and to others its own block."""
        payload = packet.data[packet.payload_at :]
        if not packet.has_media:  # a probe: nothing but padding, which is no block
            _forward(packet, sequence, shared + payload, self.consumers, fanout)
            return
        is_red = packet.payload_type == red
        begin = primary(payload, 0) if is_red else 0
        if begin is None:
            return
        takers = [consumer for consumer in self.consumers if consumer.redundant]
        if takers:
            number = OPUS.payload_type
            whole = relabel(payload, number) if is_red else wrap(payload, number)
            _forward(packet, sequence, shared + (whole or b""), takers, fanout)
        others = [consumer for consumer in self.consumers if not consumer.redundant]
        if others:
            plain = RtpPacket(packet.data[: packet.payload_at] + payload[begin:]) if is_red else packet
            _forward(plain, sequence, shared + payload[begin:], others, fanout)

    def _settle(self) -> None:
        """See up to which temporal layer all consumers admit whatever comes in order: they need not be asked then."""
        if self._is_settled:
            return
        self._is_settled = True
        takers = [consumer.outgoing for consumer in self.consumers if consumer.redundant]
        self._alike = takers + [consumer.outgoing for consumer in self.consumers if not consumer.redundant]
        self._takers = len(takers)
        self._up_to = min(
            (consumer.temporal if consumer.temporal <= consumer.temporal_target else -1 for consumer in self.consumers),
            default=HIGHEST,
        )
        self._rises = any(consumer.temporal < consumer.temporal_target for consumer in self.consumers)


def _forward(packet: RtpPacket, sequence: int, tail: bytes, consumers: Iterable[Consumer], fanout: Fanout) -> None:
    receivers = [each.outgoing for each in consumers if each.admits(packet, sequence, tail, None)]
    if receivers:
        fanout.forward(packet, tail, receivers, None)
