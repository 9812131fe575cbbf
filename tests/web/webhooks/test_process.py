"""A real server and a real endpoint, and what is told when the server is killed before it could tell it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from tests.ports import free_port
from tests.processes import running_server
from tests.web import page
from tests.web.served import PATIENCE
from web.webhooks.signature import read_secrets, sign

pytestmark = pytest.mark.process
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


@attrs.frozen
class Endpoint:
    process: subprocess.Popen[str]

    def next(self) -> dict[str, Any]:
        """Read the next request, and see that it is signed."""
        assert self.process.stdout is not None
        request: dict[str, Any] = json.loads(self.process.stdout.readline())
        headers, body = request["headers"], request["body"].encode()
        (secret,) = read_secrets(SECRET)
        expected = sign(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert headers["webhook-signature"] == expected
        assert headers["content-type"] == "application/json"
        return {"id": headers["webhook-id"], "path": request["path"], **json.loads(body)}


@contextmanager
def endpoint(port: int) -> Generator[Endpoint, None, None]:
    command = [sys.executable, "-m", "tests.web.webhooks.receiver", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"{port}\n"
            yield Endpoint(process)
        finally:
            process.kill()


def options(tmp_path: Path, port: int) -> list[str]:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    url = f"http://127.0.0.1:{port}/hook?key=1"
    return ["--webhook-url", url, "--webhook-secret-file", str(secret), "--data-dir", str(tmp_path / "data")]


async def _killed_with_events_to_tell(arguments: list[str]) -> None:
    with running_server(*arguments, "--log-format", "json") as server:
        with trio.fail_after(3 * PATIENCE):
            await trio.to_thread.run_sync(server.wait_for, "webhook endpoint does not take an event")
            async with page.page(server.port, "Ada"):
                await trio.to_thread.run_sync(_written, Path(arguments[5]))
                server.process.kill()
                server.process.wait()


def _written(directory: Path) -> None:
    """Wait until it is in the file that somebody joined. As bytes: the server has the file to itself."""
    deadline = time.monotonic() + PATIENCE
    while not any(b'"participant_joined"' in file.read_bytes() for file in directory.glob("webhooks.sqlite3*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_what_was_written_is_told_though_the_server_was_killed(tmp_path: Path) -> None:
    port = free_port()
    arguments = options(tmp_path, port)
    await _killed_with_events_to_tell(arguments)
    with endpoint(port) as there, running_server(*arguments) as server:
        told = [there.next() for _ in range(4)]
        assert {event["path"] for event in told} == {"/hook?key=1"}
        assert sorted(event["type"] for event in told) == [
            *("participant_joined", "room_started", "server_started", "server_started")
        ]
        of_room = [event for event in told if event["type"] != "server_started"]
        assert [event["type"] for event in of_room] == ["room_started", "participant_joined"]
        joined = of_room[1]["data"]
        assert (joined["room"], joined["name"], joined["epoch"]) == ("blue", "Ada", 1)
        assert len({event["id"] for event in told}) == 4

        async with page.page(server.port, "Bob", "red") as bob:
            await bob.close()
        now = [there.next() for _ in range(3)]
        assert [event["type"] for event in now] == ["room_started", "participant_joined", "participant_left"]
        assert now[2]["data"]["reason"] == "tab_closed"
        async with page.page(server.port, "Eve", "red"):
            assert there.next()["type"] == "participant_joined"
            assert server.stop() == 0
        last = [there.next()]
        assert last[0]["data"]["reason"] == "server_stopping"
