"""The operator's app. What it shows is in the modules beside this one; who may see it is decided here."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from quart import Blueprint, Response, abort, redirect, request, send_from_directory, websocket
from quart.typing import ResponseReturnValue, ResponseTypes
from quart.wrappers import Request, Websocket
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from web import origin
from web.node import Node
from web.operator import STATIC, media, metrics, simulate, stalls, statistics, trace, tree
from web.operator.token import Token
from web.response import HEADERS, AppResponse

#: Each makes the routes of one subject.
PARTS: tuple[Callable[[Node], Blueprint], ...] = (
    statistics.blueprint,
    tree.blueprint,
    media.blueprint,
    trace.blueprint,
    stalls.blueprint,
    metrics.blueprint,
    simulate.blueprint,
)

COOKIE = "chatroom_operator"
#: What the login page is made of. It is no secret, and served to everyone on the other listener.
_OPEN = {"login", "enter", "static"}
# With "no-referrer" a browser keeps the Origin of our own forms to itself, too, by which we know them.
_HEADERS = HEADERS | {"Referrer-Policy": "same-origin"}
_SAFE = {"GET", "HEAD", "OPTIONS"}


class OperatorApp(QuartTrio):
    response_class = AppResponse


def create_operator_app(node: Node, token: Token, *, port: int = 0, secure: bool = False) -> OperatorApp:
    """Make the app that shows ``node`` to whoever has ``token``.

    ``port`` is where it is served: browsers do not tell cookies of one host's ports apart. ``secure`` says that it is
    served with TLS.
    """
    app = OperatorApp(__name__, static_folder=str(STATIC.parent.parent / "static"), static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = 65_536
    app.extensions["node"] = node
    cookie = f"{COOKIE}_{port}"
    for part in PARTS:
        app.register_blueprint(part(node))

    @app.get("/")
    async def home() -> ResponseTypes:
        return redirect("/observer")

    @app.get("/operator/static/<path:path>")
    async def own_static(path: str) -> Response:
        return await send_from_directory(STATIC, path)

    @app.get("/login")
    async def login() -> Response:
        return await send_from_directory(STATIC, "login.html")

    @app.post("/login")
    async def enter() -> ResponseTypes:
        form = await request.form
        if not token.matches(form.get("token", "").strip()):
            return redirect("/login#wrong", HTTPStatus.SEE_OTHER)
        answer = redirect("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(cookie, token.cookie, httponly=True, samesite="Strict", secure=secure)
        return answer

    def known(asked: Request | Websocket) -> bool:
        kind, _, said = asked.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return token.matches(said.strip())
        return token.matches_cookie(asked.cookies.get(cookie, "")) and _ours(asked)

    @app.before_request
    async def let_in() -> ResponseReturnValue | None:
        if request.endpoint in _OPEN and request.blueprint is None:
            if request.method not in _SAFE and not _ours(request):
                abort(HTTPStatus.FORBIDDEN)
            return None
        if known(request):
            return None
        if request.method in _SAFE and request.accept_mimetypes.accept_html and "Accept" in request.headers:
            return redirect("/login", HTTPStatus.SEE_OTHER)
        return Response(
            "401 The operator's token is needed.\n",
            HTTPStatus.UNAUTHORIZED,
            {"WWW-Authenticate": "Bearer"},
            mimetype="text/plain",
        )

    @app.before_websocket
    async def let_socket_in() -> None:
        if not known(websocket._get_current_object()):  # type: ignore[attr-defined]
            abort(HTTPStatus.FORBIDDEN)

    @app.after_request
    async def secured(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return Response(f"{code} {HTTPStatus(code).phrase}\n", code, mimetype="text/plain")

    return app


def _ours(asked: Request | Websocket) -> bool:
    """Whether it comes from a page of this listener: to a browser another port of the same host is the same site."""
    return (asked.method in _SAFE and isinstance(asked, Request)) or origin.allowed(
        asked.headers.get("Origin"), asked.headers.get("Host")
    )
