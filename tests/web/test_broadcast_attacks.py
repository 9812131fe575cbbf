"""What those may do who are in a room and are being sent a lot: it costs the others nothing, and nothing is torn."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import attrs
import pytest
import trio

from chatroom.limits import Limits
from tests.web import raw
from tests.web.page import Page, page
from tests.web.raw import Raw, closing, frame
from tests.web.served import PATIENCE, Served, eventually, serving, tasks
from web import sender

Attack = Callable[[Raw], Coroutine[Any, Any, object]]
ATTACKS: dict[str, Attack] = {}
LIMITS = Limits(
    room_linger=0.01,
    command_rate=100_000,
    command_burst=10_000,
    messages=10,
    ping_after=1.0,
    reconnecting_after=2.0,
    left_after=3.0,
)


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def says(name: str, *parts: bytes) -> None:
    ATTACKS[name] = lambda peer: peer.send(*parts)


says("nothing")
says("half a frame", frame(raw.TEXT, b'{"type":"pong"}')[:5])
says("half a header", frame(raw.TEXT, b"x" * 300)[:1])
says("a close", closing(1000))
says("a close without a code", frame(raw.CLOSE))
says("a broken close", frame(raw.CLOSE, b"x"))
says("a close and more", closing(1001), frame(raw.PING, b"x"), frame(raw.TEXT, b'{"type":"pong"}'))
says("a piece of nothing", frame(0, b"x"))
says("pieces without end", frame(raw.TEXT, b"x", fin=False), frame(0, b"y", fin=False) * 2_000)
says("pieces, and a ping in between", frame(raw.TEXT, b'{"type":', fin=False), frame(raw.PING, b"x"))
says("an unmasked frame", frame(raw.TEXT, b'{"type":"pong"}', masked=False))
says("binary", frame(raw.BINARY, b"x"))
says("text that is no JSON", frame(raw.TEXT, b"{"))
says("text too large", frame(raw.TEXT, b"x" * 200_000))
says("far too many pings", frame(raw.PING, b"x") * 500)
says("pongs nobody asked for", frame(raw.PONG, b"x") * 500)
says("a leave", frame(raw.TEXT, b'{"type":"leave"}'))
says("garbage", bytes(range(256)) * 100)


@attack
async def pings_that_race(peer: Raw) -> None:
    for number in range(40):
        await peer.send(frame(raw.PING, bytes([number])))
        await trio.sleep(0.002)


@attack
async def a_close_in_the_middle_of_reading(peer: Raw) -> None:
    for _ in range(20):
        await peer.frame()
    await peer.send(closing(1000))


@attack
async def one_byte_at_a_time(peer: Raw) -> None:
    with trio.move_on_after(0.3):
        while True:
            assert await peer.stream.receive_some(1)
            await trio.sleep(0.01)


@attack
async def one_byte_at_a_time_and_a_close(peer: Raw) -> None:
    await one_byte_at_a_time(peer)
    await peer.send(frame(raw.PING, b"x"), closing(1000))


@attack
async def not_reading(peer: Raw) -> None:
    await trio.sleep(0.3)


@attack
async def not_reading_and_a_binary_frame(peer: Raw) -> None:
    await trio.sleep(0.2)
    await peer.send(frame(raw.BINARY, b"x"))


@attack
async def a_command_in_drips(peer: Raw) -> None:
    for octet in frame(raw.TEXT, b'{"type":"pong"}')[:-1]:
        await peer.send(bytes([octet]))
        await trio.sleep(0.01)


@attrs.define(eq=False)
class Talk:
    """Ada talks without end, and Bob sees that he gets it all, in order, and how long each word took."""

    server: Served
    ada: Page
    bob: Page
    said: int = 0
    waits: list[float] = attrs.field(factory=list)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            nursery.start_soon(self._drop_what_ada_hears)
            while True:
                await self.ada.send("chat", text=f"{self.said} {time.monotonic()} ".ljust(1_500, "x"))
                self.said += 1
                await trio.sleep(0.003)

    async def _listen(self) -> None:
        heard = last = 0
        while True:
            event = await self.bob.next("chat")
            number, at, _ = event["message"]["text"].split(" ", 2)
            assert int(number) == heard
            heard += 1
            self.waits.append(time.monotonic() - float(at))
            numbers = [other["seq"] for other in self.bob.events if "seq" in other]
            assert all(last < seq < event["seq"] for seq in numbers if seq > last)
            last = event["seq"]
            await self.bob.send("pong")
            self.bob.events = [other for other in self.bob.events if other["type"] == "participant_left"]

    async def _drop_what_ada_hears(self) -> None:
        while True:
            await self.ada.next("chat")
            self.ada.events.clear()


@asynccontextmanager
async def talk(limits: Limits = LIMITS) -> AsyncGenerator[Talk, None]:
    async with (
        serving(limits) as server,
        page(server.port, "Ada", room="red") as ada,
        page(server.port, "Bob", room="red") as bob,
        trio.open_nursery() as nursery,
    ):
        one = Talk(server, ada, bob)
        nursery.start_soon(one.run)
        yield one
        nursery.cancel_scope.cancel()


def whole(received: bytes) -> None:
    """See that these are whole frames, but for the last where the connection broke, and nothing after a close frame."""
    while len(received) >= 10:
        assert received[0] in {0x81, 0x88, 0x8A}, f"torn before {received[:60]!r}"
        size, start = received[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(received[2:start], "big")
        payload = received[start : start + size]
        closed = received[0] == 0x88
        if received[0] == 0x81 and len(payload) == size:
            assert payload.startswith(b'{"type":"'), payload[:60]
            assert payload.endswith(b"}")
        received = received[start + size :]
        assert not (closed and received), f"after a close frame: {received[:60]!r}"


@pytest.mark.parametrize("name", ATTACKS)
async def test_who_misbehaves_in_a_broadcast_costs_the_others_nothing(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with talk() as it:
        await eventually(lambda: len(it.waits) > 5)
        before = tasks()
        for end in ("FIN", "RST"):
            async with await raw.connect(it.server.port, receive_buffer=8_192) as peer:
                await peer.open()
                await peer.send(frame(raw.TEXT, raw.JOIN))
                with suppress(trio.BrokenResourceError):
                    await ATTACKS[name](peer)
                if end == "FIN":
                    with trio.move_on_after(0.1), suppress(trio.BrokenResourceError):
                        await peer.rest()
                    with suppress(trio.BrokenResourceError):
                        await peer.stream.send_eof()
                    with trio.move_on_after(0.3), suppress(trio.BrokenResourceError):
                        await peer.rest()
                    if "one_byte" not in name and name != "a_close_in_the_middle_of_reading":
                        whole(bytes(peer.received))
                else:
                    await peer.reset()
            heard = len(it.waits)
            await eventually(lambda heard=heard: len(it.waits) > heard + 5)  # type: ignore[misc]
            await eventually(lambda: tasks() <= before)
            assert it.server.node.statistics().sockets == 2
    worrying = [record for record in caplog.records if record.levelno >= logging.WARNING]
    # Who makes the frames of an attack is in the same process, and may hold it up.
    messages = [record.getMessage() for record in worrying]
    assert [message for message in messages if "looked too late" not in message] == []


async def test_who_never_reads_is_gone_within_the_deadline_and_the_others_do_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sender, "SEND_TIMEOUT", 1.0)
    async with talk() as it:
        await eventually(lambda: len(it.waits) > 200)
        alone, it.waits[:] = sorted(it.waits), []
        async with await raw.connect(it.server.port, receive_buffer=2_048) as deaf:
            await deaf.open()
            await deaf.send(frame(raw.TEXT, raw.JOIN))
            await eventually(lambda: it.server.node.statistics().sockets == 3)
            since = trio.current_time()
            await eventually(lambda: it.server.node.statistics().sockets == 2, 2 * PATIENCE)
            # The deadline begins when its buffers are full, which some hundred words take.
            assert trio.current_time() - since < 1.0 + PATIENCE / 2
        together = sorted(it.waits)
        assert len(together) > 50
        # Not a measurement, on a machine that does other things: what waited for the deaf one would wait for a second.
        assert together[len(together) * 99 // 100] < alone[len(alone) * 99 // 100] + 0.5
