"""Frames past the framework: whole, in order, bounded, whoever else writes and whatever the peer does."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.testing

from chatroom.frame import Frame
from tests.web import raw
from tests.web.raw import Raw
from tests.web.served import PATIENCE, eventually
from web import sender as sender_module
from web.fast_lane import FastLane
from web.sender import Sender

CLOSING = b"\x88\x02\x03\xe8"


def pong(number: int) -> bytes:
    return bytes([0x8A, 4]) + number.to_bytes(4, "big")


def text(number: int, size: int) -> Frame:
    return Frame(f"{number} ".ljust(size, "x"))


@attrs.define(eq=False)
class Wire:
    """A lane on one end of a TCP connection, a peer on the other."""

    lane: FastLane
    sender: Sender
    peer: Raw
    losses: list[None]
    writers: int = 0
    most: int = 0
    #: Whether the task that writes never begins; and around it, where it does.
    asleep: bool = False
    writing: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def write(self) -> None:
        if self.asleep:
            return
        self.writers += 1
        self.most = max(self.most, self.writers)
        try:
            with trio.CancelScope() as self.writing:
                await self.lane.run()
        finally:
            self.writers -= 1

    async def fill(self, size: int = 2_000) -> int:
        """Post until something waits, and return how many frames were posted."""
        posted = 0
        while not self.writers and not self.lane.statistics().frames:
            assert self.lane.post(text(posted, size))
            posted += 1
            await trio.lowlevel.checkpoint()
        return posted


@asynccontextmanager
async def wire(
    max_frames: int = 10_000, max_bytes: int = 1 << 30, receive_buffer: int = 2_048
) -> AsyncGenerator[Wire, None]:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listeners[0], trio.open_nursery() as nursery:
        port = listeners[0].socket.getsockname()[1]
        peer = await raw.connect(port, receive_buffer=receive_buffer)
        stream = await listeners[0].accept()
        losses: list[None] = []
        sender = Sender(stream, lambda: losses.append(None))
        made: list[Wire] = []
        lane = FastLane(max_frames, max_bytes, sender, lambda: nursery.start_soon(made[0].write))
        made.append(Wire(lane, sender, peer, losses))
        try:
            async with peer, stream:
                yield made[0]
        finally:
            nursery.cancel_scope.cancel()


async def read(peer: Raw, dice: random.Random, most: int, pause: float) -> bytes:
    """Read until the end, a little at a time."""
    received = b""
    with trio.fail_after(6 * PATIENCE):
        while data := await peer.stream.receive_some(dice.randint(1, most)):
            received += data
            if dice.random() < pause:
                await trio.sleep(dice.random() / 500)
    return received


def parse(received: bytes) -> list[tuple[int, bytes]]:
    """Take octets apart into frames. What is torn does not come out whole."""
    frames = []
    while received:
        size, start = received[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(received[2:start], "big")
        frames.append((received[0], received[start : start + size]))
        assert len(frames[-1][1]) == size, f"torn: {received[:40]!r}"
        assert received[0] in {0x81, 0x88, 0x8A}, f"torn before: {received[:40]!r}"
        received = received[start + size :]
    return frames


@pytest.mark.parametrize("seed", range(16))
async def test_every_frame_is_whole_and_in_order_whoever_else_writes(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts, pongs, other sends, and a close; a peer that reads as it likes."""
    monkeypatch.setattr(sender_module, "SEND_TIMEOUT", 1_000.0)
    dice = random.Random(seed)
    most, pause = dice.choice([(40, 0.0), (700, 0.05), (5_000, 0.2), (100_000, 0.5)])
    sizes = dice.choice([(10, 120), (10, 2_000), (100, 70_000)])
    count = max(30, min(400_000, 1_500 * most) // sum(sizes))
    async with wire(receive_buffer=dice.choice([8_192, 65_536])) as it:
        posted: list[bytes] = []
        got: list[tuple[int, bytes]] = []

        async def post() -> None:
            for number in range(count):
                frame = text(number, dice.randint(*sizes))
                assert it.lane.post(frame)
                posted.append(frame.text.encode())
                if dice.random() < 0.3:
                    await trio.sleep(dice.random() / 1_000)

        async def pongs(first: int) -> None:
            for number in range(first, first + 50):
                assert await it.sender.send(pong(number))
                await trio.sleep(dice.random() / 200)

        async def everything() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(post)
                nursery.start_soon(pongs, 0)
                nursery.start_soon(pongs, 1_000)
            it.lane.close()
            await eventually(lambda: not it.writers and not it.lane.statistics().frames, 4 * PATIENCE)
            it.sender.seal()
            assert await it.sender.send(CLOSING)
            it.sender.end()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(everything)
            got += parse(await read(it.peer, dice, most, pause))
        assert [payload for head, payload in got if head == 0x81] == posted
        numbers = [int.from_bytes(payload, "big") for head, payload in got if head == 0x8A]
        assert sorted(numbers) == [*range(50), *range(1_000, 1_050)]
        assert [number for number in numbers if number < 1_000] == list(range(50))
        assert got[-1][0] == 0x88
        assert it.most <= 1
        assert not it.losses
        statistics = it.lane.statistics()
        assert (statistics.posted, statistics.taken) == (count, count)


@pytest.mark.parametrize("seed", range(12))
async def test_a_close_with_discard_tears_nothing(seed: int) -> None:
    dice = random.Random(seed)
    async with wire() as it:
        count = 0
        for _ in range(dice.randint(20, 60)):
            assert it.lane.post(text(count, dice.randint(500, 30_000)))
            count += 1
        assert it.lane.statistics().frames
        if seed % 2:
            await trio.testing.wait_all_tasks_blocked()
        it.lane.close(discard=True)
        assert not it.lane.post(text(count, 10))

        async def close() -> None:
            await eventually(lambda: not it.writers)
            it.sender.seal()
            assert await it.sender.send(CLOSING)
            it.sender.end()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(close)
            got = parse(await read(it.peer, dice, 4_000, 0.1))
        numbers = [int(payload.split()[0]) for head, payload in got[:-1]]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) < count
        assert got[-1][0] == 0x88


