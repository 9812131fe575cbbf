"""What is private to Trio is where `nurseries._trio` looks for it."""

from __future__ import annotations

import inspect
import random
from typing import Any

import pytest
import trio
import trio.testing
from trio._core import _run

from nurseries.testing import deterministic

module: Any = _run


def patched() -> tuple[object, ...]:
    return (
        module._r,
        module._ALLOW_DETERMINISTIC_SCHEDULING,
        module.CancelStatus.__attrs_post_init__,
        module.Deadlines.add,
    )


def test_what_is_changed_for_a_seed_is_put_back() -> None:
    before = patched()
    inside: list[tuple[object, ...]] = []

    def block() -> None:
        with deterministic(1):
            inside.append(patched())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block()
    assert all(new is not old for new, old in zip(inside[0], before, strict=True) if old is not True)
    assert patched() == before


def test_canary_the_private_names_of_trio_are_where_they_were() -> None:
    """When this fails a new Trio has moved what `nurseries._trio` leans on: mend that module, nothing else."""
    # schedules
    assert isinstance(module._r, random.Random)
    assert isinstance(module._ALLOW_DETERMINISTIC_SCHEDULING, bool)
    assert "_r.shuffle(batch)" in inspect.getsource(module.unrolled_run)
    assert "_r.uniform(" in inspect.getsource(module.SystemClock)
    for name in ("_tasks", "_children"):
        assert f"{name}: set[" in inspect.getsource(module.CancelStatus)
    assert list(inspect.signature(module.Deadlines.add).parameters) == ["self", "deadline", "cancel_scope"]
    assert {"_heap", "_active"} <= {field.name for field in module.Deadlines.__attrs_attrs__}
    # tasks
    assert callable(trio.lowlevel.Task._attempt_abort)
    assert {"_abort_func", "_cancel_status", "_counter", "_schedule_points"} <= {
        field.name for field in trio.lowlevel.Task.__attrs_attrs__
    }
    assert callable(module.CancelStatus.effective_deadline)
    # runs
    assert list(inspect.signature(module.setup_runner).parameters) == [
        "clock",
        "instruments",
        "restrict_keyboard_interrupt_to_checkpoints",
        "strict_exception_groups",
    ]
    assert "host_uses_signal_set_wakeup_fd" in inspect.signature(module.unrolled_run).parameters
    assert {"runq", "tasks", "deadlines", "waiting_for_idle", "io_manager", "main_task_outcome"} <= {
        field.name for field in module.Runner.__attrs_attrs__
    } | set(module.Runner.__annotations__)
    assert isinstance(module.sniffio_library.name, str | None)

    async def main() -> None:
        status: Any = trio.lowlevel.current_task()
        assert isinstance(status._cancel_status._scope, trio.CancelScope)
        assert status._cancel_status.parent is not None
        assert isinstance(trio.lowlevel.current_task().parent_nursery._children, set)  # type: ignore[union-attr]
        root = trio.lowlevel.current_root_task()
        assert root is not None
        own = [task.name for nursery in root.child_nurseries for task in nursery.child_tasks]
        assert "<TrioToken.run_sync_soon task>" in own

    trio.run(main)


def test_canary_the_coroutine_of_a_new_task_may_be_replaced() -> None:
    replaced: list[bool] = []

    class Replace(trio.abc.Instrument):
        def task_spawned(self, task: trio.lowlevel.Task) -> None:
            if task.name == "canary":
                task.coro.close()
                task.coro = other()  # type: ignore[assignment]

    async def other() -> None:
        replaced.append(True)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="canary")

    trio.run(main, instruments=[Replace()])
    assert replaced == [True]
