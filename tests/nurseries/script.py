"""Children that do as a script says, for the tests of supervisors."""

from __future__ import annotations

import trio
import trio.testing

from nurseries import ChildReport


class Boom(Exception):
    pass


class Script:
    """A child that does what it is told: each run takes the next word."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)
        self.runs = 0
        self.ready = 0
        self.cancelled = 0
        self.names: list[str] = []
        self.times: list[float] = []

    async def __call__(self, *, task_status: trio.TaskStatus[int]) -> None:
        self.runs += 1
        self.names.append(trio.lowlevel.current_task().name)
        self.times.append(trio.current_time())
        word = self.words.pop(0) if self.words else "run"
        if word == "fail early":
            raise Boom(word)
        if word == "return early":
            return
        if word == "hang early":
            await trio.sleep_forever()
        self.ready += 1
        task_status.started(self.runs)
        try:
            match word:
                case "fail":
                    raise Boom(word)
                case "fail later":
                    await trio.sleep(1)
                    raise Boom(word)
                case "return":
                    return
                case "fail at stop":
                    try:
                        await trio.sleep_forever()
                    finally:
                        raise Boom(word)
                case "group":
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever)
                        raise Boom(word)
                case _:
                    await trio.sleep_forever()
        except trio.Cancelled:
            self.cancelled += 1
            raise


def quiet(report: ChildReport) -> None:
    pass


async def settle() -> None:
    await trio.testing.wait_all_tasks_blocked()
