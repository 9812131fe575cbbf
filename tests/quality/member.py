"""A person without a browser: a page's words on a websocket, and two connections with made-up media, each by a relay.

It sends sound and pictures at a steady rate, whatever the network does with them, and reports what it receives once a
second. Asyncio.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from media.worker.rtcp import (
    SENDER_REPORT,
    ReportBlock,
    RtcpPacket,
    pack_receiver_report,
    pack_sender_report,
    read_sender_report,
)
from tests.media.worker.peer import Peer
from tests.network.relay import Line

#: Packets a second of sound and of pictures, and bytes of each.
SOUND, PICTURES = 50, 40
PICTURE = bytes([0x90, 0x80, 0x02, 0x11, 0x00]) + bytes(900)
KEYFRAME = bytes([0x90, 0x80, 0x01, 0x10, 0x00]) + bytes(900)
VOICE = bytes(80)
#: A page checks each connection so often (RFC 7675); its relay may lose some.
CHECK = 1.0


class RelayedPeer(Peer):
    """A peer that finds the worker behind a line."""

    line_port = 0
    #: Whom to tell of sender reports at once, as the round trip is measured by them.
    stamp: Callable[[RtcpPacket], None] | None = None

    def datagram_received(self, data: bytes, addr: Any) -> None:
        before = len(self.rtcp)
        super().datagram_received(data, addr)
        if self.stamp is not None:
            for word in self.rtcp[before:]:
                self.stamp(word)

    def remote(self, remote_sdp: str) -> None:
        super().remote(remote_sdp)
        assert self._remote is not None
        self._remote.address = (self.host, self.line_port)


@attrs.define
class _Received:
    """What came of one stream: its numbers, extended, and the last word about its clock."""

    first: int
    highest: int
    count: int = 0
    stamp: int = 0
    stamped_at: float = 0.0


class Member:
    """Made by `joining`."""

    def __init__(self, name: str, line: Line, socket: ClientConnection) -> None:
        self.name = name
        self.line = line
        self.id = ""
        #: What is sent.
        self.sound = self.pictures = True
        self.level = 30
        #: What was told, and when (`time.monotonic`).
        self.told: list[tuple[float, dict[str, Any]]] = []
        self._socket = socket
        self._publish: Peer | None = None
        self._subscribe: Peer | None = None
        self._received: dict[int, _Received] = {}
        self._changed = asyncio.Event()
        self._refs = 0
        self._group: asyncio.TaskGroup
        self._answered = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None

    async def say(self, type: str, **fields: Any) -> None:
        """Send a command."""
        await self._socket.send(json.dumps({"type": type, **fields}))

    async def until(
        self, fits: Callable[[dict[str, Any]], bool], timeout: float, since: float = 0.0
    ) -> tuple[float, dict[str, Any]]:
        """Wait for a word that fits, or return the first that came since then; raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                for at, word in self.told:
                    if at >= since and fits(word):
                        return at, word
                self._changed.clear()
                await self._changed.wait()

    def troubles(self, since: float = 0.0) -> list[tuple[float, dict[str, Any]]]:
        """The problems that were told since then."""
        return [(at, word) for at, word in self.told if word["type"] == "problem" and at >= since]

    async def glitch(self, seconds: float) -> None:
        """Lose all for a moment, both ways."""
        self.line.up.cut()
        self.line.down.cut()
        await asyncio.sleep(seconds)
        self.line.up.mend()
        self.line.down.mend()

    async def live(self, room: str) -> None:
        """Join, publish, subscribe, and go on until cancelled."""
        async with asyncio.TaskGroup() as self._group:
            self._group.create_task(self._read())
            await self.say("join", ref="j", room=room, name=self.name, microphone=True, camera=True)
            _, joined = await self.until(lambda word: word["type"] == "joined", 10)
            self.id = joined["you"]
            publish = self._publish = await self._peer("publish")
            offer = publish.offer({"0": "audio", "1": "video"})
            await self.say("publish", ref="p", sdp=offer, tracks={"0": "microphone", "1": "camera"})
            _, answer = await self.until(lambda word: word["type"] == "published", 10)
            await publish.connect(answer["sdp"])
            self._group.create_task(self._send(publish))
            self._group.create_task(self._report())

    @asynccontextmanager
    async def resumed(self, url: str, room: str) -> AsyncIterator[None]:
        """Come back with another socket, as a page does that has lost its own, and go on for as long as this lasts."""
        _, joined = await self.until(lambda word: word["type"] == "joined", 10)
        began = time.monotonic()
        async with connect(f"ws{url.removeprefix('http')}/ws", compression=None, origin=url) as socket:  # type: ignore[arg-type]
            self._socket = socket
            reading = asyncio.create_task(self._read())
            state = {"token": joined["token"], "seq": joined["seq"], "microphone": True, "camera": True}
            await self.say("resume", ref="r", room=room, **state)
            await self.until(lambda word: word["type"] in {"resumed", "joined"}, 10, since=began)
            yield
        await reading

    async def close(self) -> None:
        """Let go of the sockets."""
        for peer in (self._publish, self._subscribe):
            if peer is not None:
                peer.stop_checking()
                await peer.close()

    async def _peer(self, leg: str) -> RelayedPeer:
        peer = await RelayedPeer.create(f"{self.name}/{leg}")
        assert isinstance(peer, RelayedPeer)
        peer.line_port = self.line.port
        return peer

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                word = json.loads(frame)
                if word["type"] == "ping":
                    await self.say("pong", n=word["n"])
                    continue
                if word["type"] == "offer":
                    await self._answer(word)
                self.told.append((time.monotonic(), word))
                self._changed.set()
        except ConnectionClosed:
            pass

    async def _answer(self, offer: dict[str, Any]) -> None:
        peer = self._subscribe
        if peer is None:
            peer = self._subscribe = new = await self._peer("subscribe")
            new.stamp = self._stamp
        await self.say("answer", offer=offer["offer"], sdp=peer.answer(offer["sdp"]))
        if self._connecting is None:
            self._connecting = self._group.create_task(peer.connect(offer["sdp"], timeout=20))

    async def _send(self, peer: Peer) -> None:
        """Send what there is, at its time."""
        began, sound, pictures = time.monotonic(), 0, 0
        asked = 0
        while True:
            elapsed = time.monotonic() - began
            while sound < elapsed * SOUND:
                sound += 1
                peer.streams["0"].timestamp = sound * 48_000 // SOUND & 0xFFFFFFFF
                if self.sound:
                    peer.send_frame("0", payload=VOICE, level=self.level)
            while pictures < elapsed * PICTURES:
                pictures += 1
                peer.streams["1"].timestamp = pictures * 90_000 // PICTURES & 0xFFFFFFFF
                if self.pictures:
                    wanted = sum(packet.type == 206 for packet in peer.rtcp)
                    peer.send_frame("1", payload=KEYFRAME if wanted > asked or pictures == 1 else PICTURE)
                    asked = wanted
            if len(peer.rtcp) > 1000:
                peer.rtcp.clear()
                asked = 0
            await asyncio.sleep(0.02)

    async def _report(self) -> None:
        """Report what came, and what was sent, once a second."""
        while True:
            await asyncio.sleep(1.0)
            now = time.time()
            if self._subscribe is not None:
                self._subscribe.rtcp.clear()
            ntp = int((now + 2_208_988_800) * (1 << 32))
            if self._publish is not None:
                for stream in self._publish.streams.values():
                    report = pack_sender_report(stream.ssrc, ntp, stream.timestamp, 0, 0)
                    self._publish.send_rtcp(report)
            if self._subscribe is not None and self._connecting is not None and self._connecting.done():
                self._take(self._subscribe)
                blocks = [self._block(ssrc, each, now) for ssrc, each in self._received.items()]
                for start in range(0, len(blocks), 30):
                    self._subscribe.send_rtcp(pack_receiver_report(1, blocks[start : start + 30]))

    def _take(self, peer: Peer) -> None:
        packets, peer.packets = peer.packets, []
        for packet in packets:
            each = self._received.get(packet.ssrc)
            if each is None:
                number = 0x10000 + packet.sequence
                each = self._received[packet.ssrc] = _Received(number, number)
            step = (packet.sequence - each.highest + 0x8000 & 0xFFFF) - 0x8000
            each.highest = max(each.highest, each.highest + step)
            each.count += 1

    def _stamp(self, word: RtcpPacket) -> None:
        if word.type == SENDER_REPORT:
            report = read_sender_report(word)
            if (each := self._received.get(report.ssrc)) is not None:
                each.stamp, each.stamped_at = report.ntp_timestamp >> 16 & 0xFFFFFFFF, time.time()

    def _block(self, ssrc: int, each: _Received, now: float) -> ReportBlock:
        lost = each.highest - each.first + 1 - each.count
        delay = int((now - each.stamped_at) * 65_536) if each.stamp else 0
        return ReportBlock(ssrc, 0, lost, each.highest, 0, each.stamp, delay)


@asynccontextmanager
async def joining(url: str, room: str, lines: dict[str, Line]) -> AsyncIterator[dict[str, Member]]:
    """Have one person for each line in a room, all of whom are sent the others' media."""
    members: dict[str, Member] = {}
    sockets = []
    tasks: list[asyncio.Task[None]] = []
    try:
        for name, line in lines.items():
            socket = await connect(f"ws{url.removeprefix('http')}/ws", compression=None, origin=url)  # type: ignore[arg-type]
            sockets.append(socket)
            members[name] = member = Member(name, line, socket)
            tasks.append(asyncio.create_task(member.live(room)))
        for member in members.values():
            await member.until(lambda word: word["type"] == "published", 20)
            if len(lines) > 1:
                await member.until(lambda word: word["type"] == "offer", 20)
        yield members
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        for member in members.values():
            await member.close()
        for socket in sockets:
            await socket.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error
