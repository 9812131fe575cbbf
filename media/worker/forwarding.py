"""What one subscriber is forwarded: the layer of each picture that its screen has room for and its link takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping

from media.messages import PauseReason
from media.terms import is_screen
from media.worker.allocator import Allocator, Option, Want
from media.worker.consumer import ALL
from media.worker.downlink import Downlink
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.rate import RateMeter
from media.worker.subscription import Subscription

#: Seconds between two looks.
INTERVAL = 0.2
#: Bits a second that a layer is thought to cost while nothing is known of it, and how many times the next one.
UNKNOWN, STEP = 150_000.0, 3.3
#: The share of its lines with which a picture looks as good in a tile.
ENOUGH = 0.75
#: The height of a tile of which nothing is known: larger than any picture.
LARGE = 10_000


class Forwarding:
    """Chooses layers now and then, and at once when something changed. Times are seconds.

    ``on_paused`` is told of each picture that is not sent any more, and why, or, with None, that it is sent again.
    """

    def __init__(self, on_paused: Callable[[Subscription, PauseReason | None], None]) -> None:
        self._on_paused = on_paused
        self._allocator = Allocator()
        self._meter = RateMeter()
        self._next: float | None = None
        self._next_look = 0.0
        #: What left the consumers that are gone.
        self._octets_gone = 0
        #: Heights of tiles in pixels, as `Layout` names them; None while the page has not told, and then all are large.
        self.sizes: Mapping[str, int] | None = None
        self.downlink = Downlink()
        #: Bits a second that go out.
        self.sent = 0.0

    def tick(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Time has passed."""
        if now >= self._next_look:
            self.look(subscriptions, now)

    def forget(self, subscription: Subscription) -> None:
        """A track is not forwarded any more."""
        self._octets_gone += subscription.consumer.octets
        self._tell(subscription, None)

    def look(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Choose anew."""
        self._next_look = now + INTERVAL
        self.sent = self._meter.look(now, self._octets_gone + sum(s.consumer.octets for s in subscriptions))
        budget = self.downlink.look(self.sent, self._next, now)
        pictures: list[tuple[int, Subscription, Want]] = []
        sound = 0.0
        for number, subscription in enumerate(subscriptions):
            producer = subscription.producer
            if producer.codec.kind == "audio":
                sound += producer.layers[0].bitrate
                subscription.consumer.select(producer.layers[0])
                continue
            height = LARGE if self.sizes is None else self.sizes.get(_tile(producer), 0)
            if height == 0:
                self._pause(subscription, "layout")
                continue
            options = _options(producer, subscription.consumer.layer, height, now)
            want = Want(
                number,
                0 if producer.first or is_screen(producer.source) else 1,
                options,
                _current(subscription, options),
            )
            pictures.append((height, subscription, want))
        pictures.sort(key=lambda picture: -picture[0])
        # While the link is only guessed at, nothing is taken from anybody.
        known = self.downlink.known
        allocation = self._allocator.choose(
            budget - sound if known else math.inf, [want for *_, want in pictures], now, pause=self.downlink.certain
        )
        self._next = None if allocation.next is None else allocation.next + sound
        for _, subscription, want in pictures:
            chosen = allocation.chosen[want.key]
            if chosen < 0:
                self._pause(subscription, "bandwidth")
            else:
                layer, temporal = want.options[chosen].what
                self._forward(subscription, layer, temporal, now)

    def _forward(self, subscription: Subscription, layer: Layer, temporal: int, now: float) -> None:
        consumer = subscription.consumer
        consumer.temporal_target = temporal
        if layer is not consumer.target:
            consumer.select(layer)
            if consumer.active:
                layer.ask_keyframe(now)
        self._tell(subscription, None)

    def _pause(self, subscription: Subscription, reason: PauseReason) -> None:
        subscription.consumer.select(None)
        self._tell(subscription, reason)

    def _tell(self, subscription: Subscription, reason: PauseReason | None) -> None:
        if subscription.paused != reason:
            subscription.paused = reason
            self._on_paused(subscription, reason)


def _tile(producer: Producer) -> str:
    """Return the name of the tile that shows a picture."""
    return f"{producer.participant}/{producer.source}" if is_screen(producer.source) else producer.participant


def _options(producer: Producer, used: Layer | None, height: int, now: float) -> tuple[Option, ...]:
    """Return the ways to forward a picture, the cheapest first: not more lines than its tile shows."""
    options: list[Option] = []
    cost = UNKNOWN / STEP
    layers = producer.usable(now)
    if used is not None and not used.is_live(now):
        # Rather one that comes now than a better one that may come.
        layers = tuple(layer for layer in layers if layer.is_live(now)) or layers
    for layer in layers:
        # A screen on which nothing moves costs nearly nothing, whatever it did before.
        still = is_screen(producer.source) and not layer.is_live(now)
        costs = () if still else layer.costs
        costs = costs or (cost * STEP,)
        last = len(costs) - 1
        for temporal, bitrate in enumerate(costs):
            # Few pictures a second are for the smallest layer; a larger one with so few is worse than that.
            if (temporal > 0 or last == 0 or not options) and (not options or bitrate > options[-1].bitrate):
                options.append(Option(bitrate, (layer, ALL if temporal == last else temporal)))
        cost = max(cost * STEP, costs[-1])
        # Of one that never came it is not known how large it is, so it is seen before a larger one is asked for.
        if layer.size[1] >= ENOUGH * height if layer.size is not None else not layer.is_live(now):
            break
    return tuple(options)


def _current(subscription: Subscription, options: tuple[Option, ...]) -> int:
    """Return which of the options is in use; of those that there are not any more, the next lower."""
    consumer = subscription.consumer
    if consumer.target is None:
        return -1
    layers = list(dict.fromkeys(option.what[0] for option in options))
    if consumer.target not in layers:
        return len(options) - 1  # it is too large, or does not come: the best of the rest is no step up
    return max(
        (
            number
            for number, option in enumerate(options)
            if (layers.index(option.what[0]), option.what[1])
            <= (layers.index(consumer.target), consumer.temporal_target)
        ),
        default=0,
    )
