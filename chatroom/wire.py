"""Frames to commands, events to frames.

A frame that is no command at all raises `ProtocolError`, and the socket is closed; a command that is not well formed
raises `UserError`, and is answered. Nothing here coerces: ``"1"`` is not 1, and 1 is not true.
"""

from __future__ import annotations

import json
from functools import cache
from math import isfinite
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import cattrs
from cattrs.errors import CattrsError
from cattrs.gen import make_dict_unstructure_fn

from chatroom.close_codes import NOT_A_COMMAND
from chatroom.commands import COMMANDS, Command
from chatroom.errors import ProtocolError, UserError
from chatroom.events import Event, ParticipantUpdated, Signal, Speakers
from chatroom.frame import Frame
from chatroom.ice_servers import IceServer
from chatroom.media import Source, source_named

MAX_REF = 32
_converter = cattrs.Converter(detailed_validation=False)


def _exactly(kind: type) -> Any:
    def structure(value: Any, _: object) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected")
        return value

    return structure


def _number(value: Any, _: object) -> float:
    if type(value) not in (int, float):
        raise TypeError("number expected")
    try:
        number = float(value)
    except OverflowError:
        raise TypeError("number expected") from None
    if not isfinite(number):
        raise TypeError("number expected")
    return number


_converter.register_structure_hook(float, _number)
for _kind in (str, int, bool):
    _converter.register_structure_hook(_kind, _exactly(_kind))


def _source(value: Any, _: object) -> Source:
    return source_named(_exactly(str)(value, str))


def _integers(value: Any, _: object) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise TypeError("list expected")
    return tuple(_exactly(int)(each, int) for each in value)


_converter.register_structure_hook_func(lambda hint: hint == Source, _source)
_converter.register_structure_hook_func(lambda hint: hint == tuple[int, ...], _integers)


def decode(frame: str) -> Command:
    """Read a command. Raises ProtocolError, UserError.

    A `UserError` raised for a command with a usable ``ref`` carries it as its ``ref`` attribute, for the reply.
    """
    try:
        data = json.loads(frame)
    except (ValueError, RecursionError):
        raise ProtocolError(NOT_A_COMMAND, "This is not JSON.") from None
    if not isinstance(data, dict) or not isinstance(type_ := data.get("type"), str):
        raise ProtocolError(NOT_A_COMMAND, "A frame is a JSON object with a string “type”.")
    ref = data.get("ref")
    if ref is not None and not (isinstance(ref, str) and 1 <= len(ref) <= MAX_REF and ref.isprintable()):
        raise InvalidCommand(f"“ref” is a string of 1 to {MAX_REF} characters.", None)
    if "\\u" in frame and not _encodable(data):
        # JSON can write half a character, which no text frame can carry on to the others.
        raise InvalidCommand("There is text in it that is no Unicode.", ref)
    cls = COMMANDS.get(type_)
    if cls is None:
        raise InvalidCommand("There is no such command.", ref)
    try:
        return _converter.structure(data, cls)
    except (CattrsError, TypeError, ValueError, KeyError, AttributeError):
        raise InvalidCommand(f"“{type_}” needs {_fields(type_)}.", ref) from None


def _encodable(data: object) -> bool:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


class InvalidCommand(UserError):
    """An unknown command, or one with a field missing or of the wrong type."""

    def __init__(self, message: str, ref: str | None) -> None:
        super().__init__("invalid_command", message)
        self.ref = ref


@cache
def _fields(type_: str) -> str:
    """Describe a command's fields for the one who got them wrong."""
    cls = COMMANDS[type_]
    hints = get_type_hints(cls)
    words = [
        f"{field.name}: {_describe(hints[field.name])}" + ("" if field.default is attrs.NOTHING else " (optional)")
        for field in attrs.fields(cls)
        if field.name != "ref"
    ]
    return ", ".join(words) or "no fields"


def _describe(hint: Any) -> str:
    names: dict[Any, str] = {str: "string", bool: "boolean", int: "integer", tuple[int, ...]: "list of integers"}
    if hint in names:
        return names[hint]
    if get_origin(hint) is Literal:
        return " or ".join(f"“{each}”" for each in get_args(hint))
    return next((names[arg] for arg in get_args(hint) if arg in names and type(None) in get_args(hint)), "object")


_events = cattrs.Converter()
# A browser takes null for a username.
_events.register_unstructure_hook(IceServer, make_dict_unstructure_fn(IceServer, _events, _cattrs_omit_if_default=True))


def encode(event: Event) -> Frame:
    """Write an event into a text frame. Done once per broadcast, whatever the number of receivers."""
    text = json.dumps({"type": event.type, **_events.unstructure(event)}, ensure_ascii=False, separators=(",", ":"))
    if isinstance(event, ParticipantUpdated):
        return Frame(text, (event.type, event.participant.id), event.seq)
    if isinstance(event, Signal):
        return Frame(text, (event.type, event.participant))
    # Who speaks now is no news once somebody else does.
    return Frame(text, event.type if isinstance(event, Speakers) else None)
