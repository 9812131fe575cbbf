"""What a page may ask for. docs/protocol.md is the reference; `chatroom.wire` reads them from frames."""

from __future__ import annotations

from typing import ClassVar

import attrs

from chatroom.media import Source


@attrs.frozen(kw_only=True)
class Join:
    type: ClassVar[str] = "join"
    room: str
    name: str
    microphone: bool
    camera: bool
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Leave:
    type: ClassVar[str] = "leave"
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Chat:
    type: ClassVar[str] = "chat"
    text: str
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Update:
    type: ClassVar[str] = "update"
    microphone: bool | None = None
    camera: bool | None = None
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Publish:
    type: ClassVar[str] = "publish"
    sdp: str
    tracks: dict[str, Source]
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Answer:
    type: ClassVar[str] = "answer"
    offer: int
    sdp: str
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Pong:
    type: ClassVar[str] = "pong"
    ref: str | None = None


Command = Join | Leave | Chat | Update | Publish | Answer | Pong

COMMANDS: dict[str, type[Command]] = {c.type: c for c in (Join, Leave, Chat, Update, Publish, Answer, Pong)}
