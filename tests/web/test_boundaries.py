"""Where a fault ends: in one socket, or with the whole server and a word to everyone."""

from __future__ import annotations

import json
import logging

import pytest
import trio

from chatroom.session import Session
from tests.web.page import page
from tests.web.served import serving
from web.serve import CannotServe


async def test_a_bug_in_one_socket_is_said_to_its_page_and_to_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
        feed = Session.feed

        def broken(session: Session, frame: str | bytes) -> None:
            if b"boom" in (frame.encode() if isinstance(frame, str) else frame):
                raise RuntimeError("a bug")
            feed(session, frame)

        monkeypatch.setattr(Session, "feed", broken)
        with caplog.at_level(logging.ERROR):
            await bob.send_text("boom")
            assert await bob.closed() == 1011
        left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Bob", "failed")
        assert "a bug" in caplog.text
        await ada.echo()


async def test_when_a_part_fails_for_good_everyone_is_told_and_the_server_ends() -> None:
    failed = trio.Event()
    with pytest.RaisesGroup(
        pytest.RaisesExc(CannotServe, match="no more"), allow_unwrapped=True, flatten_subgroups=True
    ):
        async with serving() as server, page(server.port, "Ada") as ada, page(server.port) as waiting:

            async def vital(*, task_status: trio.TaskStatus[object]) -> None:
                task_status.started(None)
                await failed.wait()
                raise RuntimeError("no more")

            await server.app.nursery.start(server.node._vital, vital)
            failed.set()
            for one in (ada, waiting):
                assert await one.closed() == 1001
                assert [event for event in one.events if event["type"] == "server_stopping"]
            await trio.sleep_forever()


async def test_health_says_that_the_server_is_draining_while_it_is() -> None:
    async with serving() as server, page(server.port, "Ada") as ada:
        # Ada does not answer the close frame for a while, and so long it lasts.
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        server.stop.set()
        while server.node.state != "draining":
            await trio.lowlevel.checkpoint()
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        with trio.fail_after(5):
            async with stream:
                async for piece in stream:
                    answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert json.loads(body)["state"] == "draining"
        assert await ada.closed() == 1001


async def test_pings_have_a_rate() -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
        ping = b"\x89\x80\0\0\0\0"
        await bob.stream.send_all(20 * ping)
        await bob.echo()
        await bob.stream.send_all(100 * ping)
        assert await bob.closed() == 1008
        assert (await ada.next("participant_left"))["name"] == "Bob"
