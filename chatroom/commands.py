"""What a page may ask for. docs/protocol.md is the reference; `chatroom.wire` reads them from frames."""

from __future__ import annotations

from typing import ClassVar

import attrs

from chatroom.media import Source
from chatroom.reports import Capture, ConnectionState, Playing, SoundState


@attrs.frozen(kw_only=True)
class Join:
    type: ClassVar[str] = "join"
    room: str
    name: str
    microphone: bool
    camera: bool
    screens: tuple[int, ...] = ()
    #: Of the page's own choosing: a join that was not answered is said again with the same.
    key: str | None = attrs.field(default=None, repr=False)
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Resume:
    type: ClassVar[str] = "resume"
    room: str
    token: str = attrs.field(repr=False)
    seq: int
    microphone: bool
    camera: bool
    screens: tuple[int, ...] = ()
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
    screens: tuple[int, ...] | None = None
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
class Restart:
    type: ClassVar[str] = "restart"
    fresh: bool
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Layout:
    type: ClassVar[str] = "layout"
    sizes: dict[str, int]
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Report:
    type: ClassVar[str] = "report"
    microphone: Capture
    camera: Capture
    sound: SoundState
    publish: ConnectionState
    subscribe: ConnectionState
    #: By participant, or by ``participant/screen:N``.
    playing: dict[str, Playing]
    #: Whether its person talks though the microphone is switched off.
    talking: bool = False
    #: Whether nothing at all comes from the microphone, though it is switched on, for longer than is usual with it.
    silent: bool = False
    #: Whether the camera, though it is on, shows only black.
    dark: bool = False
    #: Whether the page is in the background.
    hidden: bool = False
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Ping:
    type: ClassVar[str] = "ping"
    ref: str | None = None


@attrs.frozen(kw_only=True)
class Pong:
    type: ClassVar[str] = "pong"
    n: int | None = None
    ref: str | None = None


Command = Join | Resume | Leave | Chat | Update | Publish | Answer | Restart | Layout | Report | Ping | Pong

_ALL: tuple[type[Command], ...] = (
    Join, Resume, Leave, Chat, Update, Publish, Answer, Restart, Layout, Report, Ping, Pong
)  # fmt: skip
COMMANDS: dict[str, type[Command]] = {c.type: c for c in _ALL}
