"""What is forwarded to one subscriber, by the size of its tiles and by what its link takes."""

from __future__ import annotations

import struct

import attrs
import pytest

from media.messages import PauseReason
from media.worker.codecs import OPUS, RID, VP8
from media.worker.consumer import ALL, Consumer
from media.worker.demand import PATIENCE
from media.worker.forwarding import INTERVAL, Forwarding, _options
from media.worker.layer import Layer
from media.worker.producer import Producer
from media.worker.rtp import RtpPacket
from media.worker.sdp import Format, MediaLine
from media.worker.subscription import Subscription
from tests.media.worker.streams import PAYLOAD_TYPE, Sink, descriptor

VIDEO = MediaLine(
    *("video", "100", "UDP/TLS/RTP/SAVPF", "1", False, "sendonly", (Format(VP8, PAYLOAD_TYPE),), {RID: 10}),
    rids=("q", "h", "f"),
)
AUDIO = MediaLine("audio", "100", "UDP/TLS/RTP/SAVPF", "0", False, "sendonly", (Format(OPUS, PAYLOAD_TYPE),), {})
#: Height and bits a second of each layer, and the share of the bits that is in each temporal layer.
LAYERS = {"q": (180, 150_000), "h": (360, 500_000), "f": (720, 1_700_000)}
SHARES = (0.4, 0.2, 0.4)
FRAME = struct.Struct("<HH")


