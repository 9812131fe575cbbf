from __future__ import annotations

import pytest
import trio
from hypercorn.utils import LifespanFailureError

from chatroom.directory import Directory
from chatroom.testing import FakeMedia
from tests.web.page import page
from tests.web.served import PATIENCE
from web.app import create_app
from web.lifespan import explain
from web.node import Node
from web.serve import CannotServe, open_sockets, run
from web.settings import Settings


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("a"), "a"),
        (ValueError(), "ValueError"),
        (ValueError("a\n  b"), "a b"),
        (raised(ValueError("a"), KeyError("b")), "a ('b')"),
        (raised(ValueError("a: b"), ValueError("b")), "a: b"),
        (ExceptionGroup("", [ValueError("a"), ExceptionGroup("", [ValueError("b"), ValueError("a")])]), "a; b; a"),
        (ExceptionGroup("", [ValueError("a"), ValueError("a")]), "a"),
        (raised(LifespanFailureError("startup", "x"), ValueError("a")), "a"),
        (LifespanFailureError("startup", "x"), "Lifespan failure in startup. 'x'"),
    ],
)
def test_an_error_is_explained_in_one_line(error: BaseException, words: str) -> None:
    assert explain(error) == words


@pytest.mark.parametrize("owner", [Node, Directory])
async def test_a_crash_above_the_supervisors_ends_the_server(
    owner: type[Node | Directory], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is never a server that answers 200 with nothing behind it."""
    crash = trio.Event()
    original = owner.run

    async def run_and_crash(self: Node | Directory, *, task_status: trio.TaskStatus[object]) -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(original, self)
            task_status.started(self)
            await crash.wait()
            raise RuntimeError("a bug")

    monkeypatch.setattr(owner, "run", run_and_crash)
    settings = Settings(port=0)
    sockets = open_sockets(settings)
    port = sockets[0].getsockname()[1]

    async def use_and_crash(addresses: list[str]) -> None:
        async with page(port, "Ada") as ada:
            await ada.echo()
            crash.set()
            assert await ada.closed() in {1001, 1006, 1011}

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            with pytest.raises(CannotServe, match="a bug"):
                await run(
                    create_app(settings, FakeMedia()),
                    settings,
                    sockets,
                    trio.Event(),
                    lambda addresses: nursery.start_soon(use_and_crash, addresses),
                )
    assert "the server ends" in caplog.text
