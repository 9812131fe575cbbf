"""How a server process ends: with a goodbye, in time, and with nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from tests.processes import STOP_TIMEOUT, Server, alive, children, environment, running_server
from tests.web import page, raw
from tests.web.page import Page
from tests.web.raw import frame, get
from tests.web.served import PATIENCE, eventually

pytestmark = pytest.mark.process

HYPERCORN = [sys.executable, "-m", "hypercorn", "-k", "trio", "-b", "127.0.0.1:0", "web:create_app()"]


Start = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """People may chat so much that the buffers of one who does not read are full, and are not dropped for that."""
    file = tmp_path_factory.mktemp("settings") / "chatroom.toml"
    file.write_text(
        'media_port = 0\nmedia_address = ["127.0.0.1"]\nmedia_workers = 1\nmedia_spare = false\n'
        "[limits]\ncommand_rate = 1e6\ncommand_burst = 1_000_000\njoin_timeout = 1e3\n"
        "outbox_frames = 100_000\noutbox_bytes = 1_000_000_000\n"
    )
    return str(file)


def chatroom(config: str) -> AbstractContextManager[Server]:
    return running_server("--config", config)


def hypercorn(config: str, *options: str, **variables: str) -> AbstractContextManager[Server]:
    return running_server(*options, command=HYPERCORN, env=environment() | {"CHATROOM_CONFIG": config} | variables)


@attrs.frozen
class People:
    """One who chats, one who never joined, one who never reads, and one who asks for a page very slowly."""

    ada: Page
    outside: Page
    deaf: raw.Raw
    slow: raw.Raw


@asynccontextmanager
async def people(port: int) -> AsyncGenerator[People, None]:
    async with (
        page.page(port, "Ada", "red") as ada,
        page.page(port) as outside,
        await raw.connect(port, receive_buffer=2_048) as deaf,
        await raw.connect(port) as slow,
    ):
        await slow.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx")
        await deaf.open()
        await deaf.send(frame(raw.TEXT, raw.JOIN))
        await ada.next("participant_joined")
        for number in range(400):
            await ada.echo(f"{number} " + "x" * 1_900)
        yield People(ada, outside, deaf, slow)


async def _told(one: Page) -> None:
    assert await one.closed() == 1001
    stopping = [event for event in one.events if event["type"] == "server_stopping"]
    assert len(stopping) == 1
    assert stopping[0]["message"]
    left = [event for event in one.events if event["type"] == "participant_left"]
    assert {event["reason"] for event in left} <= {"server_stopping"}


def processes(server: Server) -> list[int]:
    """The server and all of its descendants."""
    found = [server.pid]
    for pid in found:
        found += children(pid)
    return found


async def ended(server: Server, pids: list[int], code: int, since: float) -> None:
    """Wait until all are gone, no later than promised."""
    await eventually(lambda: server.process.poll() is not None, since + STOP_TIMEOUT - time.monotonic())
    assert server.process.returncode == code, server.output()
    await eventually(lambda: not any(map(alive, pids)), 1)
    assert "Traceback" not in server.output()


@pytest.mark.parametrize("how", [chatroom, hypercorn])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_everyone_is_told_and_everything_ends_in_time(how: Start, number: signal.Signals, config: str) -> None:
    with how(config) as server:
        async with people(server.port) as those:
            pids = processes(server)
            assert len(pids) >= 2  # a media worker is among them
            since = time.monotonic()
            server.process.send_signal(number)
            async with trio.open_nursery() as nursery:
                for one in (those.ada, those.outside):
                    nursery.start_soon(_told, one)
            await ended(server, pids, 0, since)


async def test_ctrl_c_goes_to_the_whole_group_of_processes(config: str) -> None:
    with chatroom(config) as server:
        async with page.page(server.port, "Ada") as ada:
            pids = processes(server)
            since = time.monotonic()
            for pid in pids:
                os.kill(pid, signal.SIGINT)
            await _told(ada)
            assert not any(event["type"] == "media_lost" for event in ada.events)
            await ended(server, pids, 0, since)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_the_goodbye(number: signal.Signals, config: str) -> None:
    """The goodbye waits for the one who never reads; whoever signals twice does not."""
    with chatroom(config) as server:
        async with people(server.port) as those:
            pids = processes(server)
            server.process.send_signal(number)
            await _told(those.ada)
            since = time.monotonic()
            server.process.send_signal(number)
            await ended(server, pids, 0, since)


async def test_a_server_that_is_killed_leaves_no_worker_behind(config: str) -> None:
    with chatroom(config) as server:
        async with page.page(server.port, "Ada") as ada:
            (worker,) = server.workers()
            server.process.kill()
            assert await ada.closed() in {1006, 1011}
            await eventually(lambda: not alive(worker), 5)


async def test_a_worker_that_is_killed_is_replaced_and_nobody_leaves(config: str) -> None:
    with chatroom(config) as server:
        async with page.page(server.port, "Ada") as ada:
            (worker,) = server.workers()
            os.kill(worker, signal.SIGKILL)
            await ada.next("media_lost")
            await ada.next("media_restored", timeout=3 * PATIENCE)
            await ada.nothing("participant_left")
            assert worker not in server.workers()
        assert server.stop() == 0


async def test_health_tells_of_the_workers_and_of_no_other_machine(config: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef")
    remote = ("--media-remote", "127.0.0.1:9", "--media-secret-file", str(secret))
    with running_server("--config", config, "--media-spare", *remote) as server:

        async def workers() -> list[dict[str, Any]]:
            health = json.loads((await get(server.port, "/healthz"))[2])
            assert health["media"]
            return list(health["workers"])

        with trio.fail_after(3 * PATIENCE):
            while [worker["state"] for worker in await workers()][:2] != ["up", "up"]:  # noqa: ASYNC110 - it does not tell
                await trio.sleep(0.05)
        told = await workers()
        assert {worker["pid"] for worker in told if worker["pid"]} == set(server.workers())
        assert told[2]["name"] == "remote:2"
        assert all("address" not in worker for worker in told)
        assert "0123456789abcdef" not in server.output()
        assert server.stop() == 0


@pytest.mark.parametrize("workers", ["0", "1"])
def test_under_hypercorn_too_a_server_that_cannot_start_ends_and_says_why(workers: str, config: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as used:
        used.bind(("127.0.0.1", 0))
        port = used.getsockname()[1]
        with (
            pytest.raises(AssertionError) as failed,
            hypercorn(config, "-w", workers, CHATROOM_MEDIA_PORT=str(port)),
        ):
            pass
    output = str(failed.value)
    assert f"UDP port {port} is in use" in output
    assert "Running on" not in output
    # Hypercorn 0.18 counts the exit codes of its workers twice, and forgets them the second time.
    assert ("the server ended with 1:" if workers == "0" else "the server ended with ") in output


def test_under_hypercorn_too_wrong_settings_are_said(config: str) -> None:
    with pytest.raises(AssertionError) as failed, hypercorn(config, CHATROOM_PORT="x"):
        pass
    assert "CHATROOM_PORT is to be a whole number, not 'x'." in str(failed.value)
