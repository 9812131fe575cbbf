"""A worker that listens for bridges, in this process, with clients that are no bridges and some that are."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from media.messages import Done, Event, Join, LegChanged, Ready, Request, Result, encode_request
from media.worker import listening
from media.worker.door import MOST_OF_ONE
from media.worker.listening import Listener, bind, server_context
from media.worker.tenancy import PATIENCE
from tests import certificates

SECRET = "0123456789abcdef" * 2
OURS, OTHERS = "a" * 16, "b" * 16
JOIN = Join("blue", "p1", 1)


class FakeWorker:
    """What there is to be reached."""

    def __init__(self) -> None:
        self.joined: list[Request] = []
        self.closed = 0

    def handle(self, request: Request) -> Result:
        self.joined.append(request)
        return Done()

    def close(self) -> None:
        self.joined.clear()
        self.closed += 1


class Reached:
    """A listening worker and how to come to it."""

    def __init__(self, listener: Listener, worker: FakeWorker, port: int, trust: ssl.SSLContext) -> None:
        self.listener = listener
        self.worker = worker
        self.port = port
        self.trust = trust
        self.now = 1000.0

    def knock(self, *headers: tuple[str, str]) -> connect:
        return connect(
            f"wss://127.0.0.1:{self.port}/", ssl=self.trust, additional_headers=headers, compression=None, proxy=None
        )

    def come(self, bridge: str = OURS) -> connect:
        return self.knock(("Authorization", f"Bearer {SECRET}"), ("Chatroom-Bridge", bridge))

    async def refused(self, *headers: tuple[str, str]) -> int:
        with pytest.raises(InvalidStatus) as refusal:
            await self.knock(*headers)
        return refusal.value.response.status_code


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Reached], Any]], None]:
    """Run a test with a listening worker."""
    monkeypatch.setattr(listening, "LOOK", 0.01)
    certfile, keyfile = certificates.make(tmp_path)

    @asynccontextmanager
    async def reached() -> AsyncGenerator[Reached, None]:
        sock = bind(("127.0.0.1", 0))
        listener = Listener(sock, server_context(certfile, keyfile), SECRET, clock=lambda: made.now)
        worker: Any = FakeWorker()
        made = Reached(listener, worker, sock.getsockname()[1], ssl.create_default_context(cafile=certfile))
        listener.emit(Ready(7, ["192.0.2.1"]))
        serving = asyncio.create_task(listener.serve(worker))
        try:
            yield made
        finally:
            serving.cancel()
            await asyncio.wait([serving])

    def runner(test: Callable[[Reached], Any]) -> None:
        async def main() -> None:
            async with asyncio.timeout(20), reached() as made:
                await test(made)

        asyncio.run(main())

    return runner


Run = Callable[[Callable[[Reached], Any]], None]


async def says(connection: ClientConnection) -> dict[str, Any]:
    return dict(json.loads(await connection.recv()))


async def gone(connection: ClientConnection) -> bool:
    try:
        while True:
            await connection.recv()
    except ConnectionClosed:
        return True


def test_whoever_knows_the_secret_is_told_the_port_and_served(run: Run) -> None:
    async def main(there: Reached) -> None:
        async with there.come() as bridge:
            assert (await says(bridge))["event"] == "ready"
            await bridge.send(encode_request(1, JOIN))
            assert await says(bridge) == {"id": 1, "result": {}}
            event: Event = LegChanged("blue", "p1", 1, "publish", "connected")
            there.listener.emit(event)
            assert (await says(bridge))["event"] == "leg_changed"
        there.listener.emit(event)  # nobody is there to hear it

    run(main)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401),
        ([("Authorization", SECRET)], 401),
        ([("Authorization", f"Basic {SECRET}")], 401),
        ([("Authorization", f"Bearer {SECRET}x")], 401),
        ([("Authorization", f"Bearer {SECRET[:-1]}")], 401),
        ([("Authorization", "Bearer \xe9")], 401),
        ([("Authorization", f"Bearer {SECRET}"), ("Authorization", f"Bearer {SECRET}")], 401),
        ([("Authorization", f"Bearer {SECRET}")], 400),
        ([("Authorization", f"Bearer {SECRET}"), ("Chatroom-Bridge", "x" * 16)], 400),
        ([("Authorization", f"Bearer {SECRET}"), ("Chatroom-Bridge", OURS), ("Chatroom-Bridge", OTHERS)], 400),
    ],
)
def test_nobody_else_is_let_in(
    run: Run, caplog: pytest.LogCaptureFixture, headers: list[tuple[str, str]], status: int
) -> None:
    async def main(there: Reached) -> None:
        assert await there.refused(*headers) == status
        async with there.come() as bridge:  # and that harms nobody
            assert (await says(bridge))["event"] == "ready"

    caplog.set_level(logging.WARNING)
    run(main)
    assert ("refused" in caplog.text) == (status == 401)
    assert SECRET not in caplog.text


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"x" * 1000])
def test_what_is_no_tls_is_no_event(run: Run, caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    async def main(there: Reached) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(data)
        writer.write_eof()
        await reader.read()
        writer.close()
        async with there.come() as bridge:
            assert (await says(bridge))["event"] == "ready"

    caplog.set_level(logging.WARNING)
    run(main)
    assert caplog.text == ""


def test_a_second_bridge_is_refused_while_the_first_is_heard(run: Run) -> None:
    async def main(there: Reached) -> None:
        headers = ("Authorization", f"Bearer {SECRET}"), ("Chatroom-Bridge", OTHERS)
        async with there.come() as bridge:
            await says(bridge)
            there.now += PATIENCE - 0.1
            await bridge.send(encode_request(1, JOIN))
            await says(bridge)
            there.now += PATIENCE - 0.1
            assert await there.refused(*headers) == 409
        while there.listener._control is not None:  # noqa: ASYNC110 - it does not tell
            await asyncio.sleep(0.01)
        async with there.come(OTHERS) as other:
            await says(other)
            assert there.worker.joined == []

    run(main)


def test_the_same_bridge_replaces_its_old_connection_and_what_that_has_joined(run: Run) -> None:
    async def main(there: Reached) -> None:
        async with there.come() as old:
            await says(old)
            await old.send(encode_request(1, JOIN))
            await says(old)
            async with there.come() as new:
                assert (await says(new))["event"] == "ready"
                assert there.worker.joined == []
                assert await gone(old)
                await new.send(encode_request(1, JOIN))
                assert await says(new) == {"id": 1, "result": {}}
                assert there.worker.joined == [JOIN]

    run(main)


@pytest.mark.parametrize("leaves", [True, False])
def test_of_a_bridge_that_is_gone_for_a_while_nothing_is_kept(run: Run, leaves: bool) -> None:
    async def main(there: Reached) -> None:
        bridge = await there.come()
        await says(bridge)
        await bridge.send(encode_request(1, JOIN))
        await says(bridge)
        if leaves:
            await bridge.close()
            while there.listener._control is not None:  # noqa: ASYNC110 - it does not tell
                await asyncio.sleep(0.01)
        closed = there.worker.closed
        there.now += PATIENCE - 0.1
        await asyncio.sleep(0.05)
        assert there.worker.joined == [JOIN]
        there.now += 0.2
        while there.worker.closed == closed:  # noqa: ASYNC110 - it does not tell
            await asyncio.sleep(0.01)
        assert there.worker.joined == []
        assert await gone(bridge)  # one that was only silent is cut off, too

    run(main)


def test_of_those_who_show_no_secret_only_so_many_wait(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main(there: Reached) -> None:
        door = there.listener._socket
        silent = [await asyncio.open_connection("127.0.0.1", there.port) for _ in range(MOST_OF_ONE)]
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
            assert await reader.read() == b""
            writer.close()
        assert (door.waiting, door.refused) == (MOST_OF_ONE, 3)
        assert len([record for record in caplog.records if "turned away" in record.message]) == 1
        for _, writer in silent[:1]:
            writer.close()
        while door.waiting == MOST_OF_ONE:  # noqa: ASYNC110 - it does not tell
            await asyncio.sleep(0.01)
        async with there.come() as bridge:  # and whoever shows it waits no longer
            await says(bridge)
            assert door.waiting == MOST_OF_ONE - 1
            assert await there.refused(("Authorization", "Bearer wrong")) == 401
        for _, writer in silent:
            writer.close()
        while door.waiting:  # noqa: ASYNC110 - it does not tell
            await asyncio.sleep(0.01)

    run(main)


@pytest.mark.process
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--listen", "127.0.0.1:0"], "--listen needs --certfile, --keyfile and --secret-file"),
        (["--listen", "127.0.0.1"], "is not"),
        (["--listen", "127.0.0.1:0", "--certfile", "a", "--keyfile", "b", "--secret-file", "c"], "a cannot be read"),
        (["--listen", "192.0.2.1:0", "CERT"], "Cannot assign requested address"),
        (["--listen", "127.0.0.1:0", "CERT", "--control", "x"], "not allowed with argument"),
    ],
)
def test_what_is_wrong_on_the_command_line_is_one_line(tmp_path: Path, options: list[str], words: str) -> None:
    certfile, keyfile = certificates.make(tmp_path)
    (tmp_path / "secret").write_text(SECRET)
    files = ["--certfile", certfile, "--keyfile", keyfile, "--secret-file", tmp_path / "secret"]
    given = [str(part) for option in options for part in (files if option == "CERT" else [option])]
    ended = subprocess.run([sys.executable, "-m", "media.worker", *given], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert words in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
