"""A room as the peers in Python keep it: what they would all write alike."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

import attrs

Socket = TypeVar("Socket", bound=Hashable)


def encode(event: Mapping[str, Any]) -> str:
    """Write an event, as tersely as ours are."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


@attrs.define(eq=False)
class Room(Generic[Socket]):
    """Who is there, by their sockets, and the next numbers. The events come encoded."""

    name: str
    people: dict[Socket, dict[str, Any]] = attrs.field(factory=dict)
    seq: int = 0
    messages: int = 0

    def join(self, socket: Socket, command: Mapping[str, Any]) -> tuple[str, str]:
        """Let someone in: what the others are told, and what the newcomer is."""
        self.seq += 1
        you = secrets.token_hex(8)
        person = {
            "id": you,
            "epoch": 1,
            "name": command["name"],
            "microphone": command["microphone"],
            "camera": command["camera"],
            "connection": "present",
            "joined_at": time.time(),
        }
        others = encode({"type": "participant_joined", "seq": self.seq, "participant": person})
        self.people[socket] = person
        snapshot = {"room": self.name, "you": you, "participants": list(self.people.values())}
        return others, encode({"type": "joined", "ref": command.get("ref"), "seq": self.seq, **snapshot})

    def say(self, socket: Socket, text: str) -> str:
        """What everyone is told when someone writes."""
        self.seq += 1
        self.messages += 1
        who = self.people[socket]
        message = {"id": self.messages, "participant": who["id"], "name": who["name"], "text": text, "at": time.time()}
        return encode({"type": "chat", "seq": self.seq, "message": message})

    def leave(self, socket: Socket) -> str:
        """Let someone out: what the others are told."""
        self.seq += 1
        person = self.people.pop(socket)
        event = {"id": person["id"], "name": person["name"], "reason": "left"}
        return encode({"type": "participant_left", "seq": self.seq, **event})
