"""Real processes for tests: a server on ports of its own, watched through its log, ended by its id."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs

SERVE = [sys.executable, "-m", "web", "serve"]
START_TIMEOUT = 30.0
#: Coverage of a stop: the server promises five seconds.
STOP_TIMEOUT = 5.0
#: What tests do without that are not about the workers: one is soon there, and several eat the machine.
ONE_WORKER = ["--media-workers", "1", "--no-media-spare"]


def environment() -> dict[str, str]:
    """The environment of a server: ours, without its settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CHATROOM_")}


@attrs.define(eq=False)
class Server:
    """A server process."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8")

    def wait_for(self, pattern: str, timeout: float = START_TIMEOUT) -> re.Match[str]:
        """Wait until the log has a line that fits."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.output()):
                return found
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.output()}")
            time.sleep(0.01)
        raise AssertionError(f"no {pattern!r} in the log after {timeout} s:\n{self.output()}")

    def workers(self) -> list[int]:
        """The ids of the media workers: the server's children."""
        return children(self.pid)

    def stop(self, timeout: float = STOP_TIMEOUT) -> int:
        """Ask the server to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)


def children(pid: int) -> list[int]:
    """The children of a process, from /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def alive(pid: int) -> bool:
    """Whether a process lives; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running_server(
    *options: str, command: Sequence[str] = SERVE, env: dict[str, str] | None = None
) -> Generator[Server, None, None]:
    """Run a server for as long as the context lasts. Its log is shown if the test fails."""
    with tempfile.NamedTemporaryFile(prefix="chatroom-", suffix=".log") as log:
        defaults = [] if command is not SERVE else ["--port", "0", "--media-port", "0", *ONE_WORKER]
        process = subprocess.Popen(
            [*command, *defaults, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env or environment()
        )
        server = Server(process, log)
        try:
            server.port = int(server.wait_for(r"Running on https?://[^ ]*:(\d+)")[1])
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(2 * STOP_TIMEOUT)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            sys.stdout.write(server.output())
