"""What holds the loop just now, told while it does: when nothing else can be asked.

The answer to ``/api/stalls`` is a stream of lines of JSON. They are written by the watchdog's thread, past Hypercorn
and the web framework, whose turn does not come as long as a step holds all others up.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Self

import trio
from quart import Blueprint, Response, request
from quart.wrappers.response import ResponseBody

from nurseries import SlowStep, plain
from web.hardening import SENDER
from web.node import Node
from web.observer import Observer
from web.sender import Sender

#: What is encrypted is numbered, and OpenSSL lets only one thread at a time do so, which is the one that is held up.
NOT_OVER_TLS = """\
This cannot be told over TLS, which only the thread can write that is held up.
The log of the server names what holds it, while it does. Or have the listener at 127.0.0.1, and reach it by ssh -L.
"""
#: Who may listen at a time.
HEARERS = 16


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("stalls", __name__)

    @routes.get("/api/stalls")
    async def stalls() -> Response:
        state: dict[str, Any] = request.scope.get("state", {})
        sender: Sender | None = state.get(SENDER)
        if sender is None:
            return Response(NOT_OVER_TLS, HTTPStatus.NOT_IMPLEMENTED, mimetype="text/plain")
        if len(node.observer.hearers) >= HEARERS:
            return Response("There are enough who listen.\n", HTTPStatus.SERVICE_UNAVAILABLE)
        response = Response(_Lines(node.observer, sender), mimetype="application/x-ndjson")
        response.timeout = None  # it ends with whoever listens
        return response

    return routes


class _Lines(ResponseBody):
    def __init__(self, observer: Observer, sender: Sender) -> None:
        self._observer = observer
        self._sender = sender
        self._begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._observer.hearers.discard(self._hear)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._begun:
            self._begun = True
            return b"\n"  # after which the head of the answer is written
        self._observer.hearers.add(self._hear)
        await trio.sleep_forever()
        raise AssertionError("nothing is ever over for ever")

    def _hear(self, step: SlowStep) -> None:
        line = json.dumps({**plain(step), "words": str(step)}).encode() + b"\n"
        self._sender.shout(b"%x\r\n%b\r\n" % (len(line), line))  # a chunk (RFC 9112, section 7.1)
