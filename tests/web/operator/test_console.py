"""A Python console inside the server."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from tests.web.operator.operated import operated
from tests.web.operator.test_tree import join
from web.cli import main
from web.operator import evaluation
from web.operator.console import CONSOLES, MARK
from web.operator.evaluation import Evaluation


def sockets(directory: Path) -> list[Path]:
    return list(directory.glob("*.sock"))


async def answers(*lines: str, **names: object) -> list[str]:
    typed = Evaluation(names)
    return [await typed.line(line) for line in lines]


async def test_a_line_is_evaluated_and_what_it_is_worth_is_said() -> None:
    assert await answers("1 + 1", "_ * 3", "x = 5", "x", "None", "", "print(x, end='!')") == [
        *("2\n", "6\n", "", "5\n", "", "", "5!")
    ]


async def test_what_is_given_is_at_hand() -> None:
    assert await answers("given + 1", given=1) == ["2\n"]


async def test_it_goes_over_several_lines() -> None:
    typed = Evaluation({})
    unfinished = []
    for line in ("def f(x):", "    return x + 1", ""):
        assert await typed.line(line) == ""
        unfinished.append(typed.unfinished)
    assert unfinished == [True, True, False]
    assert await typed.line("f(1)") == "2\n"
    assert [await typed.line(line) for line in ("for i in range(2):", "    print(i)", "")][-1] == "0\n1\n"


async def test_what_is_raised_is_told_without_what_is_ours(autojump_clock: object) -> None:
    (told,) = await answers("1 / 0")
    assert told.startswith("Traceback")
    assert told.endswith("ZeroDivisionError: division by zero\n")
    assert "evaluation.py" not in told
    (wrong,) = await answers("1 +* 2")
    assert "SyntaxError" in wrong
    (left,) = await answers("raise SystemExit")
    assert "SystemExit" in left


async def test_it_awaits(autojump_clock: trio.testing.MockClock) -> None:
    typed = Evaluation({"trio": trio})
    assert await typed.line("await trio.sleep(5) or trio.current_time() >= 5") == "True\n"
    assert await typed.line("await trio.sleep_forever()") == "It took more than 30 s, and was cancelled.\n"
    assert await typed.line("async def f(): return 7") == ""
    assert await typed.line("") == ""
    assert await typed.line("x = await f(); x") == "7\n"


async def test_what_computes_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "COMPUTES", 0.05)
    typed = Evaluation({})
    assert await typed.line("exec('while True:\\n  try: pass\\n  except Exception: pass')") == (
        "It computed for more than 0.05 s, and was stopped.\n"
    )
    assert await typed.line("1") == "1\n"


async def test_an_answer_has_an_end() -> None:
    (said,) = await answers("'x' * 1_000_000")
    assert len(said) < evaluation.LONGEST + 100
    assert said.endswith("characters more\n")


async def test_it_is_only_there_where_it_was_asked_for_and_for_its_user_alone(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        assert not sockets(tmp_path)
        assert server.served.node.settings.console is False
    async with operated(tmp_path, console=True):
        (path,) = sockets(tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.name == f"console-{os.getpid()}.sock"
    assert not sockets(tmp_path)


async def test_chatroom_console_reaches_the_rooms(tmp_path: Path) -> None:
    async with operated(tmp_path, console=True) as server:
        ada = await join(server, "Ada")
        lines = [
            "list(rooms())",
            "a = room('blue').attendances()[0]; a.name",
            "participant(a.id).statistics().lease",
            "participant('nobody')",
            "tree('ada')",
            "stack(a.id)",
            "print(top('messages'))",
            "node.state",
            "await trio.sleep(0)",
        ]

        def type_in() -> str:
            return (
                CliRunner()
                .invoke(main, ["console", "--runtime-dir", str(tmp_path)], input="".join(f"{line}\n" for line in lines))
                .output
            )

        output = await trio.to_thread.run_sync(type_in)
        said = output.splitlines()
        assert said[:3] == ["['blue']", "'Ada'", "'present'"]
        assert any(line.lstrip().startswith("participant:") and "Ada" in line for line in said)
        assert "chatroom/attendance.py:" in output
        assert "1 people in 1 rooms" in output
        assert "'running'" in said
        assert "Traceback" not in output
        assert ada.closing is None


async def test_consoles_are_few_and_a_long_line_ends_one(tmp_path: Path) -> None:
    async with operated(tmp_path, console=True):
        (path,) = sockets(tmp_path)
        opened = [await trio.open_unix_socket(path) for _ in range(CONSOLES)]
        for stream in opened:
            assert (await stream.receive_some()).startswith(b"You are inside")
        fifth = await trio.open_unix_socket(path)
        assert await fifth.receive_some() == b""
        await fifth.aclose()
        await opened[0].send_all(b"x" * 70_000)
        with trio.fail_after(10):
            while await opened[0].receive_some():
                pass
        await opened[1].send_all(b"1 + 1\n")
        assert await opened[1].receive_some() == f"2\n{MARK}>>> ".encode()
        for stream in opened:
            await stream.aclose()


def test_without_a_server_that_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "console-1.sock"))
    result = CliRunner().invoke(main, ["console", "--runtime-dir", str(tmp_path)])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "No server has a console" in result.output
