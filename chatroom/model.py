"""What a room is made of: people, messages, and the reasons for which people leave."""

from __future__ import annotations

from typing import Literal

import attrs

LeaveReason = Literal[
    "left", "tab_closed", "connection_lost", "kicked", "replaced", "room_closed", "server_stopping", "failed"
]


#: Whether someone is heard of just now: see `chatroom.lease`.
Connection = Literal["present", "reconnecting"]


@attrs.frozen
class Participant:
    """A person in a room, as the others see them.

    ``joined_at`` is in Unix seconds; ``screens`` holds the numbers of those that are shared.
    """

    id: str
    epoch: int
    name: str
    microphone: bool
    camera: bool
    joined_at: float
    connection: Connection = "present"
    screens: tuple[int, ...] = ()


@attrs.frozen
class Message:
    """Something said in the chat. ``participant`` and ``name`` are those of the author when it was said."""

    id: int
    participant: str
    name: str
    text: str
    at: float
