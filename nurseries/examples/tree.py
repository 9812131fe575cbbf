# ruff: noqa: T201
"""A disk that stays full: a restart does not help, nor does running the whole part anew, and so it ends with an error.

It prints::

    serve/store/disk failed: restart
    serve/store/disk failed: escalate
    serve/store failed: restart (serve/store/disk: more than 1 restarts in 5 s)
    serve/store/disk failed: restart
    serve/store/disk failed: escalate
    serve/store failed: escalate (serve/store/disk: more than 1 restarts in 5 s)
    the listener ends
    gave up: serve/store: more than 1 restarts in 5 s
    because: serve/store/disk: more than 1 restarts in 5 s
    because: No space left on device
"""

from __future__ import annotations

import math

import trio

from nurseries import Backoff, ChildReport, ChildSpec, TooManyRestarts, open_supervisor

QUICK = Backoff(first=0.01)


async def disk(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    await trio.sleep(0.01)
    raise OSError("No space left on device")


async def store(*, task_status: trio.TaskStatus[None]) -> None:
    """A supervisor that is a child: it has the path of its own task."""
    children = [ChildSpec("disk", disk)]
    async with open_supervisor("store", under="serve", children=children, intensity=1, backoff=QUICK, report=report):
        task_status.started()
        await trio.sleep_forever()


async def listener(*, task_status: trio.TaskStatus[None]) -> None:
    task_status.started()
    try:
        await trio.sleep_forever()
    finally:
        print("the listener ends")


def report(said: ChildReport) -> None:
    why = f" ({said.error})" if isinstance(said.error, TooManyRestarts) else ""
    print(f"{said.path} {said.ending}: {said.action}{why}")


async def main() -> None:
    # Its children have deadlines of their own, so the store gets as much time as they need.
    children = [ChildSpec("listener", listener), ChildSpec("store", store, shutdown=math.inf)]
    try:
        async with open_supervisor("serve", under="", children=children, intensity=1, backoff=QUICK, report=report):
            await trio.sleep_forever()
    except TooManyRestarts as error:
        print("gave up:", error)
        cause = error.__cause__
        while cause is not None:
            print("because:", cause)
            cause = cause.__cause__


if __name__ == "__main__":
    trio.run(main)
