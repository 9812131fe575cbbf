"""What a page says of itself: its devices, its connections, and what it plays. Only a page can know these."""

from __future__ import annotations

from typing import Literal

import attrs

#: ``live``: it sends. ``off``: its person switched it off. ``muted``: the system or the device did. ``ended``: it was
#: unplugged. ``denied``: not allowed. ``missing``: there is none. ``busy``: another program has it.
CaptureState = Literal["live", "off", "muted", "ended", "denied", "missing", "busy"]
#: ``blocked``: the browser plays nothing before its person clicks. ``off``: its person switched all sound off.
SoundState = Literal["playing", "blocked", "off"]
#: As ``RTCPeerConnection.connectionState`` has it (W3C WebRTC 1.0, 4.3.3); ``none`` where there is no connection.
ConnectionState = Literal["none", "new", "connecting", "connected", "disconnected", "failed", "closed"]

#: The most pictures and voices of one report.
MAX_PLAYING = 200


@attrs.frozen
class Capture:
    """A device. ``level`` is the loudest that came from a microphone since the last report, in dBFS, if it is known."""

    state: CaptureState
    level: float | None = None


@attrs.frozen
class Playing:
    """What came of one participant, or of one screen, since the last report, which was ``seconds`` ago.

    ``concealed`` is the share of the sound that was made up for want of packets, ``level`` its loudest in dBFS;
    ``frames`` counts those decoded, ``frozen`` the seconds without a new one though the picture is on. A field is null
    where there is no such track.
    """

    seconds: float
    packets: int | None = None
    level: float | None = None
    concealed: float | None = None
    frames: int | None = None
    frozen: float | None = None
