"""The m-lines of a subscribe leg: each carries one track at a time, and never goes away (RFC 8829, section 5.2.2)."""

from __future__ import annotations

import attrs

from media.worker.codecs import CODECS, RED, Codec, Kind, Preference, written
from media.worker.producer import Producer
from media.worker.sdp_writer import OfferedLine, OfferedTrack
from media.worker.subscription import Subscription

#: The most m-lines, so that an answer stays below the limit of an SDP; a browser writes some 600 characters for each.
MAX_SLOTS = 72


@attrs.define(eq=False)
class Slot:
    """An m-line."""

    mid: str
    kind: Kind
    #: What the page was offered on it last, that of its track first.
    codecs: tuple[Codec, ...]
    subscription: Subscription | None = None
    #: The page knows that it is inactive, so another track may take it.
    reusable: bool = False
    #: The page has refused it for good, so it can only be begun anew, by another name.
    rejected: bool = False

    @property
    def line(self) -> OfferedLine:
        """The line as it is offered now."""
        return OfferedLine(self.mid, self.kind, self.codecs, self._track, self.rejected)

    @property
    def _track(self) -> OfferedTrack | None:
        if self.subscription is None or self.rejected:
            return None
        producer, consumer = self.subscription.producer, self.subscription.consumer
        return OfferedTrack(
            *(producer.participant, producer.track_id, _stream(producer)), consumer.ssrc, consumer.repair_ssrc
        )


class Slots:
    """All m-lines of one connection.

    The first one for pictures offers everything there is, in the order of ``preference``, after what its track is in:
    by the answer to it all is known of the page that must be. The others offer what their tracks are in, or the
    answers would be too long.
    """

    def __init__(self, preference: Preference) -> None:
        self._preference = preference
        self.all: list[Slot] = []
        self._names = 0

    def is_asking(self, slot: Slot) -> bool:
        """Whether it is the one that offers everything."""
        return slot is next((each for each in self.all if each.kind == "video"), None)

    def place(self, producer: Producer, slot: Slot | None = None) -> Slot | None:
        """Return the line for a track: ``slot``, or a free one, or a new one; None if there are too many."""
        kind = producer.codec.kind
        free = [each for each in self.all if each.kind == kind and (each.reusable or each.rejected)]
        slot = slot or next((each for each in free if each.subscription is None), None)
        if slot is not None and slot.rejected:
            slot.mid, slot.rejected = self._name(), False
        if slot is None:
            if len(self.all) >= MAX_SLOTS:
                return None
            slot = Slot(self._name(), kind, CODECS[kind])
            self.all.append(slot)
        slot.reusable = False
        own = written(producer.codec, producer.source)
        others: list[Codec] = []
        if self.is_asking(slot):
            others = [codec for codec in self._preference.video if codec != producer.codec]
        elif producer.source == "microphone" and self._preference.red:
            others = [RED]
        slot.codecs = (own, *others)
        return slot

    def _name(self) -> str:
        self._names += 1
        return str(self._names - 1)


def _stream(producer: Producer) -> str:
    """Return what is in step with a track: a voice with its face, a screen with its sound."""
    number = producer.source.partition(":")[2]
    return f"{producer.participant}-screen-{number}" if number else producer.participant
