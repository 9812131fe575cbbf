"""Workers on another machine, which is this one: real processes and real TLS, on the real clock."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from chatroom.media import MediaEvent, MediaLost, MediaRestored
from media.bridge import Bridge, Deadlines, MediaSettings, MediaStartFailed, Terms, WorkerLost
from media.bridge.link import Loss, WorkerLink
from media.bridge.remote import Access, open_remote
from media.messages import Done, GetStatistics, Join, WorkerStatistics
from nurseries.testing import cancel_at_every_checkpoint
from tests import certificates
from tests.web.served import eventually

pytestmark = pytest.mark.process

SECRET = "0123456789abcdef" * 2
#: Long enough for a busy machine, short enough for a test.
TERMS = Terms(interval=0.2, silence=1.2, answer=5.0)
DEADLINES = Deadlines(heartbeat=attrs.evolve(TERMS, silence=30.0), remote_heartbeat=TERMS, stop=0.2, company=5.0)
TINY = [sys.executable, "-I", "-S", str(Path(__file__).with_name("tiny_worker.py")), "ready"]


class There:
    """A worker that listens for bridges, as on another machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "secret"
        self.secret.write_text(SECRET + "\n")
        self.certfile, self.keyfile = certificates.make(folder)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        """Start it, at the port that it had if it had one."""
        listen = ["--listen", self.address, "--certfile", self.certfile, "--keyfile", self.keyfile]
        more = ["--secret-file", self.secret, "--port", "0", "--address", "127.0.0.1", *options]
        command = [sys.executable, "-m", "media.worker", *map(str, [*listen, *more])]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.port = int(self.says(r"listening for bridges address=127\.0\.0\.1 port=(\d+)")[1])

    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def says(self, pattern: str) -> re.Match[str]:
        """Wait until its log has a line that fits."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.output()):
                return found
            assert self.process is not None
            assert self.process.poll() is None, self.output()
            time.sleep(0.01)
        raise AssertionError(f"no {pattern!r} in:\n{self.output()}")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """End it, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(10)

    def settings(self, **changes: Any) -> MediaSettings:
        made = MediaSettings(port=0, remotes=(self.address,), secret_file=self.secret, ca_file=self.certfile)
        return attrs.evolve(made, **changes)


@pytest.fixture
def there(tmp_path: Path) -> Generator[There, None, None]:
    made = There(tmp_path)
    try:
        made.start()
        yield made
        assert "Traceback" not in made.output()
        assert SECRET not in made.output()
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        sys.stdout.write(made.output())


@asynccontextmanager
async def running(settings: MediaSettings) -> AsyncGenerator[Bridge, None]:
    """A bridge with a tiny worker here, and the one there."""
    async with trio.open_nursery() as nursery:
        bridge = Bridge(settings, TINY, deadlines=DEADLINES)
        await nursery.start(bridge.run)
        yield bridge
        nursery.cancel_scope.cancel()


def state(bridge: Bridge) -> str:
    return bridge.statistics().members[1].state


async def participants(bridge: Bridge) -> int:
    return (await bridge.worker_statistics(1)).participants


async def test_a_room_lives_on_another_machine_and_elsewhere_when_that_is_lost(there: There) -> None:
    a: list[MediaEvent] = []
    b: list[MediaEvent] = []
    async with running(there.settings()) as bridge:
        await eventually(lambda: state(bridge) == "up")
        async with bridge.attach("a", "a1", 1, a.append), bridge.attach("b", "b1", 2, b.append):
            port = there.says(r"ready port=(\d+)")[1]
            assert bridge.port_of("b") == int(port)
            assert await participants(bridge) == 1
            assert [each.rooms for each in bridge.statistics().members] == [1, 1]

            there.end()
            await eventually(lambda: b == [MediaLost(), MediaRestored()])
            assert [each.rooms for each in bridge.statistics().members] == [2, 0]
            assert a == []

            there.start()  # it is found again, and gets the next room
            await eventually(lambda: state(bridge) == "up")
            async with bridge.attach("c", "c1", 3, lambda event: None):
                assert await participants(bridge) == 1
        assert await participants(bridge) == 0
    there.says("bridge left")
    assert there.end(signal.SIGTERM) == 0


async def test_one_that_is_stopped_is_lost_and_what_it_had_is_dropped_when_it_goes_on(there: There) -> None:
    told: list[MediaEvent] = []
    async with running(there.settings()) as bridge:
        await eventually(lambda: state(bridge) == "up")
        async with bridge.attach("a", "a1", 1, lambda event: None), bridge.attach("b", "b1", 2, told.append):
            assert await participants(bridge) == 1
            there.send(signal.SIGSTOP)
            await eventually(lambda: told == [MediaLost(), MediaRestored()])
            assert state(bridge) in ("down", "starting")
            there.send(signal.SIGCONT)
            await eventually(lambda: state(bridge) == "up")
            assert await participants(bridge) == 0


