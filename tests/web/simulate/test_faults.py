"""Breaking things on purpose in a server whose media plane is a fake: who may, what happens, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result
from trio_websocket import ConnectionClosed

from tests.web.operator.operated import Operated, operated
from tests.web.page import Page, page
from tests.web.served import eventually
from web.cli import main


async def simulate(server: Operated, fault: str, **parameters: object) -> tuple[int, str]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    status, answer = await server.ask(f"/api/simulate/{fault}?{query}", "POST")
    return status, answer["done"] if status == 200 else answer


async def code_of(one: Page) -> int | None:
    """Wait until a socket has ended, and return the code that it says."""
    try:
        while True:
            await one.socket.get_message()
    except ConnectionClosed as closed:
        return None if closed.reason is None else int(closed.reason.code)


@pytest.mark.parametrize("fault", ["drop-socket", "stall", "impair", "kill-worker", "nonsense"])
async def test_it_is_refused_unless_it_was_allowed_at_the_start(tmp_path: Path, fault: str) -> None:
    async with operated(tmp_path) as server, page(server.served.port, "Ada") as ada:
        status, said = await simulate(server, fault, room="blue", participant="Ada", seconds=0.1)
        assert (status, said) == (403, "This server was not started with --allow-simulate.")
        await ada.echo()


async def test_a_socket_that_is_cut_ends_without_a_word_and_the_stay_goes_on(tmp_path: Path) -> None:
    async with operated(tmp_path, allow_simulate=True) as server:
        port = server.served.port
        async with page(port, "Ada") as ada, page(port, "Bob") as bob:
            status, said = await simulate(server, "drop-socket", room="blue", participant="Ada")
            assert (status, said) == (200, f"The socket of {ada.id} is cut.")
            assert await code_of(ada) in {None, 1006}, "no close frame"
            updated = await bob.next("participant_updated")
            assert updated["participant"]["connection"] == "reconnecting"
            again = await simulate(server, "drop-socket", room="blue", participant="Ada")
            assert again[0] == 400
            assert "no socket" in again[1]
            await bob.echo()


async def test_a_task_that_is_stalled_is_named_with_its_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with operated(tmp_path, allow_simulate=True) as server, page(server.served.port, "Ada") as ada:
        await simulate(server, "stall", room="blue", participant=ada.id, seconds=0.4)
        named = rf"serve/rooms/room:blue#1/participant:{ada.id} held the loop for \d\.\d\d s: "
        line = named + r"web/simulate/faults\.py:\d+ in hold_the_loop"
        await eventually(lambda: any(re.match(line, each.getMessage()) for each in caplog.records))
        _, metrics = await server.ask("/metrics")
        assert re.search(r"chatroom_slow_steps_total [1-9]", metrics)
        await ada.echo()


@pytest.mark.parametrize(
    ("fault", "parameters", "words"),
    [
        ("nonsense", {}, "There is no fault 'nonsense'."),
        ("drop-socket", {"participant": "Eve"}, "0 in the room are called 'Eve'"),
        ("drop-socket", {"participant": "Ada"}, "2 in the room are called 'Ada'"),
        ("drop-socket", {"room": "red", "participant": "Ada"}, "There is no room 'red'."),
        ("stall", {"participant": "Bob", "seconds": 6}, "A stall lasts up to 5 seconds."),
        ("stall", {"participant": "Bob", "seconds": "nan"}, "is to be a number"),
        ("stall", {"participant": "Bob", "seconds": "soon"}, "“seconds” is to be a number."),
        ("stall", {"participant": "Bob"}, "“seconds” is to be a number."),
        ("impair", {"participant": "Bob", "what": "camera", "seconds": 1}, "“what” is uplink, downlink, microphone."),
        ("impair", {"participant": "Bob", "what": "uplink", "seconds": 601}, "It lasts up to 600 seconds."),
        ("impair", {"participant": "Bob", "what": "uplink", "seconds": 1}, "There are no workers here."),
        ("kill-worker", {"worker": "worker:0"}, "There are no workers here."),
        ("freeze-worker", {"worker": "worker:0", "seconds": 61}, "It lasts up to 60 seconds."),
    ],
)
async def test_what_cannot_be_had_is_said(
    tmp_path: Path, fault: str, parameters: dict[str, object], words: str
) -> None:
    async with operated(tmp_path, allow_simulate=True) as server:
        port = server.served.port
        async with page(port, "Ada"), page(port, "Ada"), page(port, "Bob") as bob:
            status, said = await simulate(server, fault, **{"room": "blue", **parameters})
            assert status == 400
            assert words in said
            await bob.echo()


def invoke(directory: Path, *arguments: str) -> Callable[[], Result]:
    command = ["simulate", *arguments, "--runtime-dir", str(directory)]
    return lambda: CliRunner().invoke(main, command, prog_name="chatroom")


async def test_the_command_finds_the_server_and_says_what_it_did(tmp_path: Path) -> None:
    async with operated(tmp_path, allow_simulate=True) as server, page(server.served.port, "Ada") as ada:
        stalled = await trio.to_thread.run_sync(invoke(tmp_path, "stall", "blue", "Ada", "--milliseconds", "20"))
        assert stalled.output == f"The task of {ada.id} holds the loop for 0.02 s.\n"
        muted = await trio.to_thread.run_sync(invoke(tmp_path, "mute", "blue", "Ada", "--seconds", "0"))
        assert muted.exit_code == 1
        assert "400: There are no workers here." in muted.output
    nobody = invoke(tmp_path, "kill-worker", "worker:0")()
    assert "No server with an operator's listener left word" in nobody.output
