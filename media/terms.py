"""The few words of the media plane that both the bridge and a worker use of things; see `media.messages`."""

from __future__ import annotations

from typing import Literal

#: What a track is of. A screen and the sound of what is on it have the same number.
Source = Literal[
    "microphone", "camera",
    "screen:1", "screen:2", "screen:3", "screen:4", "screen:5",
    "screen:6", "screen:7", "screen:8", "screen:9",
    "screen_sound:1", "screen_sound:2", "screen_sound:3", "screen_sound:4",
    "screen_sound:5", "screen_sound:6", "screen_sound:7", "screen_sound:8", "screen_sound:9",
]  # fmt: skip
Leg = Literal["publish", "subscribe"]
LegState = Literal["connecting", "connected", "failed", "closed"]
#: Why a picture is not sent: the link does not take it, it is not on the page, or the page cannot decode it.
PauseReason = Literal["bandwidth", "layout", "codec"]
VideoCodec = Literal["vp8", "vp9", "h264", "av1"]
Carrier = Literal["udp", "tcp"]
#: How far encryption is: nothing of it came yet, it began, it is there, it failed, it was ended.
DtlsState = Literal["waiting", "handshaking", "secure", "failed", "closed"]
#: What a page says to a track that it is offered.
Agreement = Literal["offered", "accepted", "refused"]
#: All there are, in the order in which they are chosen unless a server says otherwise: every browser has VP8, sends it
#: in layers and temporal layers, and needs the least of its processor for it.
VIDEO_CODECS: tuple[VideoCodec, ...] = ("vp8", "vp9", "h264", "av1")


def is_screen(source: Source) -> bool:
    """Whether it is the picture of a screen."""
    return source.startswith("screen:")


def is_screen_sound(source: Source) -> bool:
    """Whether it is the sound of what is on a screen."""
    return source.startswith("screen_sound:")
