"""A room's connections, looked at once a second: what came and went since the last look, and how well.

Nothing is counted per packet for it: it reads what reception, forwarding and liveness keep anyway, and subtracts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

import attrs

from media.samples import MAX_SAMPLES, DownlinkSample, ParticipantSample, Samples, TrackSample, UplinkSample
from media.terms import is_screen
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.publish_leg import PublishLeg
from media.worker.reception import Reception
from media.worker.subscribe_leg import SubscribeLeg
from media.worker.transport import Transport

if TYPE_CHECKING:
    from media.worker.router import Participant

#: Seconds between two looks.
INTERVAL = 1.0
#: Seconds by which the quickest packet is believed to become slower in a second: clocks drift, and ways change.
DRIFT, RELEARN = 0.001, 0.02
#: Seconds of a jump that is none of the network's.
MAX_DELAY = 10.0
#: The most microphones that are named as not sent to someone.
MAX_UNSENT = 30


@attrs.frozen
class _Counts:
    """What had come of a layer at the last look."""

    reception: Reception | None
    expected: int
    received: int
    recovered: int
    packets: int
    octets: int
    picture: int
    #: Seconds that its quickest packet was under way, by clocks that nobody compares.
    quickest: float | None


class Sampler:
    """What was at the last look at one participant's connections."""

    def __init__(self) -> None:
        self._layers: Mapping[Layer, _Counts] = {}
        self._reported = (0, 0)

    def look(self, participant: Participant, now: float) -> ParticipantSample:
        """Return what is new."""
        publish, subscribe = participant.publish_leg, participant.subscribe_leg
        return ParticipantSample(
            participant.id,
            participant.epoch,
            None if publish is None else self._uplink(publish, now),
            None if subscribe.transport is None else self._downlink(subscribe, subscribe.transport, now),
        )

    def _uplink(self, leg: PublishLeg, now: float) -> UplinkSample:
        before, counts = self._layers, dict[Layer, _Counts]()
        tracks = [_track(producer, before, counts, now) for producer in leg.producers.values()]
        self._layers = counts
        return UplinkSample(leg.transport.state, _quiet(leg.transport, now), tracks)

    def _downlink(self, leg: SubscribeLeg, transport: Transport, now: float) -> DownlinkSample:
        reported, self._reported = self._reported, (leg.expected, leg.lost)
        forwarding, downlink = leg.forwarding, leg.forwarding.downlink
        pictures = [s for s in leg.subscriptions if s.producer.codec.kind == "video"]
        since = now - downlink.narrow_at
        return DownlinkSample(
            state=transport.state,
            quiet=_quiet(transport, now),
            bitrate=round(forwarding.sent, 1),
            expected=leg.expected - reported[0],
            lost=leg.lost - reported[1],
            round_trip=None if downlink.round_trip is None else round(downlink.round_trip, 4),
            estimate=forwarding.estimate,
            budget=round(forwarding.takes, 1) if downlink.known else None,
            unhurt=round(max(0.0, since), 3) if since < 1e6 else None,
            pictures=len(pictures),
            paused=sum(s.paused == "bandwidth" for s in pictures),
            lowered=forwarding.lowered,
            unsent=[
                s.producer.participant
                for s in leg.subscriptions
                if s.producer.source == "microphone" and not s.consumer.active
            ][:MAX_UNSENT],
        )


def _quiet(transport: Transport, now: float) -> float | None:
    quiet = now - transport.heard
    return round(max(0.0, quiet), 3) if quiet < 1e6 else None


def _track(
    producer: Producer, before: Mapping[Layer, _Counts], counts: dict[Layer, _Counts], now: float
) -> TrackSample:
    packets = octets = expected = received = recovered = pictures = 0
    jitter, delays = 0.0, list[float]()
    for layer in producer.layers:
        reception = layer.reception
        last = before.get(layer)
        if last is None or last.reception is not reception:
            last = _Counts(reception, 0, 0, 0, 0, 0, layer.picture, None)
        came = layer.packets - last.packets
        delay, quickest = _delay(layer, last.quickest) if came else (None, None)
        counts[layer] = this = _Counts(
            reception,
            0 if reception is None else reception.expected,
            0 if reception is None else reception.received,
            layer.missing.statistics().recovered,
            layer.packets,
            layer.octets,
            layer.picture,
            quickest,
        )
        packets += came
        octets += this.octets - last.octets
        expected += this.expected - last.expected
        received += this.received - last.received
        recovered += this.recovered - last.recovered
        pictures = max(pictures, (this.picture - last.picture) & 0x7F)
        if came:
            jitter = max(jitter, layer.jitter)
        if delay is not None:
            delays.append(delay)
    return TrackSample(
        source=producer.source,
        packets=packets,
        octets=octets,
        expected=max(0, expected),
        lost=min(max(0, expected - received), max(0, expected)),
        recovered=max(0, recovered),
        pictures=pictures,
        jitter=round(jitter, 4),
        delay=round(min(delays, default=0.0), 4),
        level=None if producer.voice is None else producer.voice.take_loudest(),
        wanted=any(consumer.target is not None and consumer.active for consumer in producer.consumers),
        lacking=not is_screen(producer.source) and any(layer.is_lacking(now) for layer in producer.layers),
    )


def _delay(layer: Layer, quickest: float | None) -> tuple[float | None, float | None]:
    """Return by how much the newest packet was under way longer than the quickest, and how long that was."""
    transit = None if layer.reception is None else layer.reception.transit
    if transit is None:
        return None, quickest
    seconds = transit / layer.clock_rate
    if quickest is None or abs(seconds - quickest) > MAX_DELAY:
        return 0.0, seconds
    quickest = min(seconds, quickest + DRIFT + RELEARN * max(0.0, seconds - quickest))
    return seconds - quickest, quickest


class RoomSampler:
    """Looks at everybody of a room, every second, and has it said in parts that are not too long."""

    def __init__(self, router: str, now: float, emit: Callable[[Samples], None]) -> None:
        self._router = router
        self._emit = emit
        self._looked_at = now
        self._samplers: dict[int, Sampler] = {}

    def tick(self, participants: Collection[Participant], late: float, unsent: int, now: float) -> None:
        """Time has passed. ``late`` and ``unsent`` are the worker's: see `Samples`."""
        seconds = now - self._looked_at
        if seconds < INTERVAL:
            return
        self._looked_at = now
        # each admission has its own
        self._samplers = {p.epoch: self._samplers.get(p.epoch) or Sampler() for p in participants}
        samples = [self._samplers[p.epoch].look(p, now) for p in participants]
        for start in range(0, len(samples), MAX_SAMPLES):
            part = samples[start : start + MAX_SAMPLES]
            self._emit(Samples(self._router, round(seconds, 3), round(late, 3), unsent, part))


class Lateness:
    """By how much a tick came too late, at worst, in the last second or two. Times are seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._ticked_at: float | None = None
        self._turned_at = 0.0
        self._worst = [0.0, 0.0]

    def tick(self, now: float) -> float:
        """Take that it ticks now; return the worst."""
        if now - self._turned_at >= 1.0:
            self._turned_at = now
            self._worst = [self._worst[1], 0.0]
        if self._ticked_at is not None:
            self._worst[1] = max(self._worst[1], now - self._ticked_at - self._interval)
        self._ticked_at = now
        return max(self._worst)
