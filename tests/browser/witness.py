"""Someone in the room who only listens, and notes when each thing was told. What a page shows comes a little later.

``python -m tests.browser.witness ADDRESS ROOM NAME`` joins, prints each frame after the moment it came, and writes each
line of its input to the chat. `Witness` runs it in a network of the tests'.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

#: Seconds that are waited for what is to come some time. What is promised is measured by the test.
PATIENCE = 30.0


@attrs.frozen
class News:
    """What was told of somebody, and when, in Unix seconds."""

    at: float
    #: "joined", "left", or how they are connected.
    what: str
    #: Why they left.
    reason: str = ""


@attrs.define(eq=False)
class Witness:
    """The program, and what it has heard."""

    process: subprocess.Popen[str]
    #: Everything that was told, by name, in order; changes only.
    _news: dict[str, list[News]] = attrs.field(factory=dict)
    #: Everyone who is or was there, as they were told of last.
    _people: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    _chat: list[str] = attrs.field(factory=list)
    _changed: threading.Condition = attrs.field(factory=threading.Condition)
    _over: bool = False

    def person(self, name: str) -> dict[str, Any]:
        """Someone as the others know them."""
        with self._changed:
            return dict(self._people[name])

    def news(self, name: str, since: float = 0.0) -> list[News]:
        with self._changed:
            return [news for news in self._news.get(name, []) if news.at >= since]

    def hears(self, name: str, what: str, since: float = 0.0, timeout: float = PATIENCE) -> News:
        """Wait until that is told of somebody, and return it."""

        def find() -> News | None:
            return next((news for news in self._news.get(name, []) if news.at >= since and news.what == what), None)

        with self._changed:
            self._changed.wait_for(lambda: find() or self._over, timeout)
            if found := find():
                return found
        raise AssertionError(f"nothing like {what!r} of {name} in {timeout} s; what was told: {self.news(name)}")

    def reads(self, text: str, timeout: float = PATIENCE) -> None:
        """Wait until that was written in the chat."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self._chat, timeout), (text, self._chat)

    def say(self, text: str) -> None:
        assert self.process.stdin is not None
        print(text, file=self.process.stdin, flush=True)

    def listen(self) -> None:
        """Take what it prints, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            at, _, frame = line.partition(" ")
            with self._changed:
                self._take(float(at), json.loads(frame))
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _take(self, at: float, event: dict[str, Any]) -> None:
        match event["type"]:
            case "joined":
                for person in event["participants"]:
                    self._note(at, person, "joined")
            case "participant_joined":
                self._note(at, event["participant"], "joined")
            case "participant_updated":
                person = event["participant"]
                changed = person["connection"] != self._people[person["name"]]["connection"]
                self._note(at, person, person["connection"] if changed else "")
            case "participant_left":
                self._news.setdefault(event["name"], []).append(News(at, "left", event["reason"]))
            case "chat":
                self._chat.append(event["message"]["text"])

    def _note(self, at: float, person: dict[str, Any], what: str) -> None:
        self._people[person["name"]] = person
        if what:
            self._news.setdefault(person["name"], []).append(News(at, what))


@contextmanager
def witness(
    address: str, room: str = "blue", name: str = "Witness", enter: Sequence[str] = ()
) -> Generator[Witness, None, None]:
    """Have a witness in a room, by way of a command that begins with ``enter``."""
    process = subprocess.Popen(
        [*enter, sys.executable, "-m", "tests.browser.witness", address, room, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    there = Witness(process)
    listener = threading.Thread(target=there.listen)
    listener.start()
    try:
        there.hears(name, "joined")
        yield there
    finally:
        process.kill()
        listener.join()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def main(address: str, room: str, name: str) -> None:
    with connect(f"ws://{address}/ws") as socket:
        threading.Thread(target=_write, args=(socket,), daemon=True).start()
        join = {"type": "join", "room": room, "name": name, "microphone": False, "camera": False}
        socket.send(json.dumps(join))
        try:
            for frame in socket:
                print(time.time(), frame, flush=True)
                event = json.loads(frame)
                if event["type"] == "ping":
                    socket.send(json.dumps({"type": "pong", "n": event["n"]}))
        except ConnectionClosed:
            return


def _write(socket: ClientConnection) -> None:
    for line in sys.stdin:
        socket.send(json.dumps({"type": "chat", "text": line.strip()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
