"""A worker process, and the connection to it, from its start until it is reaped.

The bridge makes the listening Unix socket itself and connects to it before there is a process: the socket's name is
gone again when the worker inherits the descriptor, so there is nothing on disk to clean up, to guess or to race for.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import trio

from media import serving
from media.bridge.errors import WorkerLost
from media.bridge.run_queue import RunQueue
from media.bridge.stderr import forward_lines
from nurseries import child_path

_log = logging.getLogger("media.bridge")


class Worker(Protocol):
    """A running worker: ``stream`` is connected to it, and ``headers`` are for the websocket handshake.

    ``pid`` is None for one on another machine; ``name`` says which one it is, for a log.
    """

    @property
    def pid(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def headers(self) -> list[tuple[bytes, bytes]]: ...

    @property
    def stream(self) -> trio.abc.Stream: ...

    @property
    def ending(self) -> str | None:
        """How it ended, once it has and was waited for."""
        ...

    async def wait(self) -> None:
        """Wait until it ended."""
        ...

    def kill(self) -> None:
        """End it without asking, if that is in our power."""
        ...

    def starved(self) -> float:
        """For how many seconds it has waited for a core since its start; 0.0 where that is not known."""
        ...

    def serving(self) -> int | None:
        """The mark of the room that it is or was busy with (`media.serving`), 0 for none; None if it tells nothing."""
        ...


OpenWorker = Callable[[], AbstractAsyncContextManager[Worker]]


class WorkerProcess:
    """A worker that is a process of this machine."""

    def __init__(self, process: trio.Process, stream: trio.SocketStream, memory: int) -> None:
        self._process = process
        self._memory = memory
        self._stream = stream
        self._run_queue = RunQueue(Path(f"/proc/{process.pid}"))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def name(self) -> str:
        return f"pid {self.pid}"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return []

    @property
    def stream(self) -> trio.SocketStream:
        return self._stream

    @property
    def ending(self) -> str | None:
        code = self._process.returncode
        if code is None:
            return None
        return f"it was killed by {signal.Signals(-code).name}" if code < 0 else f"it ended with exit status {code}"

    async def wait(self) -> None:
        await self._process.wait()

    def kill(self) -> None:
        """Send SIGKILL, which ends a stopped process, too."""
        self._process.kill()

    def starved(self) -> float:
        """What Linux says of its first thread, which serves everything."""
        return self._run_queue.waited(trio.current_time())

    def serving(self) -> int | None:
        """What it has left in the memory that is shared with it, for as long as `open_worker` lasts."""
        return serving.read(os.pread(self._memory, serving.SIZE, 0))


@asynccontextmanager
async def open_worker(command: Sequence[str], *, stop: float = 1.0) -> AsyncGenerator[WorkerProcess, None]:
    """Run ``command`` with ``--control-fd`` and ``--serving-fd``, and be connected to it.

    At the end the process is gone, whatever happens: the connection is closed, which tells the worker to end; after
    ``stop`` seconds it gets SIGTERM, after as many again SIGKILL. Its standard error goes to the logger
    ``media.worker``, to the last line.

    Raises WorkerLost if there is no such command, or no descriptor left to speak with it.
    """
    try:
        memory = _memory()
    except OSError as error:
        raise WorkerLost(f"no memory could be shared with it: {error.strerror}") from error
    try:
        listener, connected = _connected_pair()
    except OSError as error:  # no descriptors left, no space for a socket
        os.close(memory)
        raise WorkerLost(f"no socket could be made for it: {error.strerror}") from error
    stream = trio.SocketStream(connected)
    try:
        process = await _spawn(command, listener, memory)
        async with trio.open_nursery() as nursery:
            # Shielded, because the most telling lines are the last: it ends when the process has.
            reading = trio.CancelScope(shield=True)
            assert process.stderr is not None
            nursery.start_soon(forward_lines, process.stderr, reading, name=child_path("stderr"))
            try:
                yield WorkerProcess(process, stream, memory)
            finally:
                with trio.move_on_after(2 * stop + 5, shield=True):
                    await _stop(process, stream, stop)
                # a grandchild may keep the pipe open
                reading.deadline = trio.current_time() + 0.2
    finally:
        connected.close()
        os.close(memory)


def _memory() -> int:
    """Return a descriptor of memory for `media.serving`. Raises OSError."""
    if sys.platform == "linux":
        memory = os.memfd_create("chatroom-serving")
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
    os.write(memory, serving.UNTOLD)
    return memory


def _connected_pair() -> tuple[socket.socket, trio.socket.SocketType]:
    """A listening Unix socket and one connected to it. Nothing here waits, so nothing can be cancelled half-way."""
    listener = socket.socket(socket.AF_UNIX)
    connected = socket.socket(socket.AF_UNIX)
    try:
        with tempfile.TemporaryDirectory(prefix="chatroom-") as directory:  # mode 0700
            path = str(Path(directory, "worker"))
            listener.bind(path)
            listener.listen(1)
            connected.connect(path)
    except BaseException:
        listener.close()
        connected.close()
        raise
    return listener, trio.socket.from_stdlib_socket(connected)


async def _spawn(command: Sequence[str], listener: socket.socket, memory: int) -> trio.Process:
    """Start the process and leave the listener to it."""
    try:
        return await trio.lowlevel.open_process(
            [*command, "--control-fd", str(listener.fileno()), "--serving-fd", str(memory)],
            pass_fds=[listener.fileno(), memory],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise WorkerLost(f"it could not be started: {error}") from error
    finally:
        listener.close()


async def _stop(process: trio.Process, stream: trio.SocketStream, grace: float) -> None:
    await trio.aclose_forcefully(stream)
    for step in (None, signal.SIGTERM, signal.SIGKILL):
        if step is not None:
            _log.warning("the media worker (pid %d) did not end within %g s: %s", process.pid, grace, step.name)
            process.send_signal(step)
        with trio.move_on_after(5 if step is signal.SIGKILL else grace):
            await process.wait()
            return
    _log.error("the media worker (pid %d) cannot be killed", process.pid)
