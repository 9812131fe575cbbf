"""The events that endpoints are told of, and what each weighs where there is not room for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from chatroom.happenings import Happening, RoomEnded, RoomStarted, StayBegan, StayEnded
from chatroom.problems import ProblemKind
from chatroom.quality.events import OVER, QualityEvent, Trouble

_ROOMS = ("server_started", "room_started", "room_ended", "participant_joined", "participant_left")
#: All there are.
TYPES: tuple[str, ...] = (*_ROOMS, *OVER, *OVER.values())

#: What goes first where there is no room: how a connection is; then what became of a worker; who came and went last.
QUALITY, SERVER, PRESENCE = RANKS = (0, 1, 2)
RANK_NAMES = ("quality", "server", "presence")
_SERVER: tuple[ProblemKind, ...] = ("worker_lost", "server_overloaded")


@attrs.frozen
class Event:
    """One event. ``at`` is in Unix seconds; of the server as a whole ``room`` is empty."""

    type: str
    room: str
    at: float
    data: Mapping[str, Any]

    @property
    def rank(self) -> int:
        """What it weighs: of a lower rank it is dropped earlier."""
        if self.type in _ROOMS:
            return PRESENCE
        return SERVER if self.type in _SERVER_TYPES else QUALITY

    def body(self) -> bytes:
        """The event as it is sent: JSON of ``type``, ``timestamp`` and ``data``."""
        told = {"type": self.type, "timestamp": timestamp(self.at), "data": self.data}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


_SERVER_TYPES = {name for kind in _SERVER for name in (kind, OVER[kind])}


def timestamp(at: float) -> str:
    """Unix seconds as ISO 8601, in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_happening(happening: Happening) -> Event:
    """The event of what a directory tells."""
    room = happening.room
    match happening:
        case RoomStarted(at=at):
            return Event("room_started", room, at, {"room": room})
        case RoomEnded(at=at, started_at=started_at):
            return Event("room_ended", room, at, {"room": room, "started_at": timestamp(started_at)})
        case StayBegan(_, id, epoch, name, at):
            return Event(
                "participant_joined",
                room,
                at,
                {"room": room, "participant": id, "epoch": epoch, "name": name, "joined_at": timestamp(at)},
            )
        case StayEnded(_, id, epoch, name, at, joined_at, reason):
            data = {"room": room, "participant": id, "epoch": epoch, "name": name, "reason": reason}
            times = {"joined_at": timestamp(joined_at), "left_at": timestamp(at)}
            return Event("participant_left", room, at, {**data, **times})


def of_quality(event: QualityEvent) -> Event | None:
    """The event of what the pipeline says; None of what is told otherwise, or to nobody."""
    if not isinstance(event, Trouble):
        return None
    data = {
        "room": event.room,
        "participant": event.participant,
        "epoch": event.epoch,
        "kind": event.kind,
        "direction": event.direction,
        "source": event.source,
        "severity": event.severity,
        "since": timestamp(event.since),
        "concerns": list(event.concerns),
        "figures": dict(event.figures),
    }
    return Event(event.name, event.room, event.at, {name: value for name, value in data.items() if value is not None})
