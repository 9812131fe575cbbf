"""Coming back through real sockets: lost by FIN, by RST, or half open and not known to be lost."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
import trio

from chatroom.limits import Limits
from tests.web.page import Page, page
from tests.web.served import Served, serving

Lose = Callable[[Page], Awaitable[None]]


async def _nothing(_: Page) -> None:
    """Leave the socket half open, as a network does that is cut."""


@pytest.mark.parametrize("lose", [Page.finish, Page.reset, _nothing, lambda one: one.close(3001)])
async def test_whoever_comes_back_is_who_they_were_and_has_missed_nothing(lose: Lose) -> None:
    async with (
        serving() as server,
        page(server.port, "Ada") as ada,
        page(server.port) as bob,
        page(server.port) as again,
    ):
        joined = await bob.join("Bob")
        await ada.next("participant_joined")
        await lose(bob)
        await ada.echo("while you were away")
        await again.send(
            "resume", ref="r", room="blue", token=joined["token"], seq=joined["seq"], microphone=True, camera=False
        )
        resumed = await again.next("resumed")
        assert (resumed["ref"], resumed["seq"], resumed["media"]) == ("r", joined["seq"] + 1, True)
        assert (await again.next("chat"))["message"]["text"] == "while you were away"
        (updated,) = [await ada.next("participant_updated")]
        assert (updated["participant"]["id"], updated["participant"]["camera"]) == (joined["you"], False)
        await again.echo("I am back")
        await ada.nothing("participant_left", "participant_joined")
        await again.close()
        assert (await ada.next("participant_left"))["reason"] == "tab_closed"


async def test_a_second_tab_takes_the_place_and_the_first_is_told() -> None:
    async with serving() as server, page(server.port, "Ada") as ada, page(server.port) as first:
        joined = await first.join("Bob")
        async with page(server.port) as second:
            await second.send("resume", room="blue", token=joined["token"], seq=0, microphone=True, camera=True)
            again = await second.next("joined")
            assert (again["you"], again["token"]) == (joined["you"], joined["token"])
            assert await first.closed() == 4003
            await second.echo()
            await ada.nothing("participant_left", "participant_updated")


async def test_a_token_dies_with_the_stay_and_the_socket_can_join_anew() -> None:
    async with serving() as server, page(server.port, "Ada"), page(server.port) as bob:
        token = (await bob.join("Bob"))["token"]
        await bob.send("leave")
        assert await bob.closed() == 1000
        async with page(server.port) as late:
            for room in ("blue", "red"):
                await late.send("resume", ref=room, room=room, token=token, seq=1, microphone=True, camera=True)
                error = await late.next("error")
                assert (error["ref"], error["code"]) == (room, "unknown_token")
            assert (await late.join("Bob"))["token"] != token


async def _get(server: Served, path: str) -> tuple[int, bytes]:
    stream = await trio.open_tcp_stream("127.0.0.1", server.port)
    async with stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join([piece async for piece in stream])
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


async def test_the_log_of_a_room_can_be_read_while_it_lasts_and_after() -> None:
    async with serving(Limits(room_linger=0.05)) as server:
        assert (await _get(server, "/api/rooms/blue/log"))[0] == 404
        assert (await _get(server, "/api/rooms/a%20b/log"))[0] == 404
        async with page(server.port, "Ada") as ada, page(server.port, "Bob") as bob:
            await bob.close(1001)
            await ada.next("participant_left")
            status, body = await _get(server, "/api/rooms/Blue/log")
            log = json.loads(body)
            assert status == 200
            assert (log["room"], log["joined"], log["left"], log["present"]) == ("blue", 2, 1, 1)
            assert [(s["name"], s["reason"]) for s in log["stays"]] == [("Bob", "tab_closed"), ("Ada", None)]
            assert "token" not in body.decode()
            await ada.close()
        while server.node.directory.find("blue") is not None:  # noqa: ASYNC110 - it tells nobody
            await trio.sleep(0.01)
        log = json.loads((await _get(server, "/api/rooms/blue/log"))[1])
        assert (log["joined"], log["left"], log["present"]) == (2, 2, 0)
