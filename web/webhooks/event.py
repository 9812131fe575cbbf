"""The events that endpoints are told of, and what each weighs where there is not room for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import attrs

from chatroom.happenings import Happening, RoomEnded, RoomStarted, StayBegan, StayEnded
from chatroom.problems import ProblemKind

#: How the end of a problem is called, where it is not the kind with ``_over``.
_OVER = {"network_slow": "network_ok", "leg_lost": "leg_restored", "worker_lost": "worker_restored"}
_ROOMS = ("server_started", "room_started", "room_ended", "participant_joined", "participant_left")
PROBLEMS: dict[str, str] = {kind: _OVER.get(kind, f"{kind}_over") for kind in get_args(ProblemKind)}
#: All there are.
TYPES: tuple[str, ...] = (*_ROOMS, *PROBLEMS, *PROBLEMS.values())

#: What goes first where there is no room: how a connection is; then what became of a worker; who came and went last.
QUALITY, SERVER, PRESENCE = RANKS = (0, 1, 2)
RANK_NAMES = ("quality", "server", "presence")
_SERVER = {"worker_lost", "server_overloaded"}


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


_SERVER_TYPES = _SERVER | {PROBLEMS[kind] for kind in _SERVER}


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
