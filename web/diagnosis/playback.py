"""The last hops, of which only the receiver's page knows."""

from __future__ import annotations

from web.diagnosis.evidence import Evidence
from web.diagnosis.findings import Finding, broken, ok, poor, unknown

#: Seconds that a report must be about for its zeros to mean something.
ENOUGH = 0.5
#: The share of sound that is made up beyond which it is hardly understood.
MADE_UP = 0.15
#: The share of the time without a new picture beyond which it is no moving one.
STANDING = 0.6


def arrives(e: Evidence) -> Finding:
    """Whether the receiver's browser gets anything to play."""
    name, playing = e.receiver.name, e.playing
    if e.receiver.says is None:
        return unknown(f"{name}’s page does not say")
    if playing is None or playing.seconds < ENOUGH:
        return unknown(f"{name}’s page has not watched it for long enough")
    count, what = (playing.packets, "packets") if e.sound else (playing.frames, "pictures")
    if count is None:
        return unknown(f"{name}’s page has no such track")
    figures = f"{count / playing.seconds:.0f} {what} a second"
    if count or not e.going(lambda consumer: consumer.packets):
        return ok(figures)
    if e.sound:
        return broken(
            figures,
            "lost_on_the_way",
            "to",
            f"The server sends {name} {e.sender.name}’s sound, and none of it arrives.",
            f"{name} reloads the page, or tries another network.",
        )
    return broken(
        figures,
        "not_decoded",
        "to",
        f"{e.sender.name}’s {e.what} is sent to {name}, whose browser makes no picture of it.",
        f"{name} reloads the page. If that does not help, the computer may have too much to do.",
    )


def is_played(e: Evidence) -> Finding:
    """Whether the receiver hears or sees it."""
    report, playing = e.receiver.says, e.playing
    name = e.receiver.name
    if report is None:
        return unknown(f"{name}’s page does not say")
    if e.sound and report.sound == "blocked":
        return broken(
            "blocked",
            "playback_blocked",
            "to",
            f"{name}’s browser plays no sound before {name} has clicked on the page.",
            f"{name} clicks “Click to hear everyone”, or anywhere on the page.",
        )
    if e.sound and report.sound == "off":
        return broken(
            "off", "sound_off", "to", f"{name} has switched all sound off.", f"{name} switches it on in the page."
        )
    if playing is None or playing.seconds < ENOUGH:
        return ok(report.sound) if e.sound else unknown(f"{name}’s page has not watched it for long enough")
    if e.sound and playing.concealed is not None and playing.concealed > MADE_UP:
        return poor(
            f"{playing.concealed:.0%} of it is made up",
            "choppy",
            "network",
            f"{e.sender.name}’s sound reaches {name} in pieces: {playing.concealed:.0%} of it is missing.",
            "Whoever has the worse connection turns the camera off, or moves closer to the wireless router.",
        )
    standing = None if playing.frozen is None else playing.frozen / playing.seconds
    if e.kind == "video" and standing is not None and standing > STANDING:
        return poor(
            f"stood still for {playing.frozen:.1f} of {playing.seconds:.1f} s",
            "frozen",
            "network",
            f"{e.sender.name}’s picture stands still on {name}’s page.",
            f"{e.sender.name} switches the camera off and on.",
        )
    if e.sound:
        level = "" if playing.level is None else f", {playing.level:.0f} dB"
        return ok(f"{report.sound}{level}")
    return ok("shown")
