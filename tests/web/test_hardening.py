"""Each promise of `web.hardening`, in the order of its docstring. `test_attacks` tries what strangers might."""

from __future__ import annotations

import json
import logging
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest
import trio
from hypercorn.config import Config

from chatroom.limits import Limits
from chatroom.testing import FakeMedia
from media.bridge import MediaStartFailed
from tests.web import raw
from tests.web.page import Page, page
from tests.web.raw import Raw, frame, upgrade
from tests.web.served import PATIENCE, Served, eventually, serving, tasks
from web import hardening, sender
from web.app import create_app
from web.node import Node
from web.serve import CannotServe, open_sockets, run
from web.settings import Settings

#: Who is gone without a word is not kept for long.
LEFT_SOON = Limits(ping_after=2.0, reconnecting_after=3.5, left_after=5.0)


async def test_an_error_in_a_connection_ends_that_connection(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is: here a bug where frames are read."""

    async def broken(self: object) -> None:
        raise RuntimeError("a bug")

    async with (
        serving(LEFT_SOON) as server,
        page(server.port, "Ada", room="red") as ada,
        await raw.connect(server.port) as peer,
    ):
        await peer.join()
        with monkeypatch.context() as patched:
            patched.setattr(hardening.WebsocketStream, "_handle_events", broken)
            await peer.send(frame(raw.TEXT, b"{}"))
            await eventually(lambda: server.node.statistics().sockets == 1)
        assert (await ada.next("participant_left"))["reason"] == "connection_lost"
        await ada.echo()
    assert "connection failed" in caplog.text
    assert "a bug" in caplog.text


async def _deafen(server: Served, ada: Page, deaf: Raw) -> None:
    """Have ``deaf`` join Ada and be told more than fits into its buffers."""
    await deaf.open()
    await deaf.send(frame(raw.TEXT, raw.JOIN))
    await ada.next("participant_joined")
    with trio.fail_after(3 * PATIENCE):
        while server.node.statistics().rooms.participants == 2:
            await ada.echo("x" * 2_000)


DEAFENING = Limits(command_rate=100_000, command_burst=10_000, outbox_frames=8)


async def test_a_send_to_a_peer_that_does_not_read_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SEND_TIMEOUT", 0.2)
    async with (
        serving(DEAFENING) as server,
        page(server.port, "Ada", room="red") as ada,
        await raw.connect(server.port, receive_buffer=2_048) as deaf,
    ):
        before = tasks()
        await _deafen(server, ada, deaf)
        await eventually(lambda: server.node.statistics().sockets == 1)
        await eventually(lambda: tasks() <= before)


async def test_that_deadline_is_nearer_once_the_server_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SEND_TIMEOUT", 1_000.0)
    async with (
        serving(DEAFENING) as server,
        page(server.port, "Ada", room="red") as ada,
        await raw.connect(server.port, receive_buffer=2_048) as deaf,
    ):
        await _deafen(server, ada, deaf)
        server.stop.set()
        with trio.fail_after(5):
            await server.ended.wait()


async def test_frames_that_come_at_once_leave_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    since = most = 0
    extend = hardening.WebsocketStream._extend

    async def counted(self: hardening.WebsocketStream, event: Any) -> bool:
        nonlocal since, most
        since += 1
        most = max(most, since)
        return await extend(self, event)

    async def turns() -> None:
        nonlocal since
        while True:
            since = 0
            await trio.lowlevel.checkpoint()

    monkeypatch.setattr(hardening.WebsocketStream, "_extend", counted)
    async with serving() as server, await raw.connect(server.port) as peer, trio.open_nursery() as nursery:
        await peer.join()
        nursery.start_soon(turns)
        await peer.send(frame(raw.TEXT, b'{"type":"chat","ref":"c",', fin=False), frame(0, b"", fin=False) * 5_000)
        await peer.send(frame(0, b'"text":"hi"}'))
        while not (await peer.frame())[1].startswith(b'{"type":"ok"'):
            pass
        assert 50 < most <= 2 * hardening.AT_ONCE  # turns of one round come in any order
        nursery.cancel_scope.cancel()


async def test_compression_is_not_negotiated() -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        head = await peer.open(b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        assert b"extensions" not in head.lower()


async def test_the_peers_close_code_is_known() -> None:
    async with serving() as server, page(server.port, "Ada", room="red") as ada:
        for code, reason in [(1001, "tab_closed"), (1008, "connection_lost")]:
            async with await raw.connect(server.port) as peer:
                await peer.join()
                await peer.send(raw.closing(code))
                assert await peer.close_code() == code
                assert (await ada.next("participant_left"))["reason"] == reason


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (frame(raw.TEXT, b"x", masked=False), 1002),
        (frame(raw.TEXT, b"x", reserved=4), 1002),
        (frame(3, b"x"), 1002),
        (frame(raw.PING, b"x" * 126), 1002),
        (frame(raw.PING, b"x", fin=False), 1002),
        (frame(raw.TEXT, b"x", fin=False) + frame(raw.BINARY, b"x"), 1002),
        (frame(0, b"x"), 1002),
        (frame(raw.CLOSE, b"x"), 1002),
        (raw.closing(999), 1002),
        (raw.closing(1006), 1002),
        (raw.closing(1000, b"\xff"), 1007),
        (frame(raw.TEXT, b"\xff"), 1007),
        (frame(raw.TEXT, b"x" * 65_537), 1009),
        (frame(raw.TEXT, "é".encode() * 32_769), 1009),
        (frame(raw.BINARY, b"x" * 65_537), 1009),
        (frame(raw.TEXT, b"x" * 40_000, fin=False) + frame(0, b"x" * 40_000), 1009),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_broken_or_too_large_frame_is_a_close_that_says_so(broken: bytes, code: int) -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.join()
        await peer.send(broken)
        assert await peer.close_code() == code


async def test_a_frame_of_the_largest_size_is_taken() -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.join()
        text = b'{"type":"pong","ref":"' + b"x" * 65_512 + b'"}'
        assert len(text) == 65_536
        await peer.send(frame(raw.TEXT, text))
        assert json.loads((await peer.frame())[1])["code"] == "invalid_command"


async def test_who_is_still_sending_hears_why_it_was_ended() -> None:
    """Closed with something unread, a socket is reset, and the peer never sees what we said."""
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.join()
        await peer.send(frame(raw.TEXT, b"x" * 4_000_000))
        assert await peer.close_code() == 1009


async def test_who_does_not_end_its_side_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardening, "LINGER", 0.1)
    async with serving() as server:
        before = tasks()
        async with await raw.connect(server.port) as peer:
            await peer.send(b"nonsense\r\n\r\n")
            assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")
            await eventually(lambda: tasks() <= before)


@pytest.mark.parametrize(
    "request_",
    [
        upgrade(drop=b"Sec-WebSocket-Key"),
        upgrade(drop=b"Sec-WebSocket-Version"),
        upgrade(b"Sec-WebSocket-Version: 12", drop=b"Sec-WebSocket-Version"),
        upgrade(b"Content-Length: 5") + b"hello",
        upgrade(b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
        upgrade() + frame(raw.TEXT, raw.JOIN),
    ],
    ids=lambda value: repr(value)[-40:],
)
async def test_a_handshake_that_is_none_is_answered_and_ended(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Limits(join_timeout=1_000)) as server, await raw.connect(server.port) as peer:
        await peer.send(request_)
        answer = await peer.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.index(b"\r\n\r\n") == len(answer) - 4  # and nothing behind it
        await eventually(lambda: server.node.statistics().sockets == 0)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_connection_that_idles_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Config, "keep_alive_timeout", 0.2)
    async with serving() as server:
        for requests in (0, 1, 3):
            async with await raw.connect(server.port) as peer:
                for _ in range(requests):
                    await peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert b" 200 " in await peer.head()
                assert await peer.rest() == b""


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"])
async def test_a_connection_that_the_peer_ended_is_gone_at_once(said: bytes) -> None:
    """And not after five seconds, as one would be that idles."""
    async with serving() as server:
        before = tasks()
        async with await raw.connect(server.port) as peer:
            await peer.send(said)
            await eventually(lambda: tasks() > before)
        await eventually(lambda: tasks() <= before, timeout=3)


async def test_a_server_that_stood_still_takes_nobody_for_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Config, "keep_alive_timeout", 1.0)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving())
        before = tasks()
        peers = [await stack.enter_async_context(await raw.connect(server.port)) for _ in range(10)]
        await eventually(lambda: tasks() >= before + 2 * len(peers))
        for peer in peers:
            await peer.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(1.0 + 2 * hardening.STALL)  # noqa: ASYNC251 - so that nothing here goes on
        for peer in peers:
            assert b" 200 " in await peer.head()


async def test_a_page_is_told_that_the_server_stops() -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port) as nobody:
        server.stop.set()
        for one in (ada, nobody):
            assert await one.closed() == 1001
            (stopping,) = [event for event in one.events if event["type"] == "server_stopping"]
            assert stopping["message"]


async def test_an_app_that_cannot_start_is_never_served(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Node, *, task_status: object) -> None:
        raise MediaStartFailed("UDP port 7 is in use.")

    monkeypatch.setattr(Node, "run", broken)
    caplog.set_level(logging.INFO)
    settings = Settings(port=0)
    served: list[str] = []
    with pytest.raises(CannotServe, match=r"^UDP port 7 is in use\.$"):
        await run(create_app(settings, FakeMedia()), settings, open_sockets(settings), trio.Event(), served.extend)
    assert served == []
    assert "Running on" not in caplog.text


async def test_http_2_is_not_spoken() -> None:
    hardening.install(max_message=65_536)
    assert Config().alpn_protocols == ["http/1.1"]
    async with serving() as server:
        async with await raw.connect(server.port) as peer:
            await peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes.fromhex("000000040000000000"))
            assert (await peer.rest()).startswith(b"HTTP/1.1 4")
        async with await raw.connect(server.port) as peer:
            await peer.send(
                b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
            )
            assert (await peer.head()).startswith(b"HTTP/1.1 200 ")


async def test_headers_that_never_end_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly they come."""
    monkeypatch.setattr(Config, "keep_alive_timeout", 0.3)
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.send(b"GET / HTTP/1.1\r\n")
        with pytest.raises(trio.BrokenResourceError):
            await _drip(peer)


async def _drip(peer: Raw) -> None:
    with trio.fail_after(PATIENCE):
        while True:
            await peer.send(b"X")
            await trio.sleep(0.05)
