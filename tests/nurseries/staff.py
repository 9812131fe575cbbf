"""Children that write down what becomes of them and do as they are told, for the tests of order."""

from __future__ import annotations

import trio

from nurseries import ChildSpec, Restart
from tests.nurseries.script import Boom


class Staff:
    """``log`` holds ``+a`` when a begins, ``a`` when it is ready, ``!a`` when it fails, ``.a`` when it returns, and
    ``-a`` when it ends cancelled.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self.running: set[str] = set()
        self._orders: dict[str, trio.Event] = {}
        self._words: dict[str, str] = {}

    def spec(
        self,
        name: str,
        restart: Restart = "permanent",
        *,
        shutdown: float = 5.0,
        getting_ready: float = 0.0,
        lingering: float = 0.0,
        early: tuple[int, ...] = (),
    ) -> ChildSpec[int]:
        """A child that is ready after ``getting_ready`` seconds, takes ``lingering`` seconds to end when it is
        cancelled, and fails before it is ready in the runs whose numbers (1, 2, …) are ``early``.
        """
        runs = 0

        async def run(*, task_status: trio.TaskStatus[int]) -> None:
            nonlocal runs
            runs += 1
            assert name not in self.running, "two of the same"
            self.running.add(name)
            self.log.append(f"+{name}")
            order = self._orders[name] = trio.Event()
            try:
                await trio.sleep(getting_ready)
                if runs in early:
                    self.log.append(f"!{name}")
                    raise Boom(name)
                self.log.append(name)
                task_status.started(runs)
                await order.wait()
                match self._words[name]:
                    case "fail":
                        self.log.append(f"!{name}")
                        raise Boom(name)
                    case _:
                        self.log.append(f".{name}")
            except trio.Cancelled:
                if lingering:
                    with trio.CancelScope(shield=True):
                        await trio.sleep(lingering)
                self.log.append(f"-{name}")
                raise
            finally:
                self.running.discard(name)

        return ChildSpec(name, run, restart, shutdown)

    def fail(self, name: str) -> None:
        self._words[name] = "fail"
        self._orders[name].set()

    def finish(self, name: str) -> None:
        self._words[name] = "finish"
        self._orders[name].set()

    def said(self) -> str:
        """The log since it was asked for last."""
        said = " ".join(self.log)
        self.log.clear()
        return said
