"""The web application: pages, websocket, health. `create_app` is what an ASGI server is given."""

from __future__ import annotations

import errno
import os
from http import HTTPStatus
from pathlib import Path

import attrs
from quart import Response, abort, has_request_context, request, websocket
from quart.typing import ResponseReturnValue, ResponseTypes
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, NotFound

from chatroom.errors import UserError
from chatroom.media import Media
from chatroom.names import room_name
from media.bridge import count_standings
from web import hardening, logs, origin
from web.asgi import WebsocketConnection
from web.diagnosis.route import add_route as add_diagnosis
from web.lifespan import Lifespan
from web.node import Node, NodeStatistics
from web.response import HEADERS, AppResponse
from web.settings import Settings, load
from web.socket import serve_socket

STATIC = Path(__file__).parent / "static"


class App(QuartTrio):
    """A Quart-Trio app whose lifespan is a `Node`'s."""

    response_class = AppResponse
    asgi_lifespan_class = Lifespan  # type: ignore[assignment]
    asgi_websocket_class = WebsocketConnection


def create_app(settings: Settings | None = None, media: Media | None = None) -> App:
    """Make the application. Without ``settings`` they are read from the environment, as ``hypercorn`` users want it.

    ``media`` is given by tests. Raises BadSettings.
    """
    if settings is None:
        settings = load(environ=os.environ)
        logs.configure(settings.log_level, settings.log_format)
    hardening.install(max_message=settings.limits.frame_bytes)
    app = App(__name__, static_folder=str(STATIC), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = 16_384  # nothing is uploaded here
    node = app.extensions["node"] = Node(settings, media)

    @app.get("/")
    async def home() -> Response:
        return await app.send_static_file("index.html")

    @app.get("/r/<room>")
    async def room(room: str) -> Response:
        try:
            room_name(room)
        except UserError:
            abort(HTTPStatus.NOT_FOUND)
        return await app.send_static_file("room.html")

    @app.get("/healthz")
    async def health() -> tuple[dict[str, object], HTTPStatus]:
        statistics = node.statistics()
        lives = statistics.state == "running"
        return _public(statistics), HTTPStatus.OK if lives else HTTPStatus.SERVICE_UNAVAILABLE

    @app.get("/api/rooms/<room>/log")
    async def log(room: str) -> ResponseReturnValue:
        try:
            kept = node.directory.log(room_name(room))
        except UserError as error:
            return {"error": error.message}, HTTPStatus.NOT_FOUND
        if kept is None:
            return {"error": "Nobody was in this room lately."}, HTTPStatus.NOT_FOUND
        return {"room": room_name(room), **attrs.asdict(kept.statistics()), "stays": [attrs.asdict(r) for r in kept]}

    add_diagnosis(app, node)

    @app.websocket("/ws")
    async def ws() -> None:
        headers = websocket.headers
        if not origin.allowed(headers.get("Origin"), headers.get("Host"), settings.allow_origin):
            abort(HTTPStatus.FORBIDDEN)
        await serve_socket(websocket._get_current_object(), node)  # type: ignore[attr-defined]

    @app.before_request
    async def measure() -> None:
        if (request.content_length or 0) > app.config["MAX_CONTENT_LENGTH"]:
            abort(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    @app.after_request
    async def secure(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.after_websocket
    async def secure_refusal(response: ResponseTypes | None) -> ResponseTypes | None:
        if response is not None:
            response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if code == HTTPStatus.NOT_FOUND and has_request_context() and request.accept_mimetypes.accept_html:
            response = await app.send_static_file("missing.html")
            response.status_code = code
            return response
        return Response(f"{code} {HTTPStatus(code).phrase}\n", code, mimetype="text/plain")

    @app.errorhandler(OSError)
    async def unreadable(error: OSError) -> Response:
        if error.errno != errno.ENAMETOOLONG:  # only that is the doing of who asks
            raise error
        return await refused(NotFound())

    return app


def _public(statistics: NodeStatistics) -> dict[str, object]:
    """What anybody may know: not where other machines are, nor what rooms are called."""
    told = attrs.asdict(statistics)
    del told["webhooks"]
    told["rooms"] = {name: told["rooms"][name] for name in ("rooms", "participants", "admissions")}
    told["suspects"] = count_standings(statistics.suspects)
    for number, worker in enumerate(told["workers"]):
        if worker.pop("address") is not None:
            worker["name"] = f"remote:{number}"
    return told
