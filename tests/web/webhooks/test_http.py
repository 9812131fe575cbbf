"""One POST, to servers on this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from tests.ports import free_port
from web.webhooks.http import MAX_ANSWER, Answer, judge, open_post
from web.webhooks.settings import check_url, endpoint_name

Serve = Callable[[trio.SocketStream], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve) -> AsyncGenerator[str, None]:
    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/hook?a=b"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, "done") for status in (200, 204, 299)),
        *((status, "refused") for status in (301, 400, 404, 410)),
        *((status, "failed") for status in (408, 425, 429, 500, 503, 599)),
    ],
)
def test_what_a_status_means(status: int, verdict: str) -> None:
    assert judge(status, {}).verdict == verdict


@pytest.mark.parametrize(("said", "asked"), [(b"7", 7.0), (b"0", 0.0), (b"soon", None), (b"1" * 9, None)])
def test_an_endpoint_may_ask_to_be_left_alone(said: bytes, asked: float | None) -> None:
    assert judge(503, {b"Retry-After": said}) == Answer("failed", "503", asked)


async def test_a_request_is_what_was_given_and_connections_are_kept() -> None:
    requests: list[bytes] = []
    connections = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal connections
        connections += 1
        async for data in stream:
            requests.append(bytes(data))
            if data.endswith(b"}"):
                await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with serving(serve) as url, open_post(url, 5.0) as post:
        for _ in range(3):
            assert await post({"webhook-id": "msg_1"}, b'{"type":"x"}') == Answer("done", "200")
    said = b"".join(requests)
    assert said.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert b"webhook-id: msg_1\r\n" in said
    assert said.count(b'{"type":"x"}') == 3
    assert connections == 1


async def test_whatever_a_server_does_is_an_answer() -> None:
    async def silent(stream: trio.SocketStream) -> None:
        async for _ in stream:
            pass

    async def rude(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.aclose()

    async def mad(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"\x00\x01 not HTTP\r\n\r\n" * 10)

    async def endless(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 204 No\r\nContent-Length: 999999999\r\n\r\n")
        try:
            while True:
                await stream.send_all(b"x" * MAX_ANSWER)
        except trio.BrokenResourceError:
            pass

    for serve, words in ((silent, "no answer within 0.2 s"), (rude, "Protocol"), (mad, "Protocol")):
        async with serving(serve) as url, open_post(url, 0.2) as post:
            answer = await post({}, b"{}")
            assert (answer.verdict, words in answer.words) == ("failed", True), answer
    async with serving(endless) as url, open_post(url.replace("hook", "x"), 5.0) as post:
        assert (await post({}, b"{}")).verdict in {"done", "failed"}
    async with open_post(f"http://127.0.0.1:{free_port()}/", 5.0) as post:
        assert (await post({}, b"{}")).words.startswith("ConnectError")


async def test_a_name_that_is_none_and_a_certificate_that_is_not_there_are_answers() -> None:
    async def plain(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad\r\n\r\n")

    async with open_post("http://name.invalid/", 5.0) as post:
        assert (await post({}, b"{}")).verdict == "failed"
    async with serving(plain) as url, open_post(url.replace("http:", "https:"), 5.0) as post:
        assert (await post({}, b"{}")).verdict == "failed"


def test_names_of_endpoints_hold_no_secret() -> None:
    assert endpoint_name(0, "https://user:secret@hooks.example.org:8443/T0KEN?key=s") == "0:hooks.example.org"


@pytest.mark.parametrize(
    "url", ["", "x", "http://", "ftp://a", "https://a b/", "https://exämple.org/", "http://a:99999/"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        check_url(url)
