"""Whoever is gone is gone from memory in that moment, and does not wait for the garbage collector."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Generator

import pytest
import trio

from chatroom.attendance import Attendance
from chatroom.legs import Legs
from chatroom.limits import Limits
from chatroom.room import Room
from chatroom.session import Session
from tests.web import page
from tests.web.raw import Raw
from tests.web.served import eventually, serving
from web.asgi import WebsocketConnection
from web.fast_lane import FastLane
from web.hardening import HTTP1, Connection, WebsocketStream
from web.quart_lane import QuartLane
from web.sender import Sender
from web.socket import _Pump

#: What a page on a socket is made of.
MADE = (
    Attendance,
    Connection,
    FastLane,
    HTTP1,
    Legs,
    QuartLane,
    Room,
    Sender,
    Session,
    WebsocketConnection,
    WebsocketStream,
    _Pump,
)
LIMITS = Limits(room_linger=0.05, ping_after=0.3, reconnecting_after=0.6, left_after=1.0)


class Alive:
    """How many of them there are more than when it was made: a test before may have something in its hands yet."""

    def __init__(self) -> None:
        self._before = {id(each): each for each in _made()}

    def __call__(self) -> Counter[str]:
        return Counter(type(each).__name__ for each in _made() if id(each) not in self._before)


def _made() -> list[object]:
    return [each for each in gc.get_objects() if type(each) in MADE]


@pytest.fixture
def alive() -> Generator[Alive]:
    """Count, and have no collector at work meanwhile."""
    gc.collect()
    gc.disable()
    yield Alive()
    gc.enable()


@pytest.mark.parametrize(
    ("ending", "lane"),
    [("leave", FastLane), ("close", FastLane), ("reset", FastLane), ("leave", QuartLane), ("finish", QuartLane)],
)
async def test_of_a_page_that_went_nothing_is_left(
    ending: str, lane: type, alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sender, "takes_offers", lane is FastLane)
    async with serving(LIMITS) as server:
        async with page.page(server.port, "Ada", room="blue") as ada:
            await ada.echo("hello")
            there = alive()
            assert (there["Attendance"], there["Session"], there[lane.__name__]) == (1, 1, 1)
            match ending:
                case "leave":
                    await ada.send("leave")
                    await ada.closed()
                case "close":
                    await ada.close()
                case "finish":
                    await ada.finish()
                case "reset":
                    await ada.reset()
        await eventually(lambda: alive() == Counter())


async def test_of_requests_nothing_is_left(alive: Alive) -> None:
    async with serving(LIMITS) as server:
        async with Raw(await trio.open_tcp_stream("127.0.0.1", server.port)) as raw:
            await raw.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"HTTP/1.1 200" in await raw.rest()
        async with Raw(await trio.open_tcp_stream("127.0.0.1", server.port)) as raw:
            await raw.send(b"GET /ws HT")
            await eventually(lambda: alive()["Connection"] == 1)
        await eventually(lambda: alive() == Counter())
