"""People in a call, their links and their devices, by figures: what a worker would sample and pages would report.

Each link loses, delays and carries as much as it says; the accidents are drawn from a seed, so a call repeats exactly.
There is no network and no clock here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import attrs

from chatroom.commands import Report
from chatroom.media import MediaLost, MediaRestored
from chatroom.model import Participant
from chatroom.quality.events import QualityEvent
from chatroom.quality.inputs import Came, Changed, Input, MediaSaid, Reported, Sampled, Went
from chatroom.quality.judge import TICK, Judge
from chatroom.quality.samples import DownlinkSample, TrackSample, UplinkSample
from chatroom.quality.watched import Moment
from chatroom.reports import Capture, CaptureState, Playing, SoundState

#: Packets a second of a microphone, and bits a second of a microphone and of each layer of a camera.
SOUND, VOICE = 50, 40_000.0
LAYERS = (150_000.0, 500_000.0, 1_500_000.0)
#: Bits of a packet of video.
PACKET = 8 * 1_100
EVERYTHING = VOICE + sum(LAYERS)


@attrs.define
class Link:
    """One direction of somebody's connection."""

    loss: float = 0.0
    #: Seconds, one way.
    delay: float = 0.02
    jitter: float = 0.004
    #: Bits a second.
    rate: float = 20e6
    cut: bool = False
    #: What the sender has learned to send.
    carried: float = 20e6
    #: Seconds of what waits in its queue.
    queue: float = 0.0


@attrs.define
class Someone:
    """A person, with what a worker and a page know of them."""

    person: Participant
    up: Link = attrs.field(factory=Link)
    down: Link = attrs.field(factory=Link)
    #: What is captured: sound of so many dBFS, and pictures.
    level: float = -30.0
    capture: CaptureState = "live"
    camera_works: bool = True
    microphone_works: bool = True
    sound: SoundState = "playing"
    talking: bool = False
    silent: bool = False
    dark: bool = False
    hidden: bool = False
    #: Whether the page reports at all, and whether its tasks run.
    reports: bool = True
    runs: bool = True
    #: Whether anybody shows their camera.
    shown: bool = True
    #: Whose sound is lost between the network and the ears.
    deaf_to: set[str] = attrs.field(factory=set)
    received: float = 0.0
    estimate: float = 2.5e6
    budget: float = 2.5e6
    unhurt: float | None = None
    quiet_up: float = 0.0
    quiet_down: float = 0.0
    came: dict[str, int] = attrs.field(factory=dict)

    @property
    def id(self) -> str:
        return self.person.id


