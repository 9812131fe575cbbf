"""Who is let in to see what the operator sees."""

from __future__ import annotations

import pytest
from quart.testing import WebsocketResponseError
from quart.typing import TestClientProtocol as Client

from chatroom.testing import FakeMedia
from web.node import Node
from web.operator.app import create_operator_app
from web.operator.token import Token
from web.settings import Settings

TOKEN = Token("correct-horse-battery")
PATH = "/api/statistics"


@pytest.fixture
def client() -> Client:
    return create_operator_app(Node(Settings(), FakeMedia()), TOKEN, port=1).test_client()


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic correct-horse-battery", "Bearer correct-horse-batterü"]
)
@pytest.mark.parametrize("path", [PATH, "/", "/nowhere", "/operator/static/login.html"])
async def test_without_the_token_there_is_nothing(client: Client, said: str, path: str) -> None:
    answer = await client.get(path, headers={"Authorization": said} if said else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_with_the_token_there_is(client: Client) -> None:
    answer = await client.get(PATH, headers={"Authorization": f"Bearer {TOKEN.text}"})
    assert answer.status_code == 200
    assert (await answer.get_json())["state"] == "starting"
    assert (await client.get("/nowhere", headers={"Authorization": f"Bearer {TOKEN.text}"})).status_code == 404


async def test_a_browser_is_led_to_the_login_page_and_in(client: Client) -> None:
    answer = await client.get(PATH, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    page = await (await client.get("/login")).get_data(as_text=True)
    assert "<form" in page
    assert (await client.get("/login")).headers["Referrer-Policy"] == "same-origin"  # or the form has no Origin
    assert (await client.get("/static/styles/login.css")).status_code == 200

    wrong = await client.post("/login", form={"token": "wrong"})
    assert wrong.headers["Location"] == "/login#wrong"
    assert "Set-Cookie" not in wrong.headers

    right = await client.post("/login", form={"token": TOKEN.text})
    cookie = right.headers["Set-Cookie"]
    assert (right.status_code, right.headers["Location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN.text not in cookie
    assert (await client.get(PATH)).status_code == 200


async def test_a_page_of_another_port_cannot_use_the_cookie_to_change_anything() -> None:
    app = create_operator_app(Node(Settings(), FakeMedia()), TOKEN, port=1)

    @app.post("/change")
    async def change() -> str:
        return "changed"

    client = app.test_client()
    await client.post("/login", form={"token": TOKEN.text})
    for origin, status in [("http://localhost:8000", 401), ("http://localhost", 200), ("null", 401)]:
        answer = await client.post("/change", headers={"Origin": origin, "Host": "localhost"})
        assert answer.status_code == status
    answer = await client.post("/login", form={"token": TOKEN.text}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


async def test_a_websocket_needs_the_token_too() -> None:
    app = create_operator_app(Node(Settings(), FakeMedia()), TOKEN, port=1)

    @app.websocket("/live")
    async def live() -> None:
        from quart import websocket

        await websocket.send("in")

    client = app.test_client()
    async with client.websocket("/live", headers={"Authorization": f"Bearer {TOKEN.text}"}) as socket:
        assert await socket.receive() == "in"
    with pytest.RaisesGroup(WebsocketResponseError):
        async with client.websocket("/live") as socket:
            await socket.receive()