async def test_a_wrong_secret_is_refused_and_said_on_both_sides(
    there: There, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("fedcba9876543210" * 2)
    async with running(there.settings(secret_file=wrong)) as bridge:
        await eventually(lambda: "it refused the connection (401: the secret is not the right one)" in caplog.text)
        assert state(bridge) != "up"
        there.says("refused address=127.0.0.1:[0-9]+ reason='wrong secret'")
    assert wrong.read_text() not in caplog.text
    assert wrong.read_text() not in there.output()


@pytest.mark.parametrize(
    ("name", "address", "days", "words"),
    [
        ("other", "127.0.0.1", 1, "its certificate is not trusted: self-signed certificate"),
        ("cert", "127.0.0.2", 1, "its certificate is not trusted: IP address mismatch"),
        ("cert", "127.0.0.1", -1, "its certificate is not trusted: certificate has expired"),
    ],
    ids=["another", "of another machine", "expired"],
)
async def test_who_shows_the_wrong_certificate_is_not_told_the_secret(
    there: There, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, address: str, days: int, words: str
) -> None:
    there.end()
    certfile, there.keyfile = certificates.make(tmp_path, "cert", address, days=days)
    there.certfile = certfile
    there.start()
    trusted = certfile if name == "cert" else certificates.make(tmp_path, name)[0]
    async with running(there.settings(ca_file=trusted)) as bridge:
        await eventually(lambda: words in caplog.text)
        assert state(bridge) != "up"
    assert "refused" not in there.output()


async def test_who_speaks_no_tls_is_not_told_the_secret(there: There, caplog: pytest.LogCaptureFixture) -> None:
    heard = b""

    async def plain(stream: trio.SocketStream) -> None:
        nonlocal heard
        heard += bytes(await stream.receive_some(4096))
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, plain, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        async with running(there.settings(remotes=(f"127.0.0.1:{port}",))):
            await eventually(lambda: "no secure connection to it" in caplog.text)
        nursery.cancel_scope.cancel()
    assert heard
    assert SECRET.encode() not in heard


async def test_where_nobody_listens_is_waited_for(there: There, caplog: pytest.LogCaptureFixture) -> None:
    there.end()
    async with running(there.settings()) as bridge:
        await eventually(lambda: "it cannot be reached" in caplog.text)
        there.start()
        await eventually(lambda: state(bridge) == "up")


async def test_it_belongs_to_one_server_at_a_time(there: There, caplog: pytest.LogCaptureFixture) -> None:
    async with running(there.settings()) as first:
        await eventually(lambda: state(first) == "up")
        async with running(there.settings()) as second:
            await eventually(lambda: "it belongs to another server" in caplog.text)
            assert (state(first), state(second)) == ("up", "down")
            async with first.attach("a", "a1", 1, lambda event: None), first.attach("b", "b1", 2, lambda event: None):
                assert await participants(first) == 1
    async with running(there.settings()) as third:  # who is gone is in nobody's way
        await eventually(lambda: state(third) == "up")
        assert await participants(third) == 0


class Linked:
    """A link to a worker there, by itself."""

    def __init__(self, there: There, access: Access) -> None:
        self.downs = 0
        self.up = trio.Event()
        self.error: Exception | None = None
        self.link = WorkerLink(
            partial(open_remote, there.address, access, 5.0),
            DEADLINES,
            attrs.evolve(TERMS, silence=30.0),
            up=lambda link: self.up.set(),
            down=self._down,
            unable=lambda error: None,
            event=lambda link, event: None,
        )

    def _down(self, loss: Loss) -> None:
        self.downs += 1

    async def run(self) -> None:
        try:
            await self.link.run()
        except WorkerLost as error:
            self.error = error


async def test_a_new_connection_of_the_same_server_replaces_the_old_one(there: There) -> None:
    access = Access.load(there.settings())
    async with trio.open_nursery() as nursery:
        old, new = Linked(there, access), Linked(there, access)
        nursery.start_soon(old.run)
        await old.up.wait()
        await old.link.request(Join("blue", "p1", 1), Done)
        assert (await old.link.request(GetStatistics(), WorkerStatistics)).participants == 1
        nursery.start_soon(new.run)
        await new.up.wait()
        await eventually(lambda: old.error is not None)
        assert old.downs == 1
        assert (await new.link.request(GetStatistics(), WorkerStatistics)).participants == 0
        nursery.cancel_scope.cancel()


def test_cancelled_anywhere_on_its_way_a_connection_is_closed(there: There) -> None:
    access = Access.load(there.settings())

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def scenario() -> None:
        await trio.to_thread.run_sync(int)  # the thread that looks names up may be kept, with its own descriptors
        before = descriptors()

        async def use() -> None:
            async with open_remote(there.address, access, 5.0) as worker:
                await worker.stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
                await worker.stream.receive_some()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(use, name="victim")
        assert descriptors() <= before

    assert cancel_at_every_checkpoint(scenario, victim="victim", clock=lambda: None) >= 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret_file": None}, "name its file with media_secret_file"),
        ({"secret_file": Path("/nonexistent/secret")}, "/nonexistent/secret cannot be read: No such file"),
        (
            {"ca_file": Path("/nonexistent/ca")},
            "/nonexistent/ca holds no certificates that can be trusted: No such file",
        ),
        ({"ca_file": Path(__file__)}, "holds no certificates that can be trusted"),
    ],
)
async def test_what_is_wrong_with_the_files_is_told_at_the_start(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    made = MediaSettings(port=0, remotes=("127.0.0.1:1",), secret_file=tmp_path / "secret")
    with pytest.raises(MediaStartFailed, match=re.escape(words)):
        await Bridge(attrs.evolve(made, **changes), TINY).run()
