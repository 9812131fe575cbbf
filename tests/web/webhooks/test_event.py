"""Events as they are told."""

from __future__ import annotations

import json

from chatroom.happenings import Happening, RoomEnded, RoomStarted, StayBegan, StayEnded
from chatroom.quality.events import OVER, Signalled, Trouble
from web.webhooks.event import PRESENCE, QUALITY, SERVER, TYPES, Event, of_happening, of_quality


def told(event: Event) -> dict[str, object]:
    read = json.loads(event.body())
    assert set(read) == {"type", "timestamp", "data"}
    assert read["type"] in TYPES
    return {"type": read["type"], "timestamp": read["timestamp"], **read["data"]}


def test_the_life_of_a_room() -> None:
    began, ended = "2026-11-26T14:00:00.000Z", "2026-11-26T14:01:00.500Z"
    at, later = 1795701600.0, 1795701660.5
    happened: list[Happening] = [
        RoomStarted("blau", at),
        StayBegan("blau", "p1", 7, "Zoë", at),
        StayEnded("blau", "p1", 7, "Zoë", later, at, "tab_closed"),
        RoomEnded("blau", later, at),
    ]
    events = [of_happening(each) for each in happened]
    stay = {"room": "blau", "participant": "p1", "epoch": 7, "name": "Zoë", "joined_at": began}
    assert [told(event) for event in events] == [
        {"type": "room_started", "timestamp": began, "room": "blau"},
        {"type": "participant_joined", "timestamp": began, **stay},
        {"type": "participant_left", "timestamp": ended, **stay, "left_at": ended, "reason": "tab_closed"},
        {"type": "room_ended", "timestamp": ended, "room": "blau", "started_at": began},
    ]
    assert {event.rank for event in events} == {PRESENCE}


def test_what_is_wrong_and_that_it_is_over() -> None:
    trouble = Trouble(
        room="blue",
        at=2.0,
        participant="p1",
        epoch=7,
        kind="network_slow",
        direction="uplink",
        severity="mild",
        since=1.0,
        concerns=("p2",),
        figures={"loss": 0.1},
    )
    event = of_quality(trouble)
    assert event is not None
    assert told(event) == {
        "type": "network_slow",
        "timestamp": "1970-01-01T00:00:02.000Z",
        "room": "blue",
        "participant": "p1",
        "epoch": 7,
        "kind": "network_slow",
        "direction": "uplink",
        "severity": "mild",
        "since": "1970-01-01T00:00:01.000Z",
        "concerns": ["p2"],
        "figures": {"loss": 0.1},
    }
    assert event.rank == QUALITY
    over = of_quality(Trouble(room="blue", at=3.0, kind="worker_lost", over=True, severity="severe", since=1.0))
    assert over is not None
    assert (over.type, over.rank) == ("worker_restored", SERVER)
    assert "participant" not in over.data
    assert of_quality(Signalled(room="blue", at=1.0, level=4, uplink=4, downlink=4, since=0.0)) is None
    assert set(OVER) | set(OVER.values()) < set(TYPES)
