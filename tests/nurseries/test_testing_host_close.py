"""What a host has entered and started comes to its end with it, whatever it does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio

from nurseries.testing import Host, Stuck

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@asynccontextmanager
async def opened(name: str, log: list[str], leaving: float = 0.0) -> AsyncGenerator[trio.Nursery, None]:
    log.append(f"open {name}")
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
            await trio.sleep(leaving)
            log.append(f"leave {name}")
            nursery.cancel_scope.cancel()
    finally:
        log.append(f"closed {name}")


def test_what_is_entered_is_left_at_the_end_the_last_first_and_without_being_cancelled() -> None:
    log: list[str] = []
    with Host() as host:
        nursery = host.enter(opened("a", log, leaving=60))
        host.enter(opened("b", log))
        host.do(nursery.start_soon, trio.sleep_forever)
        host.settle()
        assert log == ["open a", "open b"]
    assert log == ["open a", "open b", "leave b", "closed b", "leave a", "closed a"]
    host.close()


def test_what_fails_to_open_is_told_and_so_is_what_crashes_while_it_is_open() -> None:
    @asynccontextmanager
    async def fails() -> AsyncGenerator[None, None]:
        await trio.sleep(1)
        if trio.current_time():
            raise KeyError("not opened")
        yield

    async def crash() -> None:
        raise ValueError("crash")

    with Host() as host:
        with pytest.raises(KeyError, match="not opened"):
            host.enter(fails(), within=1)
        with pytest.raises(Stuck):
            host.enter(fails())
        log: list[str] = []
        nursery = host.enter(opened("a", log))
        host.do(nursery.start_soon, crash)
        with pytest.raises(ExceptionGroup) as caught:
            host.settle()
        assert caught.group_contains(ValueError, match="crash")
        assert log == ["open a", "closed a"]


def test_what_fails_while_it_is_left_is_raised_by_close_and_the_others_are_left_all_the_same() -> None:
    @asynccontextmanager
    async def fails(error: Exception) -> AsyncGenerator[None, None]:
        yield
        raise error

    log: list[str] = []
    host = Host()
    host.enter(opened("a", log))
    host.enter(fails(KeyError()))
    with pytest.raises(KeyError):
        host.close()
    assert log[-1] == "closed a"

    host = Host()
    host.enter(fails(KeyError()))
    host.enter(fails(ValueError()))
    with pytest.raises(ExceptionGroup) as caught:
        host.close()
    assert [type(error) for error in caught.value.exceptions] == [ValueError, KeyError]


def test_an_error_of_the_block_stays_what_it_is_unless_the_host_has_one_too() -> None:
    @asynccontextmanager
    async def fails() -> AsyncGenerator[None, None]:
        yield
        raise ValueError("leaving")

    def block(error: AbstractAsyncContextManager[None] | None) -> None:
        with Host() as host:
            host.start_soon(trio.sleep_forever)
            if error is not None:
                host.enter(error)
            raise KeyError("block")

    with pytest.raises(KeyError):
        block(None)
    with pytest.raises(ExceptionGroup) as caught:
        block(fails())
    assert [type(error) for error in caught.value.exceptions] == [KeyError, ValueError]


def test_cleanups_have_time_when_the_host_is_closed() -> None:
    ends: list[float] = []

    async def polite() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(5, shield=True):
                await trio.sleep_forever()
            ends.append(trio.current_time())

    with Host() as host:
        host.start_soon(polite)
    with Host() as host:
        host.start_soon(polite)
        host.advance(1)
    assert ends == [5, 6]


def test_tasks_that_do_not_end_are_told_and_made_to() -> None:
    ends: list[str] = []

    async def shielded() -> None:
        try:
            with trio.CancelScope(shield=True):
                await trio.sleep_forever()
        finally:
            ends.append(trio.lowlevel.current_task().name)  # it ends in its run

    host = Host()
    host.start_soon(shielded, name="shielded")
    host.settle()
    with pytest.raises(Stuck, match=r"not ended: shielded \(test_testing_host_close.py:\d+ in shielded\)"):
        host.close()
    assert ends == ["shielded"]
    host.close()


def test_a_task_that_takes_no_cancellation_is_given_up() -> None:
    ends: list[str] = []

    async def stubborn() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            while True:
                with contextlib.suppress(trio.Cancelled):
                    await trio.sleep_forever()

    async def waits() -> None:
        with trio.CancelScope(shield=True):
            try:
                await trio.sleep_forever()
            finally:
                ends.append("waits")

    host = Host(limit=100)
    host.start_soon(stubborn)
    host.start_soon(waits)
    host.settle()
    with pytest.raises(ExceptionGroup) as caught:
        host.close()
    assert caught.group_contains(Stuck, match="not ended: .*stubborn.*waits")
    assert ends == ["waits"]
