"""What one subscriber is forwarded: the layer of each picture that its screen has room for and its link takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from media.messages import PauseReason
from media.terms import is_screen
from media.worker.allocator import MARGIN, Allocation, Allocator, Option, Want
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
#: Seconds for which congestion must outlast that everyone has the least, before a picture is paused; and seconds
#: before the next one is.
LEAST, NEXT = 3.0, 1.0
#: Seconds that count for what pictures take: as many as for a browser that estimates.
MOMENT = 1.0
#: The share of the link that sound may take with redundancy where pictures want for it, and below which it has it.
REDUNDANT_MOST, REDUNDANT_LEAST = 0.3, 0.2
#: Seconds of padding that are sent at once at most, where ticks are late, and bytes that are not waited for.
BURST, MAX_OWED = 0.1, 2_000.0
#: The height of a tile of which nothing is known: larger than any picture.
LARGE = 10_000


class Forwarding:
    """Chooses layers now and then, and at once when something changed. Times are seconds.

    ``on_paused`` is told of each picture that is not sent any more, and why, or, with None, that it is sent again.
    """

    def __init__(self, on_paused: Callable[[Subscription, PauseReason | None], None]) -> None:
        self._on_paused = on_paused
        self._allocator = Allocator()
        self._meter, self._picture_meter = RateMeter(), RateMeter(MOMENT)
        self._next: float | None = None
        self._next_look = 0.0
        #: Pictures there were, and how many of them were sent.
        self._pictures = self._shown = 0
        self._redundant = True
        #: Since when nobody has more than the least.
        self._cheapest_since: float | None = None
        #: What left the consumers that are gone, and what of it was pictures.
        self._octets_gone = self._picture_octets_gone = 0
        #: What pictures would cost if all were as good as they can be.
        self._most = 0.0
        #: Bytes of padding that are to be sent, below 0 if too many were, and when that was looked at last.
        self._owed = 0.0
        self._padded_at = 0.0
        #: Heights of tiles in pixels, as `Layout` names them; None while the page has not told, and then all are large.
        self.sizes: Mapping[str, int] | None = None
        self.downlink = Downlink()
        #: Bits a second that go out, and what of it is sound.
        self.sent = self.sound = 0.0

    @property
    def lowered(self) -> bool:
        """Whether pictures are sent smaller than they are shown, as the link was seen to take no more."""
        return self.downlink.certain and self._next is not None

    @property
    def takes(self) -> float:
        """Bits a second that the link is believed to take, with sound."""
        return self.downlink.budget + self.sound

    @property
    def estimate(self) -> float | None:
        """The subscriber's own estimate of what the link takes, with the sound that it leaves out."""
        estimate = self.downlink.estimate
        return None if estimate is None else estimate + self.sound

    def tick(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Time has passed."""
        if now >= self._next_look:
            self.look(subscriptions, now)
        if self.downlink.padding > 0.0:
            self._pad(subscriptions, now)
        self._padded_at = now

    def on_estimate(self, bitrate: float, subscriptions: Collection[Subscription], now: float) -> None:
        """The subscriber has estimated its link (REMB). What is too much is not sent a moment longer."""
        if self.downlink.on_estimate(bitrate, now):
            self.look(subscriptions, now)

    def forget(self, subscription: Subscription) -> None:
        """A track is not forwarded any more."""
        self._octets_gone += subscription.consumer.octets
        if subscription.producer.codec.kind == "video":
            self._picture_octets_gone += subscription.consumer.octets
        self._tell(subscription, None)

    def look(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Choose anew."""
        self._next_look = now + INTERVAL
        videos = [each for each in subscriptions if each.producer.codec.kind == "video"]
        seen = self._picture_octets_gone + sum(each.consumer.octets for each in videos)
        self.sent = self._meter.look(now, self._octets_gone + sum(each.consumer.octets for each in subscriptions))
        sent = self._picture_meter.look(now, seen)
        pads = any(each.consumer.pads for each in videos)
        budget = self.downlink.look(sent, self._next, self._most, now, pads=pads)
        if self.downlink.granted:
            self._allocator.forgive()
        whole = self._choose_sound(subscriptions)
        wants: list[tuple[int, int, Subscription, tuple[Option, ...]]] = []
        for subscription in videos:
            producer = subscription.producer
            height = LARGE if self.sizes is None else self.sizes.get(_tile(producer), 0)
            if height == 0:
                self._pause(subscription, "layout")
                continue
            priority = 0 if producer.first or is_screen(producer.source) else 1
            wants.append((priority, -height, subscription, _options(subscription, height, now)))
        wants.sort(key=lambda want: want[:2])
        spare = self._find_spare([subscription for *_, subscription, _ in wants], now)
        pictures: list[tuple[Subscription, Want]] = []
        for number, (priority, _, subscription, options) in enumerate(wants):
            required = subscription is not spare and subscription.paused != "bandwidth"
            want = Want(number, priority, options, _current(subscription, options), required)
            pictures.append((subscription, want))
        allocation = self._allocator.choose(budget, [want for _, want in pictures], now)
        self._see_cheapest(allocation, now)
        #: What goes out now is more than fits, and what waits in queues delays the sound.
        flooding = self.downlink.certain and sent > FLOOD * budget
        self._next, self._most = allocation.next, allocation.most
        self._weigh_redundancy(whole, budget, allocation)
        for subscription, want in pictures:
            chosen = allocation.chosen[want.key]
            if chosen < 0:
                self._pause(subscription, "bandwidth")
            else:
                layer, temporal = want.options[chosen].what
                self._forward(subscription, layer, temporal, now)
                if flooding and subscription.consumer.layer is not layer:
                    subscription.consumer.leave()

    def _choose_sound(self, subscriptions: Collection[Subscription]) -> float:
        """Have all sound forwarded that anybody is sent; return what it costs with all redundancy there is."""
        sound = whole = 0.0
        for subscription in subscriptions:
            producer, consumer = subscription.producer, subscription.consumer
            if producer.codec.kind != "audio":
                continue
            heard = producer.voice is None or producer.voice.forwarded
            layer = producer.layers[0]
            consumer.choose_redundant(wanted=self._redundant)
            rate = layer.cost.bitrate if heard else 0.0
            whole += rate
            sound += rate if layer.red is None or consumer.redundant else rate / 2
            consumer.select(layer if heard else None)
        self.sound = sound
        return whole

    def _weigh_redundancy(self, whole: float, budget: float, pictures: Allocation) -> None:
        """Say whether all sound may be sent as it comes, twice: where it leaves room, as it is to help, not to harm."""
        if not self.downlink.known or whole < REDUNDANT_LEAST * (budget + self.sound):
            self._redundant = True
            return
        more = 0.0 if self._redundant else (1 + MARGIN) * (whole - self.sound)
        room = bool(pictures.chosen) and pictures.next is None and pictures.cost + more <= budget
        if self._redundant and not room and whole > REDUNDANT_MOST * (budget + self.sound):
            self._redundant = False
        elif not self._redundant and room:
            self._redundant = True
            self.downlink.budget -= whole - self.sound  # it comes of what would have been for pictures

    def _find_spare(self, subscriptions: Sequence[Subscription], now: float) -> Subscription | None:
        """Return the picture that may be taken away, the last one, if there is congestion although all have the least.

        An estimate that fell, on a busy machine perhaps, rises slowly, and is no reason by itself.
        """
        since = self._cheapest_since
        if since is None or now - since < LEAST or now - self.downlink.narrow_at >= INTERVAL + 1.0:
            return None
        return next((each for each in reversed(subscriptions) if each.paused != "bandwidth"), None)

    def _see_cheapest(self, allocation: Allocation, now: float) -> None:
        pictures, sent = len(allocation.chosen), sum(chosen >= 0 for chosen in allocation.chosen.values())
        if pictures == 0 or pictures != self._pictures or any(chosen > 0 for chosen in allocation.chosen.values()):
            self._cheapest_since = None
        elif self._cheapest_since is None:
            self._cheapest_since = now
        elif sent < self._shown:
            self._cheapest_since = now - LEAST + NEXT
        self._pictures, self._shown = pictures, sent

    def _pad(self, subscriptions: Collection[Subscription], now: float) -> None:
        """Send what was sent already, to see whether the link takes more."""
        self._owed += self.downlink.padding * min(BURST, now - self._padded_at) / 8
        for subscription in subscriptions:
            if self._owed > 0:
                self._owed -= subscription.consumer.pad(self._owed, now)
        self._owed = min(self._owed, MAX_OWED)

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
        costs = () if still else layer.cost.up_to
        if costs and options and costs[-1] <= options[-1].bitrate and not layer.is_live(now):
            # It was measured while its publisher had no room for it.
            costs = (options[-1].bitrate * STEP,)
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
