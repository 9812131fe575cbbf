"""The events that tests of the page are held to, in ``fixtures/events.json``, are those that the server writes.

After a change to an event, write the file anew: ``python -m tests.web.test_fixtures``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from chatroom.events import (
    ChatSaid,
    Error,
    Event,
    IceServersRenewed,
    Joined,
    Layers,
    MediaLost,
    MediaRestored,
    Offer,
    Ok,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantUpdated,
    Ping,
    Problem,
    ProblemOver,
    Published,
    ReportWanted,
    Republish,
    Resumed,
    ServerStopping,
    Signal,
    Skipped,
    Speakers,
    VideoPaused,
    VideoResumed,
)
from chatroom.ice_servers import IceServers
from chatroom.media import TrackInfo
from chatroom.model import Message, Participant
from chatroom.wire import encode

FILE = Path(__file__).with_name("fixtures") / "events.json"

_ADA = Participant("p1", 1, "Ada", microphone=True, camera=False, joined_at=1_790_000_000.25)
_BOB = Participant("p2", 2, "Bob", microphone=True, camera=True, joined_at=1_790_000_003.5)
_SERVERS = IceServers(("stun:stun.example.org", "turn:turn.example.org:3478?transport=tcp"), b"secret").for_participant(
    "p2", 1_790_000_000.0
)
_HELLO = Message(1, "p1", "Ada", "Hello", 1_790_000_001.75)

EXAMPLES: dict[str, Event] = {
    "joined": Joined(
        ref="c1", seq=7, room="quiet-otter-42", you="p2", participants=(_ADA, _BOB), messages=(_HELLO,), media=True,
        media_port=10_000, media_session=1, token="t0k3n", heartbeat=2.0, ice_servers=(), screens=2,
    ),
    "resumed": Resumed("c5", 7, media=True, media_session=2, ice_servers=_SERVERS),
    "participant_joined": ParticipantJoined(8, Participant("p3", 3, "Čeněk", False, False, 1_790_000_009.0)),
    "participant_updated": ParticipantUpdated(9, Participant("p3", 3, "Čeněk", True, False, 1_790_000_009.0)),
    "participant_reconnecting": ParticipantUpdated(
        10, Participant("p3", 3, "Čeněk", True, False, 1_790_000_009.0, "reconnecting")
    ),
    "participant_sharing": ParticipantUpdated(
        11, Participant("p3", 3, "Čeněk", True, False, 1_790_000_009.0, screens=(1, 3))
    ),
    "participant_left": ParticipantLeft(12, "p3", "Čeněk", "connection_lost"),
    "chat": ChatSaid(13, Message(2, "p2", "Bob", "Two\nlines", 1_790_000_020.125)),
    "ok": Ok("c2"),
    "published": Published("c3", "v=0\r\n"),
    "error": Error("c4", "room_full", "This room is full."),
    "error_without_ref": Error(None, "rate_limited", "Too many commands."),
    "offer": Offer(4, "v=0\r\n", {"0": TrackInfo("p1", "microphone"), "1": TrackInfo("p1", "camera")}),
    "offer_of_a_screen": Offer(
        5, "v=0\r\n", {"2": TrackInfo("p1", "screen:1"), "3": TrackInfo("p1", "screen_sound:1")}
    ),
    "ice_servers": IceServersRenewed(_SERVERS),
    "media_lost": MediaLost("Pictures and sound are being restored."),
    "media_restored": MediaRestored(2),
    "video_paused": VideoPaused("p1", "camera", "bandwidth"),
    "video_paused_by_layout": VideoPaused("p1", "camera", "layout"),
    "video_paused_of_a_screen": VideoPaused("p1", "screen:1", "bandwidth"),
    "video_resumed": VideoResumed("p1", "camera"),
    "layers": Layers("1", ("q", "h")),
    "video_paused_by_its_codec": VideoPaused("p1", "camera", "codec"),
    "republish": Republish(),
    "speakers": Speakers(("p2",), ("p1", "p3")),
    "report_wanted": ReportWanted(),
    "signal": Signal("p1", 2, 2, 4, 1_790_000_030.5),
    "signal_of_one_direction": Signal("p3", 4, None, 4, 1_790_000_031.0),
    "problem": Problem(
        "network_slow", "p1", "uplink", None, "severe", 1_790_000_030.5, ("p2", "p3"), {"loss": 0.12, "round_trip": 0.4}
    ),
    "problem_of_a_device": Problem("microphone_silent", "p2", None, "microphone", "mild", 1_790_000_032.0, (), {}),
    "problem_of_ours": Problem("server_overloaded", None, None, None, "severe", 1_790_000_033.0, (), {"late": 0.7}),
    "problem_over": ProblemOver("network_slow", "p1", "uplink", None),
    "skipped": Skipped(6),
    "ping": Ping(1, None),
    "ping_with_rtt": Ping(2, 0.031),
    "server_stopping": ServerStopping("The server is being updated.", 0.0, 1.0),
    "server_stopping_later": ServerStopping("The server will stop soon.", 300.0, 1.0),
}  # fmt: skip


def written() -> str:
    events = {name: json.loads(encode(event).text) for name, event in EXAMPLES.items()}
    return json.dumps(events, indent=2, ensure_ascii=False) + "\n"


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EXAMPLES.values()} == set(get_args(Event))


def test_the_file_is_what_the_server_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == written(), "python -m tests.web.test_fixtures writes it anew"


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
