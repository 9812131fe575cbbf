"""Someone who comes, perhaps says something, and goes in one of the ways there are, the rude ones included."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any, Literal, Self

import attrs
import trio

from benchmarks.signalling.frames import CLOSE, TEXT, closing, extent, frame, handshake
from benchmarks.signalling.swarm import Wrong
from tests.web.offer import OFFER, TRACKS

#: Seconds that an answer may take on a machine that is busy.
PATIENCE = 60.0
#: One in so many publishes, one in so many says something.
PUBLISHES, TALKS = 5, 3
#: Bytes that a page has room for which is not going to read.
RECEIVE_BUFFER = 4_096

Ending = Literal["leave", "close", "going_away", "finish", "reset", "half", "mute", "twice", "stuck", "resume"]


@attrs.define(eq=False)
class Line:
    """A connection, and what has come on it. Raises Wrong where the server ends it unasked."""

    sock: trio.socket.SocketType
    buffer: bytes = b""

    @classmethod
    async def open(cls, port: int, receive_buffer: int | None = None) -> Self:
        """Open a websocket."""
        sock = trio.socket.socket()
        try:
            if receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            await sock.connect(("127.0.0.1", port))
            line = cls(sock)
            await line.send(handshake(port))
            while b"\r\n\r\n" not in line.buffer:
                await line.more()
        except BaseException:
            sock.close()
            raise
        head, _, line.buffer = line.buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"there is no websocket to be had: {head!r}")
        return line

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        while data:
            data = data[await self.sock.send(data) :]

    async def say(self, type: str, **fields: object) -> None:
        """Send a command."""
        await self.send(frame(TEXT, json.dumps({"type": type, **fields}).encode()))

    async def more(self) -> None:
        """Read something."""
        data = await self.sock.recv(65_536)
        if not data:
            raise Wrong(f"the server hung up: {self.buffer[-200:]!r}")
        self.buffer += data

    async def next(self, *types: str) -> dict[str, Any]:
        """Read until an event of one of these types."""
        while True:
            while (found := extent(self.buffer, 0)) is None or found[1] > len(self.buffer):
                await self.more()
            opcode, payload = self.buffer[0] & 15, self.buffer[slice(*found)]
            self.buffer = self.buffer[found[1] :]
            if opcode == CLOSE:
                raise Wrong(f"the server closed: {payload!r}")
            event: dict[str, Any] = json.loads(payload) if opcode == TEXT else {"type": ""}
            if event["type"] in types:
                return event

    async def join(self, room: str, name: str) -> dict[str, Any]:
        """Come into a room."""
        await self.say("join", ref="j", room=room, name=name, microphone=True, camera=True)
        joined = await self.next("joined", "error")
        if joined["type"] == "error":
            raise Wrong(f"{name} was refused: {joined}")
        return joined

    async def rest(self) -> None:
        """Read until the server has ended the connection, and end it."""
        with suppress(OSError):  # a reset is an end, too
            while await self.sock.recv(65_536):
                pass
        self.sock.close()

    def reset(self) -> None:
        """End the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


async def leave(line: Line) -> None:
    await line.say("leave")
    await line.rest()


async def close(line: Line, code: int = 1000) -> None:
    await line.send(closing(code))
    await line.rest()


async def going_away(line: Line) -> None:
    await close(line, 1001)


async def finish(line: Line) -> None:
    """FIN, and no close frame."""
    line.sock.shutdown(socket.SHUT_WR)
    await line.rest()


async def reset(line: Line) -> None:
    line.reset()
    await trio.lowlevel.checkpoint()


async def half(line: Line) -> None:
    """Half a frame, and RST."""
    whole = frame(TEXT, b'{"type":"chat","text":"I was about to say"}')
    await line.send(whole[: len(whole) // 2])
    line.reset()


async def twice(line: Line) -> None:
    """Join again, which is refused, and close."""
    await line.say("join", ref="again", room="elsewhere", name="Twin", microphone=False, camera=False)
    while (error := await line.next("error"))["ref"] != "again":
        pass  # of something that was said before
    if error["code"] != "already_joined":
        raise Wrong(f"a second join was answered with {error}")
    await close(line)


ENDINGS: dict[Ending, Callable[[Line], Awaitable[None]]] = {
    "leave": leave,
    "close": close,
    "going_away": going_away,
    "finish": finish,
    "reset": reset,
    "half": half,
    "twice": twice,
    "stuck": reset,
    "resume": leave,
}


@attrs.frozen
class Visit:
    """What someone is going to do: drawn before, so that a seed gives the same visits however they interleave."""

    room: str
    name: str
    ending: Ending
    stay: float
    publishes: bool
    talks: bool
    #: Whether one who never joins waits until the server has had enough.
    waits: bool

    @classmethod
    def draw(cls, random: Random, number: int, rooms: int) -> Self:
        """Decide on everything."""
        endings: list[Ending] = [*ENDINGS, "mute"]
        return cls(
            room=f"room-{random.randrange(rooms)}",
            name=f"Guest {number}",
            ending=random.choice(endings),
            stay=random.uniform(0, 0.3),
            publishes=random.randrange(PUBLISHES) == 0,
            talks=random.randrange(TALKS) == 0,
            waits=random.randrange(20) == 0,
        )

    async def make(self, port: int) -> None:
        """Do it. Raises Wrong."""
        with trio.move_on_after(PATIENCE) as patience:
            line = await Line.open(port, RECEIVE_BUFFER if self.ending == "stuck" else None)
            try:
                await self._inside(line, port)
            except OSError as error:
                raise Wrong(f"{self.name} ({self.ending}) was cut off: {error}") from None
            finally:
                line.sock.close()
        if patience.cancelled_caught:
            raise Wrong(f"{self.name} ({self.ending}) got no answer within {PATIENCE:g} s")

    async def _inside(self, line: Line, port: int) -> None:
        if self.ending == "mute":
            await self._never_join(line)
            return
        joined = await line.join(self.room, self.name)
        if self.publishes:
            await line.say("publish", ref="p", sdp=OFFER, tracks=TRACKS)
        if self.talks:
            await line.say("chat", text=f"This is {self.name}")
        await trio.sleep(self.stay)
        if self.ending == "resume" and "token" in joined:
            line.reset()
            await self._come_back(joined, port)
            return
        await ENDINGS[self.ending](line)

    async def _never_join(self, line: Line) -> None:
        if self.waits:
            await line.rest()
            return
        await trio.sleep(self.stay)
        line.reset()

    async def _come_back(self, joined: dict[str, Any], port: int) -> None:
        """Resume on another connection, and leave from there."""
        line = await Line.open(port)
        try:
            words = {"room": self.room, "token": joined["token"], "seq": joined["seq"]}
            await line.say("resume", ref="r", **words, microphone=True, camera=False)
            answer = await line.next("resumed", "joined", "error")
            if answer["type"] == "error":
                raise Wrong(f"{self.name} could not come back: {answer}")
            await leave(line)
        finally:
            line.sock.close()