@attrs.define(eq=False)
class Publisher:
    """A camera whose layers come in as told, and a microphone."""

    name: str
    sending: set[str] = attrs.field(factory=lambda: set(LAYERS))
    rates: dict[str, tuple[int, int]] = attrs.field(factory=lambda: LAYERS)
    video: Producer = attrs.field(init=False)
    audio: Producer = attrs.field(init=False)
    wanted: list[list[str]] = attrs.field(factory=list)
    _sequence: dict[str, int] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.video = Producer(Sink(), 1, self.name, "camera", VIDEO, VP8)
        self.audio = Producer(Sink(), 1, self.name, "microphone", AUDIO, OPUS)
        self.audio.layers[0].begin(99)

    def send(self, now: float) -> None:
        """Send a tenth of a second of each layer: one picture of each temporal layer, all of them keyframes."""
        for rid in self.sending:
            for temporal, share in enumerate(SHARES):
                size = round(self.rates[rid][1] * share / 80)
                self._send(self.video, rid, 10 + list(LAYERS).index(rid), size, now, temporal)
        self._send(self.audio, "", 99, 500, now, 0)

    def layer(self, rid: str) -> Layer:
        return next(layer for layer in self.video.layers if layer.rid == rid)

    def _send(self, producer: Producer, rid: str, ssrc: int, size: int, now: float, temporal: int) -> None:
        sequence = self._sequence[rid] = self._sequence.get(rid, 0) + 1
        head = b""
        if rid:
            height = self.rates[rid][0]
            begin = descriptor(key=True, picture=sequence, tl0=sequence, layer=temporal, sync=True)
            head = begin + b"\x00\x00\x9d\x01\x2a" + FRAME.pack(height * 16 // 9, height)
        packet = RtpPacket(
            struct.pack("!BBHII", 0x80, PAYLOAD_TYPE, sequence & 0xFFFF, sequence * 9_000, ssrc)
            + head
            + bytes(max(0, size - 12 - len(head)))
        )
        layer = self.layer(rid) if rid else producer.layers[0]
        if layer.stream is None:
            assert producer.learn(packet, {10: rid.encode()}) is layer
        producer.on_rtp(layer, packet, {}, now)


@attrs.define(eq=False)
class Call:
    """Publishers and one subscriber of all of them. What it was told is in ``told``."""

    publishers: list[Publisher]
    forwarding: Forwarding = attrs.field(init=False)
    subscriptions: list[Subscription] = attrs.field(factory=list)
    told: list[tuple[str, PauseReason | None]] = attrs.field(factory=list)
    now: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.forwarding = Forwarding(lambda s, reason: self.told.append((s.producer.participant, reason)))
        for number, publisher in enumerate(self.publishers):
            for producer in (publisher.audio, publisher.video):
                consumer = Consumer(Sink(), producer.codec, number, "0", publisher.name)
                producer.add(consumer)
                self.subscriptions.append(Subscription(producer, consumer))
                consumer.resume()

    def run(self, seconds: float, *, estimate: float | None = None) -> None:
        """Let time pass, while the link is estimated to take so much."""
        for _ in range(round(seconds * 10)):
            for publisher in self.publishers:
                publisher.send(self.now)
                if (rids := publisher.video.take_wanted(self.now)) is not None:
                    publisher.wanted.append(rids)
            for publisher in self.publishers:
                publisher.video.tick(self.now)
                publisher.audio.tick(self.now)
            if estimate is not None:
                self.forwarding.downlink.on_estimate(estimate, self.now)
            self.forwarding.tick(self.subscriptions, self.now)
            self.now += 0.1

    def layout(self, **sizes: int) -> None:
        self.forwarding.sizes = sizes
        self.forwarding.look(self.subscriptions, self.now)

    @property
    def layers(self) -> list[str | None]:
        """What goes out of each camera."""
        layers = [s.consumer.layer for s in self.subscriptions if s.producer.source == "camera"]
        return [None if layer is None else layer.rid for layer in layers]


def test_without_a_word_of_tiles_and_link_all_is_sent_as_large_as_it_comes() -> None:
    call = Call([Publisher("alice"), Publisher("bob")])
    call.run(3.0)
    assert call.layers == ["f", "f"]
    assert call.told == []


@pytest.mark.parametrize(
    ("height", "rid"), [(90, "q"), (180, "q"), (240, "q"), (300, "h"), (480, "h"), (500, "f"), (2_000, "f")]
)
def test_a_picture_is_as_large_as_its_tile(height: int, rid: str) -> None:
    call = Call([Publisher("alice")])
    call.layout(alice=height)
    call.run(3.0)
    assert call.layers == [rid]


def test_what_is_not_on_the_screen_is_not_sent_and_the_sound_of_it_is() -> None:
    call = Call([Publisher("alice"), Publisher("bob")])
    call.run(1.0)
    call.layout(alice=720, bob=0)
    sounds = [s.consumer for s in call.subscriptions if s.producer.source == "microphone"]
    before = [consumer.packets for consumer in sounds]
    call.run(1.0)
    assert call.layers == ["f", None]
    assert [c.packets - b for c, b in zip(sounds, before, strict=True)] == [10, 10]
    call.layout(bob=720)
    call.run(INTERVAL)
    assert call.layers == [None, "f"]
    assert call.told == [("bob", "layout"), ("alice", "layout"), ("bob", None)]


def test_a_link_that_takes_less_gets_less_and_nothing_but_sound_if_need_be() -> None:
    call = Call([Publisher("alice")])
    call.run(5.0, estimate=5_000_000)
    assert call.layers == ["f"]
    call.run(1.0, estimate=700_000)
    assert call.layers == ["h"]
    call.run(1.0, estimate=280_000)
    assert call.layers == ["q"]
    call.run(1.0, estimate=140_000)
    (camera,) = (s for s in call.subscriptions if s.producer.source == "camera")
    assert (call.layers, camera.consumer.temporal) == (["q"], 1)
    assert call.told == []
    call.run(2.0, estimate=50_000)
    assert (call.layers, camera.consumer.temporal) == (["q"], 0)
    assert call.told == [], "the estimate is low, but nothing is lost and nothing waits"
    for step in range(10):
        call.run(0.5, estimate=50_000 * 0.9**step)
    assert call.layers == [None]
    assert call.told == [("alice", "bandwidth")]
    sound = call.subscriptions[0].consumer
    before = sound.packets
    call.run(1.0, estimate=20_000)
    assert sound.packets - before == 10


def test_a_large_tile_comes_before_small_ones() -> None:
    call = Call([Publisher("alice"), Publisher("bob"), Publisher("eve")])
    call.layout(alice=720, bob=720, eve=720)
    call.run(8.0, estimate=20_000_000)
    call.subscriptions[5].producer.first = True
    call.run(1.0, estimate=3_000_000)
    assert call.layers == ["h", "h", "f"]


def test_a_screen_comes_before_cameras() -> None:
    call = Call([Publisher("alice"), Publisher("bob")])
    call.publishers[1].video.source = "screen:1"
    call.layout(**{"alice": 720, "bob/screen:1": 720})
    call.run(8.0, estimate=20_000_000)
    call.run(1.0, estimate=2_200_000)
    layers = [s.consumer.layer for s in call.subscriptions if s.producer.codec.kind == "video"]
    assert [layer and layer.rid for layer in layers] == ["h", "f"]
    call.layout(alice=720, bob=720)
    assert call.told == [("bob", "layout")], "the tile of the one who shares is not that of the screen"


def test_a_screen_on_which_nothing_moves_costs_nearly_nothing() -> None:
    bob, now = Publisher("bob", {"f"}), 0.0
    bob.video.source = "screen:1"
    picture = Call([bob]).subscriptions[1]
    picture.consumer.layer = bob.layer("f")
    while now < 3.0:
        bob.send(now)
        bob.video.tick(now)
        now += 0.1
    bob.video.layers = (bob.layer("f"),)
    costs = [max(o.bitrate for o in _options(picture, 720, at)) for at in (now, now + 2)]
    assert costs[0] > 1_000_000 > 200_000 > costs[1]


def test_a_layer_that_stays_away_is_not_waited_for() -> None:
    alice = Publisher("alice", {"q", "h"})
    call = Call([alice])
    call.run(1.0)
    assert call.layers in (["q"], ["h"], [None])
    call.run(PATIENCE + 1)
    assert call.layers == ["h"]
    alice.sending = {"q"}
    call.run(2.0)
    assert call.layers == ["q"]


def test_a_layer_that_nobody_was_sent_is_asked_for_where_it_is_wanted() -> None:
    alice = Publisher("alice", {"q"})
    call = Call([alice])
    call.layout(alice=180)
    call.run(2.0)
    call.layout(alice=720)
    call.run(0.8)
    assert alice.wanted == [["q"], ["q", "h"]]
    assert call.layers == ["q"], "until there is the other"
    alice.sending = {"q", "h"}
    call.run(0.6)
    assert call.layers == ["h"]
    call.run(2.0)
    assert alice.wanted[-1] == ["h", "f"], "as that is not large enough"
    camera = call.subscriptions[1].consumer
    assert camera.temporal_target == ALL


def test_what_floods_the_link_is_not_sent_until_there_is_less_to_send() -> None:
    alice = Publisher("alice", {"f"})
    call = Call([alice])
    call.run(5.0, estimate=5_000_000)
    assert call.layers == ["f"]
    alice.sending = set()
    call.forwarding.on_estimate(250_000, call.subscriptions, call.now)
    assert call.layers == [None], "at once, although nothing else comes"
    alice.sending = {"q"}
    call.run(0.4, estimate=250_000)
    assert call.layers == ["q"]
    assert call.told == [], "that is no pause"


def test_what_a_layer_took_while_its_publisher_had_no_room_for_it_is_no_reason_not_to_ask_for_it() -> None:
    narrow = {"q": (90, 34_000), "h": (180, 18_000)}
    alice = Publisher("alice", {"q", "h"}, {"q": (90, 34_000), "h": (180, 66_000)})
    call = Call([alice])
    call.layout(alice=240)
    call.run(6.0)
    assert call.layers == ["h"]
    alice.rates = narrow
    call.run(4.0)
    alice.sending = {"q"}
    call.run(12.0)
    assert call.layers == ["q"]
    assert "h" in alice.wanted[-1]
    alice.rates = {"q": (90, 34_000), "h": (180, 66_000)}
    alice.sending = {"q", "h"}
    call.run(2.0)
    assert call.layers == ["h"]
