"""What is known of one participant, and what is judged of them: their connections and their devices.

Nothing here has a clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from chatroom.commands import Report
from chatroom.media import Source
from chatroom.model import Participant
from chatroom.problems import Direction, SignalLevel
from chatroom.quality.debounce import Bars, Seen
from chatroom.quality.devices import Camera, Microphone, Watch
from chatroom.quality.events import QualityEvent, Signalled, Unpublished
from chatroom.quality.inputs import Sampled
from chatroom.quality.links import UNKNOWN, Downlink, Uplink, Verdict
from chatroom.quality.samples import DownlinkSample, TrackSample, UplinkSample
from chatroom.quality.watched import Moment, Watched

#: Seconds after which what a page said, and what a worker told, is old.
REPORT_FRESH, SAMPLE_FRESH = 12.0, 3.5
#: Seconds that a connection has to find itself, after it came up and after its person was heard of again.
SETTLING = 2.0
#: Seconds of silence after which nothing goes over a leg: checks come every 2.5 s (RFC 7675), of which one may be lost.
#: It takes fewer where packets of one track came before, and fewer still where those of several did.
SILENT, SILENT_OF_ONE, SILENT_OF_ALL = 5.5, 3.5, 2.0
#: Seconds after which a page that closed a connection should have gone, or have another.
CLOSED = 2.0
#: Seconds by which the worker may be late before its samples say more of it than of the network.
LATE = 0.15
#: Share of packets that may be lost where all is said to have come.
CLEAN = 0.02


class Person:
    """One stay. What it has is judged in `judge`, after each sample."""

    def __init__(self, room: str, person: Participant, now: float) -> None:
        self.person = person
        self.sample: Sampled | None = None
        self.sampled_at = -inf
        self.report: Report | None = None
        self.reported_at = -inf
        self.up = self.down = UNKNOWN
        #: Since when sound of theirs comes and is forwarded, and since when each leg is connected.
        self.sounding_since: float | None = None
        self._connected: dict[Direction, float] = {}
        self._heard_of = now
        self._room = room
        #: Whether there is a sample that is not judged yet, and a report that says something else than the one before.
        self._fresh = self._turned = False
        self._uplink, self._downlink = Uplink(), Downlink()
        self._microphone, self._camera = Microphone(), Camera()
        self._bars: dict[Direction, Bars] = {"uplink": Bars(), "downlink": Bars()}
        self._shown: tuple[SignalLevel | None, SignalLevel | None] = (None, None)
        self._sources: frozenset[Source] = frozenset()
        #: For how long each leg has been closed, as it is for a moment when its page is.
        self._closed: dict[Direction, Watch] = {"uplink": Watch(), "downlink": Watch()}
        #: How many tracks flowed before the leg fell silent.
        self._flowed = 0
        names = (room, person.id, person.epoch)
        self._slow: dict[Direction, Watched] = {
            "uplink": Watched(*names, "network_slow", direction="uplink", begin=0.0),
            "downlink": Watched(*names, "network_slow", direction="downlink", begin=0.0),
        }
        self._lost: dict[Direction, Watched] = {
            "uplink": Watched(*names, "leg_lost", direction="uplink", begin=0.0, calm=1.5),
            "downlink": Watched(*names, "leg_lost", direction="downlink", begin=0.0, calm=1.5),
        }
        self._silent = Watched(*names, "microphone_silent", source="microphone", begin=0.8, calm=2.0)
        self._frozen = Watched(*names, "camera_frozen", source="camera", begin=0.8, calm=2.0)
        self._dark = Watched(*names, "camera_dark", source="camera", begin=0.0, calm=1.0)
        self._talking = Watched(*names, "talking_while_muted", source="microphone", begin=0.0, calm=2.0)
        self.unheard = Watched(*names, "cannot_be_heard", source="microphone", begin=0.8, calm=2.0)

    @property
    def id(self) -> str:
        return self.person.id

    @property
    def watched(self) -> Iterator[Watched]:
        """All that may be wrong."""
        yield from (*self._slow.values(), *self._lost.values())
        yield from (self._silent, self._frozen, self._dark, self._talking, self.unheard)

    def fresh_report(self, now: float) -> Report | None:
        """What the page said, if that was lately."""
        return self.report if now - self.reported_at < REPORT_FRESH else None

    def is_deaf(self) -> bool:
        """Whether their connection explains that they hear nobody."""
        leg = None if self.sample is None else self.sample.downlink
        lost, slow = self._lost["downlink"].told, self._slow["downlink"].told
        works = leg is not None and leg.state == "connected" and self.person.connection == "present"
        return not works or lost is not None or (slow is not None and slow.severity == "severe")

    # ---- what is told

    def changed(self, person: Participant, now: float) -> None:
        """They switched something, or are heard of again, or not."""
        if person.connection == "present" != self.person.connection:
            self._heard_of = now
        self.person = person

    def reported(self, report: Report, now: float) -> None:
        """Their page said something of itself."""
        self._turned |= self.report is None or _devices(report) != _devices(self.report)
        self.report, self.reported_at = report, now

    def media_lost(self) -> None:
        """Their connections are gone with the worker, which is nobody's network."""
        self.sample = None
        self.sampled_at = -inf
        self.up = self.down = UNKNOWN
        self.sounding_since = None
        self._connected.clear()
        self._flowed = 0

    def sampled(self, sample: Sampled, now: float) -> None:
        """The worker told of their connections."""
        self.sample, self.sampled_at, self._fresh = sample, now, True
        self._note("uplink", sample.uplink, now)
        self._note("downlink", sample.downlink, now)
        late = sample.late >= LATE
        if late:
            self._uplink.clear()
            self._downlink.clear()
        self.up = self.down = UNKNOWN
        if sample.uplink is not None and self._settled("uplink", now) and not late:
            self.up = self._uplink.take(sample.uplink, now)
        elif not late:
            self._uplink.clear()
        if sample.downlink is not None and self._settled("downlink", now) and not late:
            lost = self._leg_lost("uplink", sample.uplink, now) == "severe"
            self.down = self._downlink.take(sample.downlink, now, uplink=1 if lost else self.up.level)
        elif not late:
            self._downlink.clear()
        microphone = self._track("microphone")
        sounds = microphone is not None and microphone.packets > 0 and microphone.wanted
        self.sounding_since = (self.sounding_since or now) if sounds else None

    # ---- what is judged

    def judge(self, moment: Moment, ours: frozenset[Direction]) -> list[QualityEvent]:
        """Return what is to be said now. What is ``ours`` is none of their connection's."""
        now = moment.now
        events: list[QualityEvent] = [*self._judge_talking(moment), *self._judge_dark(moment)]
        if now - self.sampled_at >= SAMPLE_FRESH:
            for watched in (*self._slow.values(), *self._lost.values(), self._silent, self._frozen):
                events += watched.look("unknown", moment)
            events += self._show(moment, {"uplink": UNKNOWN, "downlink": UNKNOWN})
            return events
        fresh, turned, self._fresh, self._turned = self._fresh, self._turned, False, False
        if not fresh:
            return [*events, *(self._judge_devices(moment, again=True) if turned else ())]
        assert self.sample is not None
        events += self._unpublished(moment, self.sample.uplink)
        verdicts: dict[Direction, Verdict] = {"uplink": self.up, "downlink": self.down}
        for direction in ours:
            verdicts[direction] = Verdict(None, None)
        lost: dict[Direction, Seen] = {
            "uplink": self._leg_lost("uplink", self.sample.uplink, now),
            "downlink": self._leg_lost("downlink", self.sample.downlink, now),
        }
        for direction, verdict in verdicts.items():
            if lost[direction] == "severe":
                verdicts[direction] = verdict = Verdict(1, "unknown")
            events += self._lost[direction].look(lost[direction], moment)
            events += self._slow[direction].look(verdict.seen, moment, verdict.figures, lingers=verdict.lingers)
        events += self._judge_devices(moment)
        return events + self._show(moment, verdicts)

    def _judge_talking(self, moment: Moment) -> Sequence[QualityEvent]:
        report = self.fresh_report(moment.now)
        talking = report is not None and report.talking and not self.person.microphone
        return self._talking.look("mild" if talking else None, moment)

    def _judge_dark(self, moment: Moment) -> Sequence[QualityEvent]:
        """Only the page sees that; here nothing is decoded."""
        report = self.fresh_report(moment.now)
        if report is None and self.person.camera:
            return self._dark.look("unknown", moment)
        dark = report is not None and report.dark and report.camera.state == "live" and self.person.camera
        return self._dark.look("mild" if dark else None, moment)

    def _judge_devices(self, moment: Moment, *, again: bool = False) -> list[QualityEvent]:
        """Return what is to be said of their devices.

        With ``again`` the sample was judged before, and only the page said something else: then what is in doubt is not
        seen a second time.
        """
        now, person, report = self.sampled_at, self.person, self.fresh_report(moment.now)
        sample = None if self.sample is None else self.sample.uplink
        works = sample is not None and self._settled("uplink", now) and self.up.seen != "severe"
        quiet = 0.0 if sample is None or sample.quiet is None else sample.quiet
        tracks = self._track("microphone"), self._track("camera")
        hidden = report is not None and report.hidden
        microphone = self._microphone.look(
            person.microphone, report, tracks[0], works, quiet, now, clean=self._is_clean("microphone")
        )
        captured = None if report is None else report.camera
        camera = self._camera.look(person.camera, captured, tracks[1], works and not hidden, quiet, now)
        events: list[QualityEvent] = []
        sure = self._microphone.sure
        if not again or sure or microphone is None:
            events += self._silent.look(microphone, moment, self._microphone.figures, surely=sure)
        if not again or camera is None:
            events += self._frozen.look(camera, moment, self._camera.figures)
        return events

    def _show(self, moment: Moment, verdicts: dict[Direction, Verdict]) -> list[QualityEvent]:
        for direction, verdict in verdicts.items():
            self._bars[direction].look(verdict.level, moment.now)
        shown = (self._bars["uplink"].level, self._bars["downlink"].level)
        levels = [level for level in shown if level is not None]
        if shown == self._shown or not levels:
            return []
        self._shown = shown
        at = moment.stamp(moment.now)
        return [
            Signalled(
                room=self._room,
                at=at,
                participant=self.id,
                epoch=self.person.epoch,
                level=min(levels),
                uplink=shown[0],
                downlink=shown[1],
                since=at,
            )
        ]

    def _unpublished(self, moment: Moment, sample: UplinkSample | None) -> list[QualityEvent]:
        before = self._sources
        self._sources = frozenset(() if sample is None else (track.source for track in sample.tracks))
        return [
            Unpublished(
                room=self._room,
                at=moment.stamp(moment.now),
                participant=self.id,
                epoch=self.person.epoch,
                source=source,
            )
            for source in sorted(before - self._sources)
        ]

    def _note(self, direction: Direction, leg: UplinkSample | DownlinkSample | None, now: float) -> None:
        if leg is None or leg.state != "connected":
            self._connected.pop(direction, None)
        else:
            self._connected.setdefault(direction, now)
        if isinstance(leg, UplinkSample) and (flowing := sum(track.packets > 0 for track in leg.tracks)):
            self._flowed = flowing

    def _settled(self, direction: Direction, now: float) -> bool:
        """Whether a leg is connected, and long enough that it can be judged."""
        since = self._connected.get(direction)
        if since is None or self.person.connection != "present":
            return False
        return now - max(since, self._heard_of) >= SETTLING

    def _leg_lost(self, direction: Direction, leg: UplinkSample | DownlinkSample | None, now: float) -> Seen:
        person, report = self.person, self.fresh_report(now)
        if person.connection != "present":
            return "unknown"
        closed = self._closed[direction].look(leg is not None and leg.state == "closed", now)
        if leg is None:
            return None
        if leg.state == "failed":
            return "severe"
        if leg.state == "closed":
            sends = person.microphone or person.camera or bool(person.screens)
            return "severe" if closed >= CLOSED and (direction == "downlink" or sends) else None
        if leg.state == "connecting":
            return "unknown"
        if report is not None:
            state = report.publish if direction == "uplink" else report.subscribe
            if state in ("disconnected", "failed"):
                return "severe"
        patience = SILENT
        if direction == "uplink" and person.microphone and self._flowed:
            patience = SILENT_OF_ALL if self._flowed > 1 else SILENT_OF_ONE
        return "severe" if leg.quiet is not None and leg.quiet >= patience else None

    def _is_clean(self, besides: Source) -> bool:
        """Whether what they sent in the last second came, but for one track; False if nothing else did."""
        if self.sample is None or self.sample.uplink is None or self.sample.late >= LATE:
            return False
        others = [track for track in self.sample.uplink.tracks if track.source != besides and track.packets]
        return bool(others) and all(track.lost <= CLEAN * track.expected for track in others)

    def _track(self, source: Source) -> TrackSample | None:
        uplink = None if self.sample is None else self.sample.uplink
        return None if uplink is None else next((t for t in uplink.tracks if t.source == source), None)


def _devices(report: Report) -> tuple[object, ...]:
    """Return what a page says of its devices that is not a matter of degree."""
    return report.microphone.state, report.camera.state, report.silent
