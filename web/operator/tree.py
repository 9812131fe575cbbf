"""The observer: its page, and what the page and the terminal ask it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import trio
from quart import Blueprint, Response, abort, request, send_from_directory

from web.node import Node
from web.operator import STATIC, look
from web.operator.selection import LIMIT, Wish

#: Seconds for which a meter is on unless asked otherwise.
METER = 30.0
#: Rows and leaders at most.
ROWS, LEADERS = 2_000, 100


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("tree", __name__)

    @routes.get("/observer")
    async def page() -> Response:
        return await send_from_directory(STATIC, "observer.html")

    @routes.get("/api/tree")
    async def tree() -> dict[str, Any]:
        return _tree(node)

    @routes.get("/api/top")
    async def top() -> dict[str, Any]:
        return {"top": _top(node)}

    @routes.get("/api/timeline")
    async def timeline() -> dict[str, Any]:
        return {"timeline": look.timeline(node, _number("after", 0))}

    @routes.get("/api/look")
    async def everything() -> dict[str, Any]:
        """All of it in one answer."""
        leaders = _top(node)
        await trio.lowlevel.checkpoint()  # each part is a step of some milliseconds where a thousand people are
        return {
            **look.overview(node),
            "tree": _tree(node),
            "top": leaders,
            "timeline": look.timeline(node, _number("after", 0)),
        }

    @routes.post("/api/meter")
    async def meter() -> dict[str, Any]:
        """Meter for ``seconds``; 0 ends it. Metering changes nothing of what the server does."""
        try:
            seconds = float(request.args.get("seconds", METER))
        except ValueError:
            abort(HTTPStatus.BAD_REQUEST)
        if seconds > 0:
            node.observer.meter.start(seconds)
        else:
            node.observer.meter.stop()
        statistics: dict[str, Any] = look.overview(node)["meter"]
        return statistics

    return routes


def _tree(node: Node) -> dict[str, Any]:
    wish = Wish(
        opened=_ids("open"),
        folded=_ids("fold"),
        search=request.args.get("search", "").strip(),
        limit=min(_number("limit", LIMIT), ROWS),
    )
    return look.tree(node, wish, request.args.get("under", "").strip(), request.args.get("stacks", "") in {"1", "yes"})


def _top(node: Node) -> list[dict[str, Any]]:
    by = request.args.get("by", "cpu")
    order = next((each for each in look.ORDERS if each == by), None)
    if order is None:
        abort(HTTPStatus.BAD_REQUEST)
    return look.top(node, order, min(_number("n", 10), LEADERS))


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        abort(HTTPStatus.BAD_REQUEST)
    return int(text)


def _ids(name: str) -> frozenset[int]:
    return frozenset(int(each) for each in request.args.get(name, "").split(",") if each.isascii() and each.isdecimal())
