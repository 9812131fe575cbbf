"""The worker as a process: how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path

import pytest
from websockets.asyncio.client import unix_connect

from media.messages import Ready, StartFailed, decode_reply
from tests.media.worker.harness import connected_worker, ready_worker, spawn

pytestmark = pytest.mark.process
BOTH = {"0": "audio", "1": "video"}


def payload(packet: object) -> bytes:
    data, at = packet.data, packet.payload_at  # type: ignore[attr-defined]
    return bytes(data[at:])


def test_it_exits_when_the_control_connection_closes() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            await worker.publisher("alice", BOTH)
            process = worker.process
        assert process.returncode == 0

    asyncio.run(main())


def test_it_exits_when_its_parent_vanishes() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            worker.control.transport.abort()
            async with asyncio.timeout(5):
                assert await worker.process.wait() == 0

    asyncio.run(main())


def test_signals() -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            worker.process.send_signal(signal.SIGINT)  # for the parent to decide
            assert (await worker.statistics()).participants == 0
            worker.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(5):
                assert await worker.process.wait() == 0

    asyncio.run(main())


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            async with connected_worker("--port", str(port)) as worker:
                event = await worker.event(lambda e: isinstance(e, StartFailed | Ready), timeout=10)
                assert isinstance(event, StartFailed)
                assert event.message == f"UDP port {port} is in use on 127.0.0.1; choose another with --media-port"
                async with asyncio.timeout(5):
                    assert await worker.process.wait() == 1

    asyncio.run(main())


def test_an_address_that_is_not_ours_is_said_too() -> None:
    async def main() -> None:
        async with connected_worker("--port", "0", "--address", "198.51.100.7") as worker:
            event = await worker.event(lambda e: isinstance(e, StartFailed), timeout=10)
            assert isinstance(event, StartFailed)
            assert "198.51.100.7" in event.message

    asyncio.run(main())


def test_announced_addresses_are_what_browsers_are_told() -> None:
    async def main() -> None:
        arguments = (
            "--port",
            "0",
            "--address",
            "127.0.0.1",
            "--announce",
            "203.0.113.5:4000",
            "--announce",
            "2001:db8::1",
        )
        async with connected_worker(*arguments) as worker:
            ready = await worker.event(lambda e: isinstance(e, Ready), timeout=10)
            assert isinstance(ready, Ready)
            assert ready.addresses == ["203.0.113.5", "2001:db8::1"]
            await worker.join("alice")
            answer = await worker.publish(await worker.new_peer(), "alice", BOTH)
            assert "203.0.113.5 4000 typ host" in answer
            assert f"2001:db8::1 {ready.port} typ host" in answer
            assert "127.0.0.1 " + str(ready.port) not in answer

    asyncio.run(main())


def test_a_second_control_connection_is_refused() -> None:
    async def main() -> None:
        process, path, folder = await spawn("--port", "0", "--address", "127.0.0.1")
        with folder:
            async with unix_connect(path, compression=None) as first:
                await first.recv()
                async with unix_connect(path, compression=None) as second:
                    await second.wait_closed()
                    assert second.close_code == 1008
            async with asyncio.timeout(5):
                assert await process.wait() == 0

    asyncio.run(main())


def test_it_makes_its_own_control_socket_and_takes_it_away(tmp_path: Path) -> None:
    path = tmp_path / "control"

    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "media.worker", "--control", str(path), "--port", "0", "--address", "127.0.0.1")
        )
        async with asyncio.timeout(20):
            control = None
            while control is None:
                with contextlib.suppress(OSError):
                    control = await unix_connect(str(path), compression=None)
                await asyncio.sleep(0.05)
            assert path.stat().st_mode & 0o077 == 0, "for this user only"
            assert isinstance(decode_reply(await control.recv()), Ready)
            await control.close()
            assert await process.wait() == 0
        assert not path.exists()

    asyncio.run(main())
