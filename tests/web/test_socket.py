"""Pages on real sockets: what they may say, what they are told, and how they go."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import trio

from chatroom.limits import Limits
from tests.web import raw
from tests.web.page import Page, connect, page
from tests.web.raw import frame
from tests.web.served import PATIENCE, eventually, serving, tasks


async def test_people_meet_chat_and_leave() -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port) as bob:
        joined = await bob.join("Bob")
        assert [person["name"] for person in joined["participants"]] == ["Ada", "Bob"]
        assert (await ada.next("participant_joined"))["participant"]["id"] == bob.id
        await bob.send("chat", ref="c", text="hi")
        assert (await bob.next("ok"))["ref"] == "c"
        assert (await ada.next("chat"))["message"]["text"] == "hi"
        await bob.send("update", ref="u", microphone=False)
        assert (await bob.next("ok"))["ref"] == "u"
        assert (await ada.next("participant_updated"))["participant"]["microphone"] is False
        await bob.send("leave")
        assert await bob.closed() == 1000
        left = await ada.next("participant_left")
        assert (left["id"], left["reason"]) == (bob.id, "left")


WAYS_TO_GO: dict[str, tuple[Callable[[raw.Raw], Awaitable[None]], str]] = {
    "close 1000": (lambda peer: peer.send(raw.closing(1000)), "tab_closed"),
    "close 1001": (lambda peer: peer.send(raw.closing(1001)), "tab_closed"),
    "empty close frame": (lambda peer: peer.send(frame(raw.CLOSE)), "tab_closed"),
    "close 1011": (lambda peer: peer.send(raw.closing(1011)), "connection_lost"),
    "leave command": (lambda peer: peer.send(frame(raw.TEXT, b'{"type":"leave"}')), "left"),
}


@pytest.mark.parametrize("way", WAYS_TO_GO)
async def test_the_others_are_told_how_someone_went(way: str) -> None:
    go, reason = WAYS_TO_GO[way]
    async with serving() as server, page(server.port, "Ada", room="red") as ada, await raw.connect(server.port) as peer:
        await peer.join()
        await go(peer)
        left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Mallory", reason)
        await eventually(lambda: server.node.statistics().sockets == 1)
        await ada.nothing("participant_left")


@pytest.mark.parametrize("lose", [raw.Raw.finish, raw.Raw.reset, lambda peer: peer.send(raw.closing(3001))])
async def test_a_lost_socket_is_said_and_after_a_while_it_is_a_leave(
    lose: Callable[[raw.Raw], Awaitable[None]],
) -> None:
    limits = Limits(ping_after=0.3, reconnecting_after=1.0, left_after=2.0)
    async with serving(limits) as server, page(server.port, "Ada", room="red") as ada:
        async with await raw.connect(server.port) as peer:
            await peer.join()
            await lose(peer)
            updated = (await ada.next("participant_updated"))["participant"]
            assert (updated["name"], updated["connection"]) == ("Mallory", "reconnecting")
            left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Mallory", "connection_lost")
        await ada.nothing("participant_left", "participant_updated")


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("{", 1007),
        ("", 1007),
        ("[]", 1007),
        ('{"type":1}', 1007),
        ('{"no":"type"}', 1007),
        ("[" * 60_000, 1007),
        ("9" * 60_000, 1007),
        (b"binary", 1003),
        (b"", 1003),
        ('{"type":"chat","text":"' + "x" * 1_000_000 + '"}', 1009),
        ('{"type":"chat","text":"' + "𝒳" * 17_000 + '"}', 1009),
        (b"x" * 1_000_000, 1009),
    ],
    ids=lambda value: repr(value)[:24],
)
@pytest.mark.parametrize("before", ["joined", "not joined"])
async def test_a_broken_frame_closes_the_socket_and_disturbs_nobody(bad: str | bytes, code: int, before: str) -> None:
    payload = bad.encode() if isinstance(bad, str) else bad
    opcode = raw.TEXT if isinstance(bad, str) else raw.BINARY
    async with serving() as server, page(server.port, "Ada", room="red") as ada, await raw.connect(server.port) as peer:
        if before == "joined":
            await peer.join()
        else:
            await peer.open()
        await peer.send(frame(opcode, payload))
        assert await peer.close_code() == code
        if before == "joined":
            assert (await ada.next("participant_left"))["reason"] == "connection_lost"
            await ada.next("participant_joined")
        await ada.nothing("participant_joined", "participant_left", "error")


JOIN: dict[str, Any] = {"type": "join", "room": "blue", "name": "Bob", "microphone": True, "camera": True}
SDP_500 = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 500


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({**JOIN, "name": "x" * 65}, "invalid_name"),
        ({**JOIN, "name": " \t "}, "invalid_name"),
        ({**JOIN, "name": "a\u0000b"}, "invalid_name"),
        ({**JOIN, "name": "a\u202eb"}, "invalid_name"),
        ({**JOIN, "name": "\ud800"}, "invalid_command"),
        ({**JOIN, "room": "../../etc/passwd"}, "invalid_room"),
        ({**JOIN, "room": ".."}, "invalid_room"),
        ({**JOIN, "room": "a/b"}, "invalid_room"),
        ({**JOIN, "room": ""}, "invalid_room"),
        ({**JOIN, "room": "x" * 65}, "invalid_room"),
        ({**JOIN, "room": "\ud800"}, "invalid_command"),
        ({**JOIN, "camera": "yes"}, "invalid_command"),
        ({**JOIN, "camera": 1}, "invalid_command"),
        ({**JOIN, "room": None}, "invalid_command"),
        ({"type": "join"}, "invalid_command"),
        ({"type": "dance"}, "invalid_command"),
        ({"type": "\ud800"}, "invalid_command"),
        ({"type": "chat", "text": "hi"}, "not_joined"),
        ({"type": "update", "camera": True}, "not_joined"),
        ({"type": "publish", "sdp": "v=0", "tracks": {}}, "not_joined"),
        ({"type": "answer", "sdp": "v=0", "offer": 1}, "not_joined"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_a_refused_command_before_joining_is_answered_and_costs_nothing(command: Any, code: str) -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port) as bob:
        await bob.send_text(json.dumps({**command, "ref": "r"}))
        error = await bob.next("error")
        assert (error["ref"], error["code"]) == ("r", code)
        assert error["message"]
        await ada.nothing("participant_joined", "participant_left", "error")
        await bob.join("Bob")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (JOIN, "already_joined"),
        ({"type": "chat", "text": ""}, "invalid_text"),
        ({"type": "chat", "text": "x" * 2_001}, "invalid_text"),
        ({"type": "chat", "text": "a\u0007b"}, "invalid_text"),
        ({"type": "chat", "text": "\ud800"}, "invalid_command"),
        ({"type": "chat", "text": ["a"]}, "invalid_command"),
        ({"type": "chat"}, "invalid_command"),
        ({"type": "update", "camera": "on"}, "invalid_command"),
        ({"type": "publish", "sdp": "this is no SDP", "tracks": {"0": "camera"}}, "bad_sdp"),
        ({"type": "publish", "sdp": "", "tracks": {}}, "bad_sdp"),
        ({"type": "publish", "sdp": "v=0", "tracks": {"0": "window"}}, "invalid_command"),
        ({"type": "publish", "sdp": "v=0", "tracks": []}, "invalid_command"),
        ({"type": "answer", "sdp": "this is no SDP", "offer": 1}, "bad_sdp"),
        ({"type": "answer", "sdp": "v=0", "offer": "1"}, "invalid_command"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_a_refused_command_of_someone_present_is_answered_and_costs_nothing(command: Any, code: str) -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
        await ada.next("participant_joined")
        await bob.send_text(json.dumps({**command, "ref": "r"}))
        error = await bob.next("error")
        assert (error["ref"], error["code"]) == ("r", code)
        await bob.echo()
        assert (await ada.next("chat"))["message"]["text"] == "hello"
        await ada.nothing("participant_joined", "participant_left", "participant_updated", "error")


async def test_a_flood_is_refused_and_then_ended() -> None:
    limits = Limits(command_rate=1.0, command_burst=5, refused_burst=20)
    async with serving(limits) as server, page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
        for number in range(30):
            await bob.send("update", ref=str(number), camera=True)
        assert await bob.closed() == 1008
        codes = [event["code"] for event in bob.events if event["type"] == "error"]
        assert codes
        assert set(codes) == {"rate_limited"}
        left = await ada.next("participant_left")
        assert (left["name"], left["reason"]) == ("Bob", "kicked")
        await ada.echo()


async def test_who_does_not_join_in_time_is_closed() -> None:
    async with serving(Limits(join_timeout=0.2)) as server, page(server.port) as bob:
        assert await bob.closed() == 4000


async def test_who_is_silent_is_asked_and_then_closed() -> None:
    limits = Limits(ping_after=0.1, reconnecting_after=0.3, left_after=0.5)
    async with serving(limits) as server, page(server.port, "Bob") as bob:
        await bob.next("ping")
        await bob.send("pong")
        assert await bob.closed() == 4002
        assert sum(event["type"] == "ping" for event in bob.events) >= 2


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "", "file://"])
async def test_pages_of_other_origins_are_refused(origin: str) -> None:
    async with serving() as server, await raw.connect(server.port) as peer:
        await peer.send(raw.upgrade(b"Origin: " + origin.encode()))
        assert (await peer.head()).startswith(b"HTTP/1.1 403 ")
        assert server.node.statistics().sockets == 0


async def test_our_own_page_is_let_in() -> None:
    async with serving() as server, trio.open_nursery() as nursery:
        own = await connect(nursery, server.port, f"http://127.0.0.1:{server.port}")
        await own.join("Ada")
        await own.close()


async def _chatter(talker: Page, count: int) -> list[float]:
    return [await talker.echo(f"{number:04} " + "x" * 1_900) for number in range(count)]


@pytest.mark.parametrize("joined", [True, False])
async def test_a_page_that_does_not_read_costs_the_others_nothing(joined: bool) -> None:
    """Its frames pile up in its own outbox until it is dropped, while the talk goes on."""
    limits = Limits(command_rate=100_000, command_burst=10_000, outbox_frames=64)
    async with (
        serving(limits) as server,
        page(server.port, "Ada", room="red") as ada,
        await raw.connect(server.port, receive_buffer=2_048) as deaf,
    ):
        await deaf.open()
        if joined:
            await deaf.send(frame(raw.TEXT, raw.JOIN))
            await ada.next("participant_joined")
            waits: list[float] = []
            with trio.fail_after(3 * PATIENCE):
                while server.node.statistics().rooms.participants == 2:
                    waits += await _chatter(ada, 50)
            assert (await ada.next("participant_left"))["reason"] == "connection_lost"
            assert sorted(waits)[len(waits) // 2] < 0.1
        else:
            await _flood(deaf)
        await ada.echo("and on")
        await deaf.reset()
        await eventually(lambda: server.node.statistics().sockets == 1)


async def _flood(deaf: raw.Raw) -> None:
    """Send commands that are refused, reading none of the refusals, until that is not accepted any more."""
    with trio.move_on_after(2), suppress(trio.BrokenResourceError):
        while True:
            await deaf.send(frame(raw.TEXT, b'{"type":"chat","text":"hi"}') * 100)


async def test_what_a_page_that_reads_again_is_told_is_why_it_was_dropped() -> None:
    limits = Limits(command_rate=100_000, command_burst=10_000, outbox_frames=8)
    async with (
        serving(limits) as server,
        page(server.port, "Ada", room="red") as ada,
        await raw.connect(server.port, receive_buffer=2_048) as deaf,
    ):
        await deaf.open()
        await deaf.send(frame(raw.TEXT, raw.JOIN))
        await ada.next("participant_joined")
        with trio.fail_after(3 * PATIENCE):
            while server.node.statistics().rooms.participants == 2:
                await _chatter(ada, 10)
        assert await deaf.close_code() == 4001


async def test_sockets_leave_no_task_behind() -> None:
    async with serving() as server, page(server.port, "Ada") as ada:
        await ada.echo()
        before = tasks()
        async with page(server.port, "Bob") as bob:
            await bob.echo()
            assert tasks() > before
            await bob.close()
        await ada.next("participant_left")
        await eventually(lambda: tasks() <= before)


async def test_a_connection_is_kept_for_as_long_as_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.serve.READ_TIMEOUT", 0.2)
    rare = Limits(ping_after=0.8, reconnecting_after=1.5, left_after=2.0)
    async with serving(rare) as server, page(server.port, "Ada") as ada:
        assert await ada.next("ping")
        await ada.send("ping", ref="p")
        assert await ada.next("ok")
