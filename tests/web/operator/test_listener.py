"""The operator's listener as a server has it: where it is, how it is found, and that it costs nobody else anything."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import trio
from hypercorn.trio import serve as hypercorn_serve

from tests.processes import environment, running_server
from tests.web.operator.operated import operated
from tests.web.raw import get
from tests.web.served import PATIENCE, eventually
from tests.web.test_cli import fails
from tests.web.test_stop import HYPERCORN
from web.operator import listener
from web.operator.runtime import NoRuntimeDirectory, notices, prepare, runtime_dir
from web.operator.token import BadToken, Token


async def test_it_is_there_while_the_server_is_and_found_by_its_notice(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    async with operated(directory) as server:
        assert server.port != server.served.port
        assert (await server.ask("/api/statistics"))[1]["state"] == "running"
        assert (await server.ask("/api/statistics", token="wrong"))[0] == 401
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()}
        assert modes == {f"operator-{server.port}.json": 0o600, f"operator-{server.port}.token": 0o600}
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        status, _, _ = await get(server.served.port, "/api/statistics")
        assert status == 404  # on the other listener
    assert list(directory.iterdir()) == []


async def test_it_lets_in_for_a_token_of_the_operators_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("of-my-own-choosing\n")
    async with operated(tmp_path / "run", operator_token_file=file) as server:
        assert server.notice.token_file == str(file)
        assert (await server.ask("/api/statistics", token="of-my-own-choosing"))[0] == 200
    assert file.exists()


async def test_it_is_there_while_the_server_drains(tmp_path: Path) -> None:
    async with operated(tmp_path, drain_wait=PATIENCE) as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.served.node.drain)
        await eventually(lambda: server.served.node.state == "draining")
        assert (await server.ask("/api/statistics"))[1]["state"] == "draining"
        server.served.node.hurry()


async def test_a_crash_of_it_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back, nobody is told that the server stops, and when it cannot come back the server goes on."""
    crash, original = trio.Event(), hypercorn_serve

    async def crashing(*args: object, **kwargs: object) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(lambda task_status: original(*args, **{**kwargs, "task_status": task_status}))  # type: ignore[arg-type]
            kwargs["task_status"].started(["http://x"])  # type: ignore[attr-defined]
            await crash.wait()
            raise RuntimeError("a bug")

    monkeypatch.setattr(listener, "hypercorn_serve", crashing)
    async with operated(tmp_path) as server:
        port = server.port
        crash.set()
        crash = trio.Event()
        await eventually(lambda: bool(notices(tmp_path)) and f":{port}" not in notices(tmp_path)[0].url)
        assert server.served.node.state == "running"


async def test_a_server_goes_on_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail, failed = trio.Event(), 0

    async def failing(*args: object, task_status: trio.TaskStatus[list[str]], **kwargs: object) -> None:
        nonlocal failed
        failed += 1
        task_status.started(["http://x"])
        await fail.wait()
        raise RuntimeError("a bug")

    monkeypatch.setattr(listener, "hypercorn_serve", failing)
    async with operated(tmp_path) as server:
        fail.set()
        await eventually(lambda: failed == 4 and not notices(tmp_path))
        assert server.served.node.state == "running"


def test_a_directory_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for bad in (shared, link):
        with pytest.raises(NoRuntimeDirectory):
            prepare(bad)


def test_the_directory_is_the_systems_unless_another_is_chosen() -> None:
    environ = {"RUNTIME_DIRECTORY": "/run/chatroom:/run/other", "XDG_RUNTIME_DIR": "/run/user/1"}
    assert runtime_dir(Path("mine"), environ) == Path("mine")
    assert runtime_dir(None, environ) == Path("/run/chatroom")
    del environ["RUNTIME_DIRECTORY"]
    assert runtime_dir(None, environ) == Path("/run/user/1/chatroom")
    assert runtime_dir(None, {}).name.startswith("chatroom-")


def test_a_notice_of_a_server_that_is_gone_or_that_is_none_is_no_notice(tmp_path: Path) -> None:
    (tmp_path / "operator-1.json").write_text(json.dumps({"url": "x", "pid": 2**22 + 1, "token_file": "x"}))
    (tmp_path / "operator-2.json").write_text("{}")
    (tmp_path / "operator-3.json").write_text("[")
    assert notices(tmp_path) == []


@pytest.mark.parametrize("text", ["", "short", "two words of many letters", "\xff"])
def test_a_token_file_that_is_none_is_said(text: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(BadToken, match="operator_token_file"):
        Token.read(file)
    with pytest.raises(BadToken, match="cannot be read"):
        Token.read(tmp_path / "missing")


@pytest.mark.process
def test_its_port_in_use_is_an_error_in_one_line(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        fails(
            f"Cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another with --operator-host",
            *("--port", "0", "--media-port", "0", "--operator-port", port, "--runtime-dir", str(tmp_path)),
        )


@pytest.mark.process
def test_under_hypercorn_it_is_there_too_and_the_log_says_where(tmp_path: Path) -> None:
    variables = {"PORT": "0", "MEDIA_PORT": "0", "MEDIA_WORKERS": "1", "MEDIA_SPARE": "no", "OPERATOR_PORT": "0"}
    env = environment() | {f"CHATROOM_{name}": value for name, value in variables.items()}
    with running_server(command=HYPERCORN, env=env | {"CHATROOM_RUNTIME_DIR": str(tmp_path)}) as server:
        (notice,) = notices(tmp_path)
        assert notice.url in server.output()
        assert notice.token_file in server.output()
        assert Path(notice.token_file).read_text().strip() not in server.output()
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []
