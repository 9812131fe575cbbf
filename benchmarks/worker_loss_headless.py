"""How long a call is without pictures when its worker is lost, by people who take no processor's time of their own.

Run from the top of the repository: ``python -m benchmarks.worker_loss_headless [people] [rounds]``. Everyone is a
page's words on a websocket and two connections with made-up media (sound, and a picture of one packet 25 times a
second), all in one process. Beside the time without somebody's picture stands what happened when, on the median.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import sys
import time
import urllib.request
from typing import Any

import attrs
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from media.worker.aiortc_hooks import Certificate
from tests.media.worker.peer import DELTA_FRAME, KEYFRAME, Peer
from tests.processes import Server, running_server

PICTURES, SOUND = 25, 50
#: What is waited for before the worker is taken away, and after; seconds.
_CALM, _PATIENCE = 3.0, 20.0
STEPS = ("told of the loss", "told of the spare", "published", "sends", "offered", "receives", "all pictures")


class Leg(Peer):
    """A connection that notes when pictures come."""

    #: A browser makes one for each; that is not what is measured.
    shared = Certificate()

    def __init__(self, name: str, host: str = "127.0.0.1") -> None:
        super().__init__(name, host)
        self.certificate = self.shared
        self.person: Headless | None = None

    def datagram_received(self, data: bytes, addr: Any) -> None:
        super().datagram_received(data, addr)
        for packet in self.packets:
            if self.person is not None:
                self.person.saw(packet.ssrc)
        self.packets.clear()


@attrs.define(eq=False)
class Headless:
    """A person."""

    name: str
    socket: ClientConnection
    publish: Peer | None = None
    subscribe: Leg | None = None
    #: Whose picture each stream is, when one of each came last, and the longest time between two, since `forget`.
    of: dict[int, str] = attrs.field(factory=dict)
    last: dict[str, float] = attrs.field(factory=dict)
    longest: float = 0.0
    #: When what happened, for the first time since `forget`.
    when: dict[str, float] = attrs.field(factory=dict)
    seen: set[str] = attrs.field(factory=set)
    tasks: set[asyncio.Task[None]] = attrs.field(factory=set)
    others: int = 0
    replies: dict[str, asyncio.Future[dict[str, Any]]] = attrs.field(factory=dict)
    _refs: int = 0

    def forget(self) -> None:
        self.longest = 0.0
        self.when.clear()
        self.seen.clear()

    def saw(self, ssrc: int) -> None:
        of = self.of.get(ssrc)
        if of is None:
            return
        now = time.monotonic()
        self.longest = max(self.longest, now - self.last.get(of, now))
        self.last[of] = now
        if "told of the loss" in self.when:
            self.seen.add(of)
            if len(self.seen) == self.others:
                self.note("all pictures")

    def note(self, what: str) -> None:
        self.when.setdefault(what, time.monotonic())

    async def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        self._refs += 1
        ref = str(self._refs)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.replies[ref] = future
        await self.socket.send(json.dumps({"type": type, "ref": ref, **fields}))
        return await future

    def spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)

    async def read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for frame in self.socket:
                word = json.loads(frame)
                match word["type"]:
                    case "ping":
                        await self.socket.send(json.dumps({"type": "pong", "n": word["n"]}))
                    case "offer":
                        await self.answer(word)
                    case "media_lost":
                        self.note("told of the loss")
                        self.let_go()
                    case "media_restored":
                        self.note("told of the spare")
                        self.spawn(self.send())
                    case "participant_left":
                        raise AssertionError(f"{word['name']} has left")
                if (future := self.replies.pop(word.get("ref") or "", None)) is not None:
                    future.set_result(word)

    def let_go(self) -> None:
        for peer in (self.publish, self.subscribe):
            if peer is not None:
                peer.stop_checking()
                assert peer._transport is not None
                peer._transport.close()
        self.publish = self.subscribe = None
        self.of.clear()

    async def answer(self, offer: dict[str, Any]) -> None:
        self.note("offered")
        for section in offer["sdp"].split("\r\nm=")[1:]:
            mid, ssrc = re.search(r"a=mid:(\S+)", section), re.search(r"a=ssrc:(\d+) ", section)
            track = offer["tracks"].get(mid[1]) if mid else None
            if ssrc and track and track["source"] == "camera":
                self.of[int(ssrc[1])] = track["participant"]
        leg, new = self.subscribe, self.subscribe is None
        if leg is None:
            made = await Leg.create(self.name)
            assert isinstance(made, Leg)
            self.subscribe = leg = made
            leg.person = self
        words = {"type": "answer", "offer": offer["offer"], "sdp": leg.answer(offer["sdp"])}
        await self.socket.send(json.dumps(words))
        if new:
            self.spawn(self.receive(leg, offer["sdp"]))

    async def receive(self, leg: Leg, sdp: str) -> None:
        await leg.connect(sdp)
        self.note("receives")

    async def send(self) -> None:
        """Publish, and send until the connection is let go."""
        peer = self.publish = await Leg.create(self.name)
        offer = peer.offer({"0": "audio", "1": "video"})
        answer = await self.ask("publish", sdp=offer, tracks={"0": "microphone", "1": "camera"})
        self.note("published")
        await peer.connect(answer["sdp"])
        self.note("sends")
        began, sound, pictures, asked = time.monotonic(), 0, 0, 0
        while self.publish is peer:
            elapsed = time.monotonic() - began
            while sound < elapsed * SOUND:
                sound += 1
                peer.send_frame("0")
            while pictures < elapsed * PICTURES:
                pictures += 1
                wanted = sum(packet.type == 206 for packet in peer.rtcp)
                peer.send_frame("1", payload=KEYFRAME if wanted > asked or pictures == 1 else DELTA_FRAME)
                asked = wanted
            await asyncio.sleep(0.01)


async def measure(server: Server, count: int, how: signal.Signals) -> list[Headless]:
    """Have people call, take their worker away, and return them when everyone sees everyone again."""
    people: list[Headless] = []
    async with contextlib.AsyncExitStack() as stack:
        for n in range(count):
            url = f"ws{server.url.removeprefix('http')}/ws"
            socket = await stack.enter_async_context(connect(url, compression=None, origin=server.url))  # type: ignore[arg-type]
            person = Headless(f"person{n}", socket, others=count - 1)
            people.append(person)
            person.spawn(person.read())
            await person.ask("join", room=how.name.lower(), name=person.name, microphone=True, camera=True)
            person.spawn(person.send())
        await _until(lambda: all(len(person.last) == count - 1 for person in people), people)
        await asyncio.sleep(_CALM)
        for person in people:
            person.forget()
        (lost,) = [each["pid"] for each in _workers(server) if each["rooms"]]
        began = time.monotonic()
        os.kill(lost, how)
        await _until(lambda: all("all pictures" in person.when for person in people), people)
        await asyncio.sleep(0.5)
        for person in people:
            person.when = {step: at - began for step, at in person.when.items()}
            person.let_go()
            for task in person.tasks:
                task.cancel()
    return people


async def _until(condition: Any, people: list[Headless]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():
            for task in [task for person in people for task in person.tasks if task.done()]:
                task.result()
            await asyncio.sleep(0.01)


def _workers(server: Server) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{server.url}/healthz") as response:
        return list(json.load(response)["workers"])


def main() -> None:
    """Measure what the command line says."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for how in (signal.SIGKILL, signal.SIGSTOP):
        for _ in range(rounds):
            with contextlib.redirect_stdout(sys.stderr), running_server("--media-spare") as server:
                while sum(worker["state"] in ("up", "spare") for worker in _workers(server)) < 2:
                    time.sleep(0.1)
                people = asyncio.run(measure(server, count, how))
            gaps = sorted(person.longest for person in people)
            steps = {step: statistics.median(person.when[step] for person in people) for step in STEPS}
            print(
                f"{how.name}: without pictures for {', '.join(f'{gap:.2f}' for gap in gaps)} s; "
                + ", ".join(f"{step} {at:.2f}" for step, at in steps.items())
                + f" (load {os.getloadavg()[0]:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
