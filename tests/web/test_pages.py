"""What the HTTP side answers, on a real socket."""

from __future__ import annotations

import json

import attrs
import pytest

from chatroom.testing import FakeMedia
from media.bridge import Suspect
from tests.web import raw
from tests.web.raw import get
from tests.web.served import serving
from web.app import create_app
from web.node import State
from web.settings import Settings

HEADERS = {
    "content-security-policy",
    "permissions-policy",
    "referrer-policy",
    "x-content-type-options",
    "cross-origin-opener-policy",
    "cache-control",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/r/blue", 200),
        ("GET", "/r/%E9%9D%92", 200),
        ("GET", "/healthz", 200),
        ("GET", "/static/theme.js", 200),
        ("HEAD", "/static/theme.js", 200),
        ("OPTIONS", "/", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/r/", 404),
        ("GET", "/r/a/b", 404),
        ("GET", "/r/a%20b", 404),
        ("GET", "/r/" + "x" * 65, 404),
        ("GET", "/r/%2e%2e", 404),
        ("GET", "/r/%00", 404),
        ("GET", "/r/%ff", 404),
        ("GET", "/r/%ED%A0%80", 404),
        ("GET", "/r/%E2%80%AE", 404),
        ("GET", "/ws", 400),
        ("GET", "/static/", 404),
        ("GET", "/static/nothing.js", 404),
        ("GET", "/static/components", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/../../pyproject.toml", 404),
        ("GET", "/static/%2e%2e/app.py", 404),
        ("GET", "/static/..%2fapp.py", 404),
        ("GET", "/static/%2e%2e%2fapp.py", 404),
        ("GET", "/static/..%5capp.py", 404),
        ("GET", "/static/components/../../app.py", 404),
        ("GET", "/static//etc/passwd", 308),
        ("GET", "/static/%2fetc/passwd", 308),
        ("GET", "/static/theme.js%00", 404),
        ("GET", "/static/" + "x" * 5_000, 404),
        ("POST", "/", 405),
        ("PUT", "/static/theme.js", 405),
        ("DELETE", "/r/blue", 405),
        ("BREW", "/healthz", 405),
    ],
)
async def test_every_answer_has_its_status_and_the_headers_that_protect(method: str, path: str, status: int) -> None:
    async with serving() as server:
        answered, headers, body = await get(server.port, path, method)
    assert answered == status
    assert headers.keys() >= HEADERS
    assert "server" not in headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    if method == "HEAD":
        assert body == ""
        assert int(headers["content-length"]) > 0
    if status == 308:
        assert headers["location"].endswith("/static/etc/passwd")  # where there is nothing
    if status >= 400 and method != "HEAD":
        assert body.startswith(str(status))
        assert headers["content-type"].startswith("text/plain")


async def test_a_refused_websocket_has_them_too() -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.send(raw.upgrade(b"Origin: https://evil.example"))
        head = (await peer.head()).decode().lower()
    assert head.startswith("http/1.1 403 ")
    assert all(f"\r\n{name}: " in head for name in HEADERS)


@pytest.mark.parametrize("path", ["/", "/r/blue", "/static/theme.js"])
async def test_what_a_browser_has_is_not_sent_again(path: str) -> None:
    async with serving() as server:
        _, headers, body = await get(server.port, path)
        assert body
        assert headers["cache-control"] == "no-cache"
        status, again, nothing = await get(server.port, path, "GET", f"If-None-Match: {headers['etag']}")
        assert (status, nothing) == (304, "")
        assert again["etag"] == headers["etag"]
        assert again.keys() >= HEADERS
        status, _, _ = await get(server.port, path, "GET", 'If-None-Match: "another"')
        assert status == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    async with serving() as server:
        status, headers, _ = await get(server.port, "/", "POST", "Content-Length: 20000")
    assert status == 413
    assert headers.keys() >= HEADERS


async def test_modules_are_sent_as_javascript_and_styles_as_css() -> None:
    async with serving() as server:
        for path, kind in [("theme.js", "text/javascript"), ("styles/base.css", "text/css")]:
            _, headers, _ = await get(server.port, f"/static/{path}")
            assert headers["content-type"].startswith(kind)


async def test_health_says_what_lives() -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.join()
        status, headers, body = await get(server.port, "/healthz")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == {
        "state": "running",
        "rooms": {"rooms": 1, "participants": 1, "admissions": 1},
        "sockets": 1,
        "media": True,
        "workers": [],
        "suspects": {"apart": 0, "refused": 0},
    }


async def test_health_does_not_say_what_rooms_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(), FakeMedia())
    node = app.extensions["node"]
    suspects = (Suspect("secret", "apart", 1, 600.0), Suspect("hidden", "refused", 3, 15.0))
    told = attrs.evolve(node.statistics(), suspects=suspects)
    monkeypatch.setattr(node, "statistics", lambda: told)
    answer = await app.test_client().get("/healthz")
    assert (await answer.get_json())["suspects"] == {"apart": 1, "refused": 1}
    assert b"secret" not in await answer.get_data(as_text=False)


@pytest.mark.parametrize("state", ["starting", "draining", "stopped"])
async def test_health_is_bad_while_nobody_is_let_in(state: State) -> None:
    app = create_app(Settings(), FakeMedia())
    app.extensions["node"].state = state
    answer = await app.test_client().get("/healthz")
    assert answer.status_code == 503
    assert (await answer.get_json())["state"] == state


async def test_a_link_that_leads_nowhere_says_so_in_a_page_with_a_way_home() -> None:
    client = create_app(Settings(), FakeMedia()).test_client()
    response = await client.get("/r/a%20b", headers={"Accept": "text/html,*/*"})
    text = await response.get_data(as_text=True)
    assert response.status_code == 404
    assert "There is no such room" in text
    assert 'href="/"' in text
