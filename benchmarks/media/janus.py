"""Janus's videoroom (janus.conf.meetecho.com), by its websocket."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.media.contender import Contender, Wrong
from benchmarks.media.load import Load
from benchmarks.media.place import SERVER
from benchmarks.media.publisher import Publisher

_PORT = 8188
_ROOM = 1
_PATIENCE = 20.0
_START_ATTEMPTS = 100
_ATTEMPTS = 50
#: As it is installed, but for where things are and what is not used.
_CONFIGURATION = {
    "janus.jcfg": """\
general: {{ configs_folder = "{folder}"; interface = "{address}"; debug_level = 3; session_timeout = 0 }}
nat: {{ ice_enforce_list = "eth0" }}
media: {{ ipv6 = false }}
plugins: {{ disable = "{plugins}" }}
transports: {{ disable = "{transports}" }}
""",
    "janus.transport.websockets.jcfg": f"""\
general: {{ json = "compact"; ws = true; ws_port = {_PORT}; wss = false }}
admin: {{ admin_ws = false }}
""",
    "janus.plugin.videoroom.jcfg": "general: { }\n",
}


def found() -> str | None:
    """Where Janus is, if it is installed."""
    return shutil.which("janus")


@attrs.define(eq=False)
class _Session:
    """A session with Janus: requests, and what they are answered with in the end."""

    connection: ClientConnection
    number: int = 0
    _waiting: dict[str, asyncio.Queue[dict[str, Any]]] = attrs.field(factory=dict)

    async def ask(self, what: str, handle: int | None = None, **more: Any) -> dict[str, Any]:
        """Ask for something, and return what comes after the acknowledgement. Raises Wrong."""
        transaction = secrets.token_hex(6)
        request = {"janus": what, "transaction": transaction, **more}
        if self.number:
            request["session_id"] = self.number
        if handle is not None:
            request["handle_id"] = handle
        answers = self._waiting[transaction] = asyncio.Queue(8)
        await self.connection.send(json.dumps(request))
        async with asyncio.timeout(_PATIENCE):
            while (answer := await answers.get())["janus"] == "ack":
                continue
        del self._waiting[transaction]
        data = answer.get("plugindata", {}).get("data", {})
        if answer["janus"] == "error" or "error" in data:
            raise Wrong(f"Janus says to {what} {more}: {answer}")
        return answer

    async def attach(self) -> int:
        answer = await self.ask("attach", plugin="janus.plugin.videoroom")
        return int(answer["data"]["id"])

    async def message(self, handle: int, jsep: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        more = {} if jsep is None else {"jsep": jsep}
        return await self.ask("message", handle, body=body, **more)

    async def read(self) -> None:
        """Hand out answers; what nobody asked for is not needed here."""
        async for frame in self.connection:
            answer = json.loads(frame)
            waiting = self._waiting.get(answer.get("transaction", ""))
            if waiting is not None:
                waiting.put_nowait(answer)


@attrs.define(eq=False)
class JanusRoom:
    """A room of its videoroom."""

    pid: int
    _session: _Session
    _feeds: dict[str, int] = attrs.field(factory=dict)

    async def publish(self, peer: Publisher) -> None:
        handle = await self._session.attach()
        joined = await self._session.message(handle, request="join", ptype="publisher", room=_ROOM, display=peer.name)
        self._feeds[peer.name] = joined["plugindata"]["data"]["id"]
        # An offerer that is the client of DTLS says so, or Janus would be that.
        answer = await self._session.message(
            handle, {"type": "offer", "sdp": peer.offer("active")}, request="configure"
        )
        await peer.connect(answer["jsep"]["sdp"])

    async def subscribe(self, load: Load, name: str, publishers: int) -> None:
        feeds = [{"feed": feed} for publisher, feed in self._feeds.items() if publisher != name]
        if len(feeds) != publishers:
            raise Wrong(f"there are {len(feeds)} others for {name}, not {publishers}")
        handle, peer = await self._session.attach(), load.subscriber(name)
        offer = await self._joined(handle, feeds)
        sdp = offer["jsep"]["sdp"]
        answer = {"type": "answer", "sdp": peer.answer(sdp)}
        await self._session.message(handle, answer, request="start")
        await peer.connect(sdp)

    async def _joined(self, handle: int, feeds: list[dict[str, int]]) -> dict[str, Any]:
        """Subscribe. A publisher is connected for a moment before Janus knows them as a feed."""
        for attempt in range(_ATTEMPTS):
            try:
                return await self._session.message(
                    handle, request="join", ptype="subscriber", room=_ROOM, streams=feeds
                )
            except Wrong as error:
                if "No such feed" not in str(error) or attempt == _ATTEMPTS - 1:
                    raise
            await asyncio.sleep(0.1)
        raise AssertionError("unreachable")


@asynccontextmanager
async def _running(enter: tuple[str, ...]) -> AsyncIterator[JanusRoom]:
    with tempfile.TemporaryDirectory(prefix="janus-") as folder:
        command = [*enter, "janus", "--configs-folder", folder, "--config", f"{folder}/janus.jcfg"]
        _configure(Path(folder))
        with (Path(folder) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            async with await _connection() as connection:
                session = _Session(connection)
                reader = asyncio.create_task(session.read())
                try:
                    session.number = (await session.ask("create"))["data"]["id"]
                    handle = await session.attach()
                    limits: dict[str, Any] = {"publishers": 1_000, "bitrate": 20_000_000}
                    await session.message(handle, request="create", room=_ROOM, **limits)
                    yield JanusRoom(process.pid, session)
                finally:
                    reader.cancel()
                    await asyncio.wait([reader])
        except Exception as error:
            error.add_note((Path(folder) / "log").read_text(errors="replace")[-3_000:])
            raise
        finally:
            process.kill()  # it would take ten seconds to say goodbye, and keeps nothing
            async with asyncio.timeout(10):
                await process.wait()


def _configure(folder: Path) -> None:
    library = next(Path("/usr/lib").glob("**/janus/plugins/libjanus_videoroom.so")).parent.parent
    others = [
        ",".join(file.name for file in sorted((library / kind).glob("*.so")) if needed not in file.name)
        for kind, needed in (("plugins", "videoroom"), ("transports", "websockets"))
    ]
    values = {
        "folder": folder,
        "address": SERVER,
        "secret": secrets.token_hex(8),
        "plugins": others[0],
        "transports": others[1],
    }
    for name, text in _CONFIGURATION.items():
        (folder / name).write_text(text.format(**values) if "{folder}" in text else text)


async def _connection() -> ClientConnection:
    for attempt in range(_START_ATTEMPTS):
        try:
            return await connect(f"ws://{SERVER}:{_PORT}", subprotocols=["janus-protocol"], compression=None)  # type: ignore[list-item]
        except OSError:
            if attempt == _START_ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.1)
    raise AssertionError("unreachable")


JANUS = Contender("Janus", _running)
