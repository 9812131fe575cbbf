"""A link that takes so much and no more, and at its end a browser that reports as Chromium does; time is virtual.

What was measured of Chromium 156 and is modelled here: its estimate (REMB) is of pictures and repetitions alone. It
rises by 8 % a second until it fell for the first time, and by some kbit/s after that, to one and a half times of what
came in the last second; it falls to 85 % of that when packets come later and later, which it takes a busy moment of
jitter for, too. A fall is told at once. Losses and round trips are told about once a second for each picture, and every
five seconds for all sound: of all the time since, and as long as it was when the sender report went that is answered.
"""

from __future__ import annotations

import random
from collections import deque
from itertools import pairwise

import attrs

from media.messages import PauseReason
from media.worker.codecs import VP8
from media.worker.consumer import Consumer
from media.worker.forwarding import Forwarding
from media.worker.subscription import Subscription
from tests.media.worker.streams import Sink
from tests.media.worker.test_forwarding import Publisher

#: Seconds of a step, and steps in a second.
STEP, STEPS = 0.1, 10
#: Steps between two reports of all pictures, and of all sound; how old a round trip of those is.
PICTURE_REPORTS, SOUND_REPORTS, AGE = 4, 50, 30
#: Bytes that UDP, IP, SRTP and extensions add to a packet; packets of sound in a step.
OVERHEAD, SOUNDS = 50, 5
#: What a camera of 640x360 costs at ten pictures a second.
CAMERA = {"q": (90, 36_000), "h": (180, 66_000)}


@attrs.define
class Link:
    """One direction to the subscriber: a rate, a queue of so many seconds, a delay and jitter, a share that is lost."""

    rate: float = 20e6
    queue: float = 0.3
    delay: float = 0.001
    jitter: float = 0.0
    loss: float = 0.0
    backlog: float = 0.0

    def carry(self, bits: float) -> float:
        """Take what is sent in a step; return the share of it that is lost."""
        room = self.rate * (STEP + self.queue) - self.backlog
        lost = max(0.0, bits - room)
        self.backlog = max(0.0, self.backlog + bits - lost - self.rate * STEP)
        return self.loss + (1 - self.loss) * lost / bits if bits else 0.0

    @property
    def waits(self) -> float:
        return self.backlog / self.rate


