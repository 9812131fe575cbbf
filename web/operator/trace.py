"""Traces, as a stream of lines of JSON."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, Self

from quart import Blueprint, Response, request
from quart.wrappers.response import ResponseBody

from chatroom.tracing import Follow
from web.node import Node

#: Entries and seconds after which a trace ends, unless asked otherwise, and at the most.
COUNT, MOST = 1_000, 100_000
SECONDS, LONGEST = 60.0, 3_600.0
_ENDED = {"count": "as many as were asked for", "seconds": "the time is up", "stopped": "stopped"}


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("trace", __name__)

    @routes.get("/api/trace")
    async def trace() -> Response:
        """Follow ``who``, an id or a name, and/or a ``room``, for ``count`` entries and ``seconds`` at the most."""
        room, who = request.args.get("room", "").strip(), request.args.get("who", "").strip()
        try:
            count = int(request.args.get("count", COUNT))
            seconds = float(request.args.get("seconds", SECONDS))
        except ValueError:
            return _refuse(HTTPStatus.BAD_REQUEST, "count and seconds are numbers.")
        if not (0 < count <= MOST and 0 < seconds <= LONGEST):
            return _refuse(HTTPStatus.BAD_REQUEST, f"count is up to {MOST}, seconds up to {LONGEST:g}.")
        participant: str | None = None
        if who:
            found = _find(node, who, room)
            if len(found) != 1:
                if found:
                    return _refuse(HTTPStatus.CONFLICT, f"There are {len(found)} of that name: take an id.")
                return _refuse(HTTPStatus.NOT_FOUND, "There is nobody of that id or name.")
            ((room, participant),) = found
        elif not room:
            return _refuse(HTTPStatus.BAD_REQUEST, "who or room is needed.")
        if node.directory.tracer.full:
            return _refuse(HTTPStatus.SERVICE_UNAVAILABLE, "There are enough traces.")
        follow = node.directory.tracer.follow(room=room or None, participant=participant, count=count, seconds=seconds)
        response = Response(_Lines(follow), mimetype="application/x-ndjson")
        response.timeout = None  # it ends by itself
        return response

    return routes


class _Lines(ResponseBody):
    """What is sent: the trace lives for as long as somebody is there to get it."""

    def __init__(self, opened: AbstractContextManager[Follow]) -> None:
        self._opened = opened
        self._follow: Follow
        self._over = False

    async def __aenter__(self) -> Self:
        self._follow = self._opened.__enter__()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._opened.__exit__(None, None, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._over:
            raise StopAsyncIteration
        entry = await self._follow.next()
        if entry is None:
            self._over = True
            statistics = self._follow.statistics()
            why = _ENDED[self._follow.ended or "stopped"]
            words = f"{why}: {statistics.taken} entries, {statistics.skipped} left out"
            return _line({"at": time.time(), "kind": "end", "words": words})
        shown = entry.shown()
        # Whoever is first gets it in everyone's name.
        if self._follow.participant is None and "seq" in shown["body"] and shown["type"] not in {"joined", "resumed"}:
            shown["participant"] = None
        return _line(shown)


def _line(shown: dict[str, Any]) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _find(node: Node, who: str, room: str) -> list[tuple[str, str]]:
    """The room and id of those with that id, or else with that name."""
    here = [
        (each.name, stay.id, stay.join.name)
        for each in node.directory.rooms()
        if not room or each.name == room
        for stay in each.present()
    ]
    return [(name, known) for name, known, _ in here if known == who] or [
        (name, known) for name, known, called in here if called.casefold() == who.casefold()
    ]


def _refuse(status: HTTPStatus, words: str) -> Response:
    return Response(f"{words}\n", status, mimetype="text/plain")
