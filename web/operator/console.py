"""A Python console inside the server, on a Unix socket that only its own user can open.

What is typed there runs in the server's one thread, between two steps of its tasks, with the server's own objects:
it can do whatever the server can. So it is off unless it was switched on.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import structlog
import trio

from chatroom.attendance import Attendance
from chatroom.room import Room
from web.node import Node
from web.operator import look, terminal
from web.operator.evaluation import Evaluation
from web.operator.runtime import NoRuntimeDirectory, prepare, runtime_dir
from web.operator.selection import Wish

#: Consoles at a time, and octets of one line.
CONSOLES, LONGEST_LINE = 4, 65_536
#: What stands before a prompt, so that a program finds it; a terminal shows nothing of it.
MARK = "\0"
_READY, _MORE = f"{MARK}>>> ", f"{MARK}... "
#: Seconds that whoever is told something may take to read it.
_PATIENCE = 10.0
#: SO_PEERCRED: the process, the user and the group at the other end (unix(7)).
_CREDENTIALS = struct.Struct("3i")

_log = structlog.stdlib.get_logger("web.operator.console")


async def serve(node: Node, *, task_status: trio.TaskStatus[None]) -> None:
    """Serve until cancelled. Raises NoRuntimeDirectory at the start."""
    path = runtime_dir(node.settings.runtime_dir, os.environ) / f"console-{os.getpid()}.sock"
    sock = _listen(path)
    slots = trio.CapacityLimiter(CONSOLES)

    async def one(stream: trio.SocketStream) -> None:
        try:
            slots.acquire_nowait()
        except trio.WouldBlock:
            await stream.aclose()
            return
        try:
            await _Console(node, stream).run()
        except (trio.BrokenResourceError, trio.TooSlowError):
            await trio.aclose_forcefully(stream)
        finally:
            slots.release()

    try:
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, one, [listener], name="serve/operator/console/door")
            _log.info("console", socket=str(path))
            task_status.started()
    finally:
        with suppress(OSError):
            path.unlink()  # noqa: ASYNC240 - one system call


def _listen(path: Path) -> socket.socket:
    prepare(path.parent)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with suppress(FileNotFoundError):
            path.unlink()
        sock.bind(str(path))
        sock.listen(CONSOLES)
    except OSError as error:
        sock.close()
        raise NoRuntimeDirectory(f"{path} cannot be made: {error}.") from None
    finally:
        os.umask(before)
    return sock


class _Console:
    """One who types."""

    def __init__(self, node: Node, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._evaluation = Evaluation(namespace(node))

    async def run(self) -> None:
        pid, user = self._peer()
        if user not in (0, os.getuid()):
            await self._stream.aclose()
            return
        _log.warning("console opened", pid=pid, user=user)
        try:
            await self._say(f"{WELCOME}{_READY}")
            buffer = bytearray()
            async for piece in self._stream:
                buffer += piece
                while (end := buffer.find(b"\n")) >= 0:
                    line = buffer[:end].decode(errors="replace").rstrip("\r")
                    del buffer[: end + 1]
                    answer = await self._evaluation.line(line)
                    await self._say(answer + (_MORE if self._evaluation.unfinished else _READY))
                if len(buffer) > LONGEST_LINE:
                    break
        finally:
            _log.warning("console closed", pid=pid, user=user)
            await trio.aclose_forcefully(self._stream)  # noqa: ASYNC102 - it does not wait

    def _peer(self) -> tuple[int, int]:
        if not hasattr(socket, "SO_PEERCRED"):
            return 0, os.getuid()
        said = self._stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, user, _ = _CREDENTIALS.unpack(said)
        return pid, user

    async def _say(self, text: str) -> None:
        with trio.fail_after(_PATIENCE):
            await self._stream.send_all(text.encode(errors="backslashreplace"))


WELCOME = """\
You are inside of a running server: a line that computes holds everyone up (1 s at most), one that awaits does not.
  node, rooms(), room(name), participant(id)    the server's own objects: look, and be careful
  tree(search=''), stack(id or name), top(by='queues')    texts for print
"""


def namespace(node: Node) -> dict[str, Any]:
    """What is at hand in a console."""

    def rooms() -> dict[str, Room]:
        return {each.name: each for each in node.directory.rooms()}

    def room(name: str) -> Room | None:
        return node.directory.find(name)

    def participant(id: str) -> Attendance | None:
        here = (stay for room in node.directory.rooms() for stay in room.present())
        return next((stay for stay in here if stay.id == id), None)

    def tree(search: str = "") -> Text:
        return Text(terminal.tree_lines(look.tree(node, Wish(search=search))))

    def stack(task: int | str) -> Text:
        return Text(terminal.tree_lines(look.tree(node, Wish(), under=str(task), stacks=True), stacks=True))

    def top(by: look.Order = "queues", number: int = 10) -> Text:
        seen = {**look.overview(node), "top": look.top(node, by, number), "timeline": look.timeline(node, 0)}
        return Text(terminal.top_lines(seen, None))

    return {each.__name__: each for each in (rooms, room, participant, tree, stack, top)} | {"node": node, "trio": trio}


class Text(str):
    """Lines that are shown as they are."""

    __slots__ = ()

    def __new__(cls, lines: list[str]) -> Self:
        return super().__new__(cls, "\n".join(lines))

    def __repr__(self) -> str:
        return str(self)
