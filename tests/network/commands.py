"""What can be said to a relay that runs, a line at a time; it answers each with a line of JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from tests.network.conditions import parse
from tests.network.relay import Line, Protocol

HELP = """\
NAME up CONDITIONS      what NAME sends, from now on
NAME down CONDITIONS    what NAME is sent
NAME both CONDITIONS
NAME cut | mend         nothing comes through, and nobody is told
NAME block udp|tcp      swallowed, refused
NAME unblock udp|tcp
NAME move               come from other ports; connections end
NAME statistics
everyone …              any of these, to all

CONDITIONS are a profile or a figure, and more figures: 2%, bursty+50ms, 100ms~30ms (with jitter), 300kbit+queue200ms.
"""


class BadCommand(ValueError):
    """There is no such command; the message says what is wrong."""


def carry_out(command: str, lines: Mapping[str, Line]) -> dict[str, Any]:
    """Do what a command says, to whom it says it; return what there is to answer. Raises BadCommand."""
    match command.split():
        case ["everyone", *words]:
            return {name: _do(words, line) for name, line in lines.items()}
        case [name, *words] if name in lines:
            return _do(words, lines[name])
    raise BadCommand(f"no one of that name in {command!r}; there are everyone, {', '.join(lines)}")


def _do(words: list[str], line: Line) -> dict[str, Any]:
    plain: dict[str, Callable[[], None]] = {"cut": line.cut, "mend": line.mend, "move": line.move}
    match words:
        case [("up" | "down" | "both") as way, text]:
            try:
                like = parse(text)
            except ValueError as error:
                raise BadCommand(str(error)) from error
            line.become(up=None if way == "down" else like, down=None if way == "up" else like)
        case [word] if word in plain:
            plain[word]()
        case [("block" | "unblock") as word, ("udp" | "tcp") as text]:
            protocol: Protocol = "udp" if text == "udp" else "tcp"
            line.block(protocol, blocked=word == "block")
        case ["statistics"]:
            return attrs.asdict(line.statistics())
        case _:
            raise BadCommand(f"{' '.join(words)!r} is no command:\n{HELP}")
    return {}