class Call:
    """A call of so many people for whom everything is well; break what you like, and `play`."""

    def __init__(self, people: int, seed: object = 0, *, reports: bool = True) -> None:
        self._random = random.Random(f"call/{seed}")
        self.judge = Judge()
        self.now = 1000.0
        #: The worker's own state.
        self.late = 0.0
        self.worker = Link()
        self.told: list[tuple[float, QualityEvent]] = []
        self.people = [
            Someone(Participant(f"p{n}", n, f"P{n}", True, True, 0.0), reports=reports) for n in range(1, people + 1)
        ]
        self._next_sample = self.now + self._random.random()
        self._next_report = {each.id: self.now + 5 * self._random.random() for each in self.people}
        self._next_tick = self.now + TICK * self._random.random()
        for each in self.people:
            self.take(Came("blue", each.person))

    def take(self, said: Input) -> None:
        """Tell the judge."""
        self.told += [(self.now, event) for event in self.judge.take(said, self.moment)]

    @property
    def moment(self) -> Moment:
        return Moment(self.now, 1.7e9 + self.now)

    def say(self, someone: Someone, **what: Any) -> None:
        """Have somebody's page report at once that something is another than it was."""
        for name, value in what.items():
            setattr(someone, name, value)
        self.take(Reported("blue", someone.id, someone.person.epoch, self.report(someone)))

    def switch(self, someone: Someone, **what: Any) -> None:
        """Have somebody switch something."""
        someone.person = attrs.evolve(someone.person, **what)
        self.take(Changed("blue", someone.person))

    def leave(self, someone: Someone) -> None:
        """Have somebody leave."""
        self.people.remove(someone)
        del self._next_report[someone.id]
        self.take(Went("blue", someone.id, someone.person.epoch, "left"))

    def lose_worker(self) -> None:
        """Have the worker die."""
        for each in self.people:
            self.take(MediaSaid("blue", each.id, each.person.epoch, MediaLost()))

    def restore_worker(self) -> None:
        """Have another worker take its place."""
        for each in self.people:
            self.take(MediaSaid("blue", each.id, each.person.epoch, MediaRestored()))

    def play(self, seconds: float) -> list[tuple[float, QualityEvent]]:
        """Let time pass; return what was said in it, and when."""
        until, already = self.now + seconds, len(self.told)
        while True:
            self.now = min(self._next_sample, self._next_tick, *self._next_report.values())
            if self.now > until:
                self.now = until
                return self.told[already:]
            if self.now == self._next_sample:
                self._next_sample += 1.0
                self._sample()
            elif self.now == self._next_tick:
                self._next_tick += TICK
                self.told += [(self.now, event) for event in self.judge.tick(self.moment, 0.0)]
            else:
                self._report()

    # ---- what the worker says

    def _sample(self) -> None:
        sent = {each.id: list(self._tracks(each)) for each in self.people}
        uplinks = {
            each.id: UplinkSample("connected", each.quiet_up, [track for track, _ in sent[each.id]])
            for each in self.people
        }
        for each in self.people:
            downlink = self._downlink(each)
            self.take(
                Sampled("blue", each.id, each.person.epoch, "worker:0", 1.0, self.late, 0, uplinks[each.id], downlink)
            )

    def _lost(self, packets: int, share: float) -> int:
        return sum(self._random.random() < share for _ in range(packets)) if share else 0

    def _tracks(self, each: Someone) -> Iterator[tuple[TrackSample, float]]:
        """Have one second of somebody's sound and pictures pass their uplink, and the worker's door."""
        link, silent = each.up, not each.runs
        wanted = each.shown and len(self.people) > 1
        video = sum(LAYERS) if each.person.camera and each.camera_works and wanted and not silent else 0.0
        audio = VOICE if each.person.microphone and each.microphone_works and not silent else 0.0
        # A sender finds its rate within some seconds, and takes as long to find that there is more.
        target = max(0.0, min(video, link.carried - audio))
        offered = audio + target
        over = max(0.0, 1 - link.rate / offered) if offered else 0.0
        if over:
            link.queue = min(0.3, link.queue + over)
            link.carried = max(0.9 * link.rate, 0.6 * link.carried)
        else:
            link.queue = max(0.0, link.queue - 0.15)
            link.carried = min(20e6, 1.08 * link.carried + 20_000, 1.2 * link.rate)
        share = 1 - (1 - link.loss) * (1 - (over if link.queue >= 0.3 else 0.0)) * (1 - self.worker.loss)
        passes = not link.cut and not silent
        each.quiet_up = self._random.random() * (0.02 if audio and passes else 2.5) if passes else each.quiet_up + 1.0
        each.came = {}
        for source, bits, packets in (("microphone", audio, SOUND), ("camera", target, round(target / PACKET))):
            if not (each.person.microphone if source == "microphone" else each.person.camera):
                packets = 0
            sent = packets if bits else 0
            lost = sent if not passes else self._lost(sent, share)
            arrived = sent - lost
            each.came[source] = arrived
            heard = -each.level + 6 * self._random.random()
            yield (
                TrackSample(
                    source=source,  # type: ignore[arg-type]
                    packets=arrived,
                    octets=round(arrived * bits / max(1, packets) / 8),
                    expected=sent if passes else 0,
                    lost=lost if passes else 0,
                    recovered=lost // 2 if passes and source == "camera" else 0,
                    pictures=30 if arrived and source == "camera" else 0,
                    jitter=link.jitter * (0.5 + self._random.random()),
                    delay=link.queue + link.jitter * self._random.random() * 2,
                    level=min(127, round(heard)) if arrived and source == "microphone" else None,
                    wanted=wanted if source == "camera" else len(self.people) > 1,
                    lacking=source == "camera" and 0.0 < target < 0.6 * video,
                ),
                bits,
            )

    def _downlink(self, each: Someone) -> DownlinkSample:
        """Have what came of the others pass somebody's downlink, and their reports come back."""
        others = [other for other in self.people if other is not each]
        sound = sum(other.came.get("microphone", 0) for other in others)
        pictures = [other for other in others if other.came.get("camera", 0)]
        full = sum(min(other.came["camera"] * PACKET, LAYERS[1]) for other in pictures)
        least = sum(min(other.came["camera"] * PACKET, LAYERS[0]) for other in pictures)
        fits = max(0.0, each.budget - sound * VOICE / SOUND)
        video, paused = min(full, max(least, fits)), 0
        link = each.down
        offered = video + sound * VOICE / SOUND
        over = max(0.0, 1 - link.rate / offered) if offered else 0.0
        if over:
            link.queue = min(0.3, link.queue + over)
            each.budget, each.unhurt = max(50_000.0, 0.9 * link.rate), 0.0
        else:
            link.queue = max(0.0, link.queue - 0.15)
            each.budget = min(2.5e6, each.budget * 1.05, max(1.5 * offered, each.budget))
            each.unhurt = None if each.unhurt is None else each.unhurt + 1.0
        if least > 2 * link.rate:
            paused = max(1, len(pictures) // 2)
        packets = round(video / PACKET) + sound
        share = 1 - (1 - link.loss) * (1 - (over if link.queue >= 0.3 else 0.0)) * (1 - self.worker.loss)
        lost = self._lost(packets, share)
        each.received = offered
        # Their word comes by their uplink: what is lost there was said again in the next report.
        passes = each.runs and not each.up.cut
        heard = passes and self._random.random() >= each.up.loss
        each.quiet_down = self._random.random() if passes else each.quiet_down + 1.0
        if link.cut:
            packets = lost = 0  # whoever gets nothing has nothing new to report
        return DownlinkSample(
            state="connected",
            quiet=each.quiet_down,
            bitrate=offered,
            expected=packets if heard else 0,
            lost=lost if heard else 0,
            round_trip=link.delay + each.up.delay + link.queue + each.up.queue + 0.01 * self._random.random(),
            estimate=1.5 * offered,
            budget=each.budget,
            unhurt=each.unhurt,
            pictures=len(pictures),
            paused=paused,
            lowered=video < 0.95 * full,
            unsent=[],
        )

    # ---- what pages say

    def _report(self) -> None:
        for each in self.people:
            if self._next_report[each.id] <= self.now:
                self._next_report[each.id] += 5.0
                if each.reports and each.runs:
                    self.take(Reported("blue", each.id, each.person.epoch, self.report(each)))

    def report(self, each: Someone) -> Report:
        """What somebody's page says."""
        others = [other for other in self.people if other is not each and other.person.microphone]
        playing = {}
        for other in others:
            hears = other.came.get("microphone", 0) and not each.down.cut and other.id not in each.deaf_to
            playing[other.id] = Playing(5.0, packets=250 if hears else 0, level=other.level if hears else None)
        capture: CaptureState = each.capture if each.person.microphone else "off"
        return Report(
            microphone=Capture(capture, each.level if capture == "live" else None),
            camera=Capture("live" if each.person.camera else "off"),
            sound=each.sound,
            publish="connected",
            subscribe="connected",
            playing=playing,
            talking=each.talking,
            silent=each.silent,
            dark=each.dark,
            hidden=each.hidden,
        )
