"""What an operator types to look at a server that runs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner, Result

from tests.web.operator.operated import operated
from tests.web.operator.test_tree import join
from web.cli import main
from web.operator import terminal
from web.operator.runtime import Notice


async def type_in(*arguments: object) -> Result:
    """Run the command as in a terminal of its own."""
    words = [str(argument) for argument in arguments]
    return await trio.to_thread.run_sync(lambda: CliRunner().invoke(main, words, prog_name="chatroom"))


async def test_tree_shows_who_is_there_and_where_each_waits(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        await join(server, "Ada")
        result = await type_in("tree", "--runtime-dir", tmp_path)
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        assert lines[0].startswith("<init>")
        (ada,) = [line for line in lines if "Ada" in line]
        assert ada.lstrip().startswith("participant:")
        assert "chatroom/session.py:" in ada
        assert "Session.receive" in ada
        assert "1 waiting" in ada
        (room,) = [line for line in lines if "room:blue#1" in line]
        assert "1 here" in room

        found = await type_in("tree", "ADA", "--stacks", "--runtime-dir", tmp_path)
        assert "serve/operator" not in found.output
        assert "chatroom/attendance.py:" in found.output
        assert "trio/_channel.py:" in found.output
        nobody = await type_in("tree", "nobody-of-that-name", "--runtime-dir", tmp_path)
        assert (nobody.exit_code, nobody.output) == (1, "Error: there is no such task.\n")


async def test_a_task_that_is_asked_for_is_not_folded(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        for number in range(20):
            await join(server, f"P{number}")
        result = await type_in("tree", "--runtime-dir", tmp_path)
        assert re.search(r"room:blue#1 .* 2\d below", result.output)
        assert "P7" not in result.output
        result = await type_in("tree", "--under", "room:blue", "--runtime-dir", tmp_path)
        assert "P7" in result.output
        assert result.output.startswith("serve/rooms/room:blue#1")


@pytest.mark.parametrize("by", ["cpu", "messages", "queues"])
async def test_top_once_says_the_server_its_leaders_and_what_happened(by: str, tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        await join(server, "Ada")
        server.served.node.observer.timeline.add("child_restart", "serve/x", "a bug")
        result = await type_in("top", "--once", "--every", "0.2", "--by", by, "--runtime-dir", tmp_path)
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        assert "1 people in 1 rooms" in lines[0]
        assert "CPU " in lines[1]
        assert "serve/x child_restart: a bug" in lines
        assert "\x1b" not in result.output
        if by != "cpu":
            assert "(Ada)" in result.output
        assert server.served.node.observer.meter.statistics().active is (by == "cpu")


async def test_a_server_elsewhere_is_reached_by_its_address_and_token(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        there = ("--url", server.notice.url, "--token-file", server.notice.token_file)
        assert (await type_in("tree", *there)).exit_code == 0
        wrong = tmp_path / "wrong"
        wrong.write_text("wrong")
        result = await type_in("tree", "--url", server.notice.url, "--token-file", wrong)
        assert result.output == f"Error: {server.notice.url} does not know this token.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--runtime-dir", "{}"], "No server with an operator's listener left word"),
        (["--url", "http://127.0.0.1:9"], "--url needs --token-file"),
        (["--url", "http://127.0.0.1:9", "--token-file", "{}/token"], "does not answer"),
        (["--url", "there", "--token-file", "{}/token"], "is no address"),
        (["--url", "http://x", "--token-file", "{}/missing"], "cannot be read"),
    ],
)
def test_what_cannot_be_reached_is_an_error_in_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token")
    result = CliRunner().invoke(main, ["tree", *(each.format(tmp_path) for each in arguments)])
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.splitlines()) == 1


def test_of_several_servers_one_has_to_be_named(tmp_path: Path) -> None:
    for port in (1, 2):
        (tmp_path / f"operator-{port}.json").write_text(
            json.dumps({"url": f"http://127.0.0.1:{port}", "pid": os.getpid(), "token_file": "x", "certfile": ""})
        )
    result = CliRunner().invoke(main, ["top", "--once", "--runtime-dir", str(tmp_path)])
    assert "Several servers run here (http://127.0.0.1:1, http://127.0.0.1:2)" in result.output
    assert Notice("u", 1, "t").certfile == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.96, "10.0 s"), (90, "90 s"), (180, "3.0 min"), (90_000, "25 h"), (1e6, "11.6 d")],
)
def test_times_are_said_in_as_many_digits_as_help(seconds: float, words: str) -> None:
    assert terminal.duration(seconds) == words


def test_a_line_is_cut_to_the_terminal() -> None:
    assert terminal.cut("abcdef", 6) == "abcdef"
    assert terminal.cut("abcdefg", 6) == "abcde…"


def test_a_worker_that_was_held_up_says_so_in_the_tree() -> None:
    stalls = {"number": 2, "longest": 0.5, "last": "0.43 s: media/worker/layer.py:212 in Layer.on_rtp"}
    task = {
        "id": 1,
        "parent": None,
        "name": "serve/media/workers/worker:0/link",
        "depth": 0,
        "age": 9.0,
        "older": False,
        "state": "running",
        "own": None,
        "waits": None,
        "cancelled": False,
        "children": 0,
        "figures": {"waiting": 0, "bytes": 0, "dropped": 0},
        "facts": {"worker": {"pid": 7, "stalls": stalls}},
    }
    (line,) = terminal.tree_lines({"tasks": [task], "left_off": 0}, width=200)
    assert "2 stalls, the last 0.43 s: media/worker/layer.py:212 in Layer.on_rtp" in line
    task["facts"] = {"worker": {"pid": 7, "stalls": {**stalls, "number": 0}}}
    assert "stalls" not in terminal.tree_lines({"tasks": [task], "left_off": 0}, width=200)[0]
