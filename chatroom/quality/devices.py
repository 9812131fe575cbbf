"""Whether a microphone gives sound and a camera pictures, from what comes and from what their page says of them.

Only a page knows that a device was unplugged, or hears what never arrives; only the worker knows what arrives. Nothing
here has a clock.
"""

from __future__ import annotations

import attrs

from chatroom.commands import Report
from chatroom.problems import Severity
from chatroom.quality.debounce import Seen
from chatroom.quality.samples import TrackSample
from chatroom.reports import Capture

#: A device that is switched on and does not work.
BROKEN = frozenset({"muted", "ended", "denied", "missing", "busy"})
#: Levels (RFC 6464) that are no sound at all. No room is so quiet, but a headset may cut off what is not speech.
SILENCE = 126
#: Seconds of it after which it is noticed, if the page does not hear more than that.
SILENT = 10.0
#: dBFS that the page hears at the device, above which something should arrive.
AUDIBLE = -60.0
#: Seconds for which what arrives may still be from before the page said that nothing comes.
BELIEVED = 2.5
#: Seconds that a device that is on has to be published, and a camera that is wanted to send.
PATIENCE = 4.0


@attrs.define
class Watch:
    """For how long something is so. Times are seconds."""

    since: float | None = None

    def look(self, so: bool, now: float) -> float:
        """Take whether it is so; return for how long it has been."""
        if not so:
            self.since = None
            return 0.0
        self.since = now if self.since is None else self.since
        return now - self.since


@attrs.define
class Gap:
    """For how long nothing comes of a track, by samples that tell what came since the one before."""

    #: When something had come last, or nothing was to come; and which of the two it was.
    well_at: float | None = None
    flowed: bool = False

    def look(self, expected: bool, packets: int, now: float) -> float:
        """Take a sample; return for how long nothing has come, at least."""
        if not expected or packets:
            self.well_at, self.flowed = now, expected
        self.well_at = now if self.well_at is None else self.well_at
        return now - self.well_at


class Microphone:
    """One participant's microphone."""

    def __init__(self) -> None:
        self._missing, self._silent, self._said = Watch(), Watch(), Watch()
        self._gone = Gap()
        #: Whether what was seen last needs no second look.
        self.sure = False
        self.figures: dict[str, float] = {}

    def look(
        self,
        on: bool,
        report: Report | None,
        track: TrackSample | None,
        leg_works: bool,
        quiet: float,
        now: float,
        *,
        clean: bool = False,
    ) -> Seen:
        """Judge it. ``report`` is what the page said lately, ``track`` what came in the last second.

        ``quiet`` is for how long nothing came on that leg: a leg that is silent, too, is another matter. ``clean`` says
        that all else came that was sent in that second: then what did not come was not sent.
        """
        capture = None if report is None else report.microphone
        unpublished = self._missing.look(on and leg_works and track is None, now)
        level = None if track is None or track.packets == 0 else track.level
        silent = self._silent.look(level is not None and level >= SILENCE and on, now)
        gone = self._gone.look(track is not None and on and leg_works, 0 if track is None else track.packets, now)
        said = report is not None and report.silent and on
        said_for = self._said.look(said, now)
        self.sure = False
        self.figures = {"silent": round(max(silent, gone, unpublished), 1)}
        if track is not None and track.level is not None:
            self.figures["level"] = float(-track.level)
        if not on or (capture is not None and capture.state == "off"):
            return None
        if capture is not None and capture.state in BROKEN:
            return "severe"
        if not leg_works:
            return "unknown"
        if track is None:
            return _after(unpublished, PATIENCE, "severe")
        if track.packets == 0:
            # Even who says nothing sends a packet in 400 ms.
            self.sure = clean and self._gone.flowed
            return "severe" if gone > quiet else "unknown"
        # The page hears the device itself, and knows its habits; but not against what arrives.
        if said and (level is None or level >= SILENCE or said_for < BELIEVED):
            self.sure = True
            return "severe"
        if level is not None and level >= SILENCE:
            heard = capture is not None and capture.level is not None and capture.level > AUDIBLE
            return "severe" if heard else _after(silent, SILENT, "mild")
        return None


class Camera:
    """One participant's camera."""

    def __init__(self) -> None:
        self._missing, self._wanted = Watch(), Watch()
        self._frozen = Gap()
        self.figures: dict[str, float] = {}

    def look(
        self, on: bool, capture: Capture | None, track: TrackSample | None, leg_works: bool, quiet: float, now: float
    ) -> Seen:
        """Judge it, as a microphone. One that nobody is sent may have been told to stop."""
        unpublished = self._missing.look(on and leg_works and track is None, now)
        wanted = self._wanted.look(track is not None and track.wanted, now)
        frozen = self._frozen.look(track is not None and on and leg_works, 0 if track is None else track.packets, now)
        self.figures = {"frozen": round(max(frozen, unpublished), 1)}
        if not on or (capture is not None and capture.state == "off"):
            return None
        if capture is not None and capture.state in BROKEN:
            return "severe"
        if not leg_works:
            return "unknown"
        if track is None:
            return _after(unpublished, PATIENCE, "severe")
        if track.packets > 0:
            return None
        return "severe" if wanted >= PATIENCE and frozen > quiet else "unknown"


def _after(seconds: float, patience: float, severity: Severity) -> Seen:
    return severity if seconds >= patience else None
