# ruff: noqa: T201
"""The last started ends first, and the journal, which the others write to, ends last, whoever stops them all.

It prints::

    the mailer is told to end
    the mailer was given 0.1 s
    the clerk is told to end
    the clerk has ended
    the journal is told to end
    the journal has ended
    the mailer has ended
    overruns: 1
"""

from __future__ import annotations

from functools import partial

import trio

from nurseries import ChildReport, ChildSpec, open_supervisor


async def worker(name: str, seconds: float, *, task_status: trio.TaskStatus[None]) -> None:
    """Work, and when told to end take some seconds to put things in order."""
    task_status.started()
    try:
        await trio.sleep_forever()
    finally:
        print("the", name, "is told to end")
        # Cleanup that waits: shielded, or it would not, and with a deadline, or it might never end.
        with trio.move_on_after(1, shield=True):
            await trio.sleep(seconds)
        print("the", name, "has ended")


def report(said: ChildReport) -> None:
    print(f"the {said.path.rpartition('/')[2]} was given {said.delay:g} s")


async def main() -> None:
    children = [
        ChildSpec("journal", partial(worker, "journal", 0.05)),
        ChildSpec("clerk", partial(worker, "clerk", 0.05)),
        ChildSpec("mailer", partial(worker, "mailer", 0.5), shutdown=0.1),
    ]
    with trio.move_on_after(0.05):
        async with open_supervisor("office", children=children, report=report) as supervisor:
            await trio.sleep_forever()
    print("overruns:", supervisor.statistics().overruns)


if __name__ == "__main__":
    trio.run(main)