async def test_a_close_frame_waits_for_the_rest_of_a_torn_one_whoever_was_to_write_it() -> None:
    async with wire() as it:
        it.asleep = True
        number = 0
        while not it.sender._rest:
            it.lane.post(text(number, 300_000))
            number += 1
        it.sender.seal()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(it.sender.send, CLOSING)
            got = [await it.peer.frame()]
            while got[-1][0] != raw.CLOSE:
                got.append(await it.peer.frame())
        assert [int(payload.split()[0]) for _, payload in got[:-1]] == list(range(number))
        assert not it.writers


async def test_a_writer_that_is_cancelled_ends_after_the_frame_it_is_in() -> None:
    size = 3_000_000  # more than any buffer holds, so that it is in the middle of one
    async with wire() as it:
        for number in range(10):
            assert it.lane.post(text(number, size))
        await trio.testing.wait_all_tasks_blocked()
        assert it.lane.statistics().frames == 9
        # The writer has the rest of the first, and then the second, to whose middle it is let.
        while it.lane.statistics().frames == 9:
            await it.peer.stream.receive_some()
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked(0.05)
        it.writing.cancel()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert it.writers == 1
        received = bytearray()
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(it.sender.send, CLOSING)
                while not received.endswith(CLOSING):
                    received += await it.peer.stream.receive_some()
            await trio.testing.wait_all_tasks_blocked()
        assert not it.writers
        assert it.lane.statistics().frames == 8


async def test_as_long_as_there_is_a_rest_nothing_is_offered() -> None:
    async with wire() as it:
        big = text(0, 5_000_000).wire
        left = it.sender.offer(big)
        assert 0 < left < len(big)
        while it.peer.stream.socket.is_readable():
            await it.peer.stream.receive_some()
            await trio.sleep(0.005)
        assert it.sender.offer(b"x") == 1