class Browser:
    """Estimates and counts. ``hear`` is called each step."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._came: deque[float] = deque(maxlen=STEPS)
        self._waits: deque[float] = deque([0.0] * 4, maxlen=4)
        self.estimate = 150_000.0
        self._fell = False
        self._told = self._told_at = 0.0
        self.losses = {"audio": [0.0, 0.0], "video": [0.0, 0.0]}

    def hear(self, pictures: float, packets: dict[str, float], lost: float, link: Link, now: float) -> float | None:
        """Take the bits of pictures that were sent in a step, and all packets; return the estimate if it is told."""
        self._came.append(pictures * (1 - lost))
        self._waits.append(link.waits + link.delay)
        for kind, count in packets.items():
            self.losses[kind][0] += count * lost
            self.losses[kind][1] += count
        came = sum(self._came) / (len(self._came) * STEP)
        later = self._waits[-1] - self._waits[0] > 0.02 and self._waits[-1] >= self._waits[-2]
        if later or (link.jitter > 0.02 and self._chance.random() < 0.05):
            self.estimate = min(self.estimate, 0.85 * came)
            self._fell = True
        elif self.estimate < 1.5 * came + 10_000:
            self.estimate += STEP * (2_000 if self._fell else 0.08 * self.estimate)
        if came > 0 and (self.estimate < 0.97 * self._told or now - self._told_at > 0.25):
            self._told, self._told_at = self.estimate, now
            return self.estimate
        return None

    def report(self, kind: str) -> tuple[int, int]:
        """Return how many packets were lost since the last report, of how many."""
        lost, expected = map(round, self.losses[kind])
        self.losses[kind] = [self.losses[kind][0] - lost, self.losses[kind][1] - expected]
        return lost, expected


class Run:
    """Three people with cameras and microphones, and one who gets them over the link."""

    def __init__(self, seed: int = 0, rates: dict[str, tuple[int, int]] = CAMERA, people: int = 3) -> None:
        chance = random.Random(seed)
        self._chance = chance
        self.link, self._browser = Link(), Browser(chance)
        self.sink = Sink()
        self.publishers = [Publisher(f"p{n}", set(rates), rates) for n in range(people)]
        self._trips: deque[float] = deque(maxlen=AGE)
        self.told: list[tuple[float, str, PauseReason | None]] = []
        self.forwarding = Forwarding(lambda s, reason: self.told.append((self.now, s.producer.participant, reason)))
        self.subscriptions: list[Subscription] = []
        self.now = 0.0
        self._octets = dict.fromkeys(("audio", "video"), 0)
        #: What was shown in each step: of each picture the layer and its temporal layers; waiting in the queue; loss.
        self.shown: list[list[tuple[str, int] | None]] = []
        self.waits: list[float] = []
        self.losses: list[float] = []
        for number, publisher in enumerate(self.publishers):
            for producer in (publisher.audio, publisher.video):
                ssrc = 2 * number + (producer is publisher.video)
                repair = 1_000 + ssrc if producer is publisher.video else None
                consumer = Consumer(self.sink, producer.codec, ssrc, "0", publisher.name, repair_ssrc=repair)
                consumer.repair_payload_type = VP8.repair_payload_type
                producer.add(consumer)
                self.subscriptions.append(Subscription(producer, consumer))
                consumer.resume()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds * STEPS)):
            for publisher in self.publishers:
                publisher.send(self.now)
                publisher.video.take_wanted(self.now)
                publisher.video.tick(self.now)
                publisher.audio.tick(self.now)
            self._carry()
            self.forwarding.tick(self.subscriptions, self.now)
            self.now += STEP

    def _carry(self) -> None:
        step = len(self.shown)
        sent = {"audio": 0, "video": 0}
        for subscription in self.subscriptions:
            sent[subscription.producer.codec.kind] += subscription.consumer.octets
        sound, pictures = (8.0 * (sent[kind] - self._octets[kind]) for kind in ("audio", "video"))
        self._octets = sent
        repeated = [packet for packet in self.sink.packets if packet.ssrc >= 1_000]
        self.sink.packets.clear()
        pictures += sum(8.0 * len(packet.data) for packet in repeated)
        packets = {
            "audio": float(SOUNDS * len(self.publishers)),
            "video": 3.0 * sum(self._sends) + len(repeated),
        }
        lost = self.link.carry(sound + pictures + 8 * OVERHEAD * sum(packets.values()))
        downlink = self.forwarding.downlink
        estimate = self._browser.hear(pictures, packets, lost, self.link, self.now)
        if estimate is not None:
            self.forwarding.on_estimate(estimate, self.subscriptions, self.now)
        self._trips.append(2 * self.link.delay + self.link.waits)
        jitter = sum(self._chance.random() * self.link.jitter for _ in range(2))
        if step % PICTURE_REPORTS == PICTURE_REPORTS - 1:
            downlink.on_round_trip(self._trips[-1] + jitter)
            downlink.on_loss(*self._browser.report("video"))
        if step % SOUND_REPORTS == SOUND_REPORTS - 1:
            downlink.on_round_trip(self._trips[0] + jitter, AGE * STEP)
            downlink.on_loss(*self._browser.report("audio"), SOUND_REPORTS * STEP)
        self.shown.append([None if layer is None else (layer, temporal) for layer, temporal in self._pictures])
        self.waits.append(self.link.waits)
        self.losses.append(lost)

    @property
    def _sends(self) -> list[bool]:
        return [layer is not None for layer, _ in self._pictures]

    @property
    def _pictures(self) -> list[tuple[str | None, int]]:
        consumers = [s.consumer for s in self.subscriptions if s.producer.codec.kind == "video"]
        return [(each.layer.rid if each.layer is not None else None, min(2, each.temporal)) for each in consumers]

    # ---- what came of it

    def rate(self, begin: float, end: float) -> float:
        """Pictures a second of each, on the average, of the ten that there are."""
        steps = self.shown[round(begin * STEPS) : round(end * STEPS)]
        counts = [0 if shown is None else (2.5, 5, 10)[shown[1]] for step in steps for shown in step]
        return sum(counts) / len(counts)

    def switches(self, begin: float, end: float) -> int:
        """How often a picture became larger or smaller, came or went, of all of them."""
        steps = self.shown[round(begin * STEPS) : round(end * STEPS)]
        sizes = [[None if shown is None else shown[0] for shown in step] for step in steps]
        return sum(a != b for pair in pairwise(sizes) for a, b in zip(*pair, strict=True))

    def since(self, begin: float, good: str) -> float | None:
        """Seconds after which all pictures were of layer ``good`` and stayed so."""
        first = None
        for number, step in enumerate(self.shown[round(begin * STEPS) :]):
            if all(shown is not None and shown[0] == good for shown in step):
                first = number / STEPS if first is None else first
            else:
                first = None
        return first
