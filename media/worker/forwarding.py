"""What one subscriber is forwarded: the layer of each picture that its screen has room for and its link takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from media.messages import PauseReason
from media.terms import is_screen
from media.worker.allocator import Allocation, Allocator, Option, Want
from media.worker.consumer import ALL
from media.worker.downlink import Downlink
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.rate import RateMeter
from media.worker.subscription import Subscription

#: Seconds between two looks.
INTERVAL = 0.25
#: Bits a second that a layer is thought to cost while nothing is known of it, and how many times the next one.
UNKNOWN, STEP = 150_000.0, 3.3
#: The share of its lines with which a picture looks as good in a tile.
ENOUGH = 0.75
#: Where so many times the budget goes out the old layer does not wait for the new one.
FLOOD = 1.5
#: Seconds for which congestion must outlast that everyone has the least, before anything is paused.
LEAST = 3.0
#: The share of the budget that sound may take with redundancy, and from which on it has it again.
REDUNDANT_MOST, REDUNDANT_LEAST = 0.3, 0.2
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
        self._pictures = 0
        self._redundant = True
        #: Since when nobody has more than the least.
        self._cheapest_since: float | None = None
        #: What left the consumers that are gone.
        self._octets_gone = 0
        #: Heights of tiles in pixels, as `Layout` names them; None while the page has not told, and then all are large.
        self.sizes: Mapping[str, int] | None = None
        self.downlink = Downlink()
        #: Bits a second that go out.
        self.sent = 0.0

    @property
    def lowered(self) -> bool:
        """Whether pictures are sent smaller than they are shown, as the link was seen to take no more."""
        return self.downlink.certain and self._next is not None

    def tick(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Time has passed."""
        if now >= self._next_look:
            self.look(subscriptions, now)

    def on_estimate(self, bitrate: float, subscriptions: Collection[Subscription], now: float) -> None:
        """The subscriber has estimated its link (REMB). What is too much is not sent a moment longer."""
        self.downlink.on_estimate(bitrate, now)
        if bitrate < self.sent:
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
        sound = whole = 0.0
        may_pause = self._may_pause(now)
        for number, subscription in enumerate(subscriptions):
            producer = subscription.producer
            if producer.codec.kind == "audio":
                heard = producer.voice is None or producer.voice.forwarded
                layer, consumer = producer.layers[0], subscription.consumer
                consumer.choose_redundant(wanted=self._redundant)
                rate = layer.bitrate if heard else 0.0
                whole += rate
                sound += rate if layer.red is None or consumer.redundant else rate / 2
                consumer.select(layer if heard else None)
                continue
            height = LARGE if self.sizes is None else self.sizes.get(_tile(producer), 0)
            if height == 0:
                self._pause(subscription, "layout")
                continue
            options = _options(subscription, height, now)
            required = not may_pause and subscription.paused != "bandwidth"
            priority = 0 if producer.first or is_screen(producer.source) else 1
            want = Want(number, priority, options, _current(subscription, options), required)
            pictures.append((height, subscription, want))
        self._weigh_redundancy(whole, budget)
        pictures.sort(key=lambda picture: -picture[0])
        allocation = self._allocator.choose(budget - sound, [want for *_, want in pictures], now)
        self._see_cheapest(allocation, now)
        #: What goes out now is more than fits, and what waits in queues delays the sound.
        flooding = self.downlink.certain and self.sent > FLOOD * budget
        self._next = None if allocation.next is None else allocation.next + sound
        for _, subscription, want in pictures:
            chosen = allocation.chosen[want.key]
            if chosen < 0:
                self._pause(subscription, "bandwidth")
            else:
                layer, temporal = want.options[chosen].what
                self._forward(subscription, layer, temporal, now)
                if flooding and subscription.consumer.layer is not layer:
                    subscription.consumer.leave()

    def _weigh_redundancy(self, sound: float, budget: float) -> None:
        """Say whether all sound may be sent as it comes, twice: where it leaves room, as it is to help, not to harm."""
        if self.downlink.known and sound > REDUNDANT_MOST * budget:
            self._redundant = False
        elif not self.downlink.known or sound < REDUNDANT_LEAST * budget:
            self._redundant = True

    def _may_pause(self, now: float) -> bool:
        """Whether a picture may be taken away: if there is congestion although everyone has the least there is.

        An estimate that fell, on a busy machine perhaps, rises slowly, and is no reason by itself.
        """
        since = self._cheapest_since
        return since is not None and now - since >= LEAST and now - self.downlink.narrow_at < INTERVAL + 1.0

    def _see_cheapest(self, allocation: Allocation, now: float) -> None:
        pictures = len(allocation.chosen)
        if pictures == 0 or pictures != self._pictures or any(chosen > 0 for chosen in allocation.chosen.values()):
            self._pictures = pictures
            self._cheapest_since = None
        elif self._cheapest_since is None:
            self._cheapest_since = now

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


def _options(subscription: Subscription, height: int, now: float) -> tuple[Option, ...]:
    """Return the ways to forward a picture, the cheapest first: not more lines than its tile shows."""
    options: list[Option] = []
    cost = UNKNOWN / STEP
    layers = subscription.producer.usable(now)
    used = subscription.consumer.layer
    begins = used is None and subscription.consumer.target is None and subscription.paused is None
    if begins or (used is not None and not used.is_live(now)):
        # Rather one that comes now than a better one that may come.
        layers = tuple(layer for layer in layers if layer.is_live(now)) or layers
    largest = max((number for number, layer in enumerate(layers) if layer.is_live(now)), default=-1)
    for number, layer in enumerate(layers):
        # A screen on which nothing moves costs nearly nothing, whatever it did before.
        still = is_screen(subscription.producer.source) and not layer.is_live(now)
        costs = () if still else layer.costs
        costs = costs or (cost * STEP,)
        last = len(costs) - 1
        for temporal, bitrate in enumerate(costs):
            least = options[-1].bitrate + 1 if options else 0.0
            if temporal == last and layer.is_live(now):
                bitrate = max(bitrate, least)  # a still picture costs next to nothing, whatever its size
            # Few pictures a second are for the smallest layer; a larger one with so few is worse than that.
            if (temporal > 0 or last == 0 or not options) and bitrate >= least:
                options.append(Option(bitrate, (layer, ALL if temporal == last else temporal)))
        cost = max(cost * STEP, costs[-1])
        # How large a layer is that never came is seen before one that may be larger still is asked for.
        if layer.size[1] >= ENOUGH * height if layer.size is not None else number > largest:
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