async def test_who_was_reset_is_written_to_no_more_and_nothing_is_raised() -> None:
    async with wire() as it:
        it.lane.post(text(0, 100))
        await it.peer.reset()
        for number in range(1, 50):
            assert it.lane.post(text(number, 100))
            await trio.sleep(0.001)
        assert it.losses
        assert not it.writers
        assert it.lane.statistics().frames == 0


async def test_a_reset_in_the_middle_of_a_frame_ends_its_writer() -> None:
    async with wire() as it:
        await it.fill()
        for number in range(50):
            it.lane.post(text(number, 2_000))
        await it.peer.reset()
        await eventually(lambda: not it.writers)
        assert it.losses
        assert it.lane.post(text(0, 10))  # to nobody
        assert it.lane.statistics().frames == 0


async def test_a_peer_that_does_not_read_costs_what_the_bounds_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "SEND_TIMEOUT", 0.3)
    async with wire(max_frames=20, max_bytes=30_000) as it:
        await it.fill()
        posted = 0
        while it.lane.post(text(posted, 2_000)):
            posted += 1
        assert posted <= 20
        assert it.lane.statistics().bytes <= 30_000
        await eventually(lambda: not it.writers, timeout=3)
        assert it.losses
        with pytest.raises(trio.ClosedResourceError):
            await it.sender._stream.send_all(b"x")
        assert it.lane.statistics().frames == 0


async def test_in_a_hurry_it_is_given_up_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "SEND_TIMEOUT", 1_000.0)
    monkeypatch.setattr(sender_module, "SEND_TIMEOUT_STOPPING", 0.2)
    async with wire() as it:
        await it.fill()
        await trio.testing.wait_all_tasks_blocked()
        assert it.writers == 1
        it.sender.hurry()
        await eventually(lambda: not it.writers, timeout=3)
        assert it.losses


async def test_after_a_close_frame_no_frame_of_the_lane_follows() -> None:
    async with wire() as it:
        assert it.lane.post(text(0, 10))
        it.sender.seal()
        assert await it.sender.send(CLOSING)
        assert it.lane.post(text(1, 10))
        assert await it.sender.send(text(2, 10).wire, frame=True)
        it.sender.end()
        assert await it.peer.rest() == text(0, 10).wire + CLOSING


async def test_while_somebody_has_the_turn_frames_wait_for_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    async with wire() as it, trio.open_nursery() as nursery:
        stream, going_on = it.sender._stream, trio.Event()
        send_all = stream.send_all

        async def send_later(data: bytes) -> None:
            await going_on.wait()
            await send_all(data)

        monkeypatch.setattr(stream, "send_all", send_later)
        nursery.start_soon(it.sender.send, text(0, 10).wire)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(1, 4):
            assert it.lane.post(text(number, 10))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0.05) as nothing:
            await it.peer.stream.receive_some()
        assert nothing.cancelled_caught
        going_on.set()
        assert [int((await it.peer.frame())[1].split()[0]) for _ in range(4)] == [0, 1, 2, 3]
        assert it.lane.post(text(4, 10))
        assert it.lane.statistics().frames == 0, "written at once again"


async def test_there_is_a_writer_only_while_something_waits() -> None:
    async with wire() as it:
        for number in range(100):
            assert it.lane.post(text(number, 20))
        assert it.writers == 0
        for _ in range(3):
            count = await it.fill(5_000)
            await eventually(lambda: it.writers == 1)
            while it.writers:
                with trio.move_on_after(0.05):
                    await it.peer.frame()
            assert count
        assert it.most == 1


async def test_what_the_sender_takes_for_granted_of_trio() -> None:
    """A plain stream's socket does not block and is gone, by its number, once it is closed; TLS takes no offers."""
    one, other = socket.socketpair()
    with other:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(one))
        assert not os.get_blocking(stream.socket.fileno())
        sender = Sender(stream, lambda: None)
        assert sender.takes_offers
        await stream.aclose()
        assert stream.socket.fileno() == -1
        assert sender.offer(b"x") == 0
    assert not Sender(trio.StapledStream(*trio.testing.memory_stream_pair()), lambda: None).takes_offers
