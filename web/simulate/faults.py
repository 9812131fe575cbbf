"""The faults that can be had, each at one place and over by itself."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from functools import partial

import structlog
import trio

from chatroom.attendance import Attendance
from chatroom.directory import Directory
from chatroom.media import MediaRefused, MediaUnavailable
from media.bridge import Bridge
from media.simulation import LONGEST, Impaired, Simulate

#: Seconds that a task may be stalled, and a worker stopped.
LONGEST_STALL = 5.0
LONGEST_FREEZE = 60.0

_log = structlog.stdlib.get_logger("web.simulate")


class CannotSimulate(Exception):
    """What is asked for cannot be had; the message is for whoever asked."""


class Faults:
    """What breaks things in one server. Each method says in words what it has done, and raises CannotSimulate."""

    def __init__(self, directory: Directory, bridge: Bridge | None) -> None:
        self._directory = directory
        self._bridge = bridge
        self._nursery: trio.Nursery
        self._frozen: set[int] = set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be there to end what was begun, until cancelled."""
        try:
            async with trio.open_nursery() as self._nursery:
                _log.warning("simulations are allowed")
                task_status.started()
                await trio.sleep_forever()
        finally:
            for pid in tuple(self._frozen):
                self._thaw(pid)

    def drop_socket(self, room: str, participant: str) -> str:
        """Break off somebody's websocket, as a network does."""
        stay = self._find(room, participant)
        if stay.session.closing is not None or stay.session.cut is None:
            raise CannotSimulate("They have no socket just now, or one that TLS ends in this process.")
        self._say("drop-socket", stay)
        stay.session.cut()
        return f"The socket of {stay.id} is cut."

    def stall(self, room: str, participant: str, seconds: float) -> str:
        """Have somebody's task hold the loop for so long: nothing else runs meanwhile."""
        if not 0.0 < seconds <= LONGEST_STALL:
            raise CannotSimulate(f"A stall lasts up to {LONGEST_STALL:g} seconds.")
        stay = self._find(room, participant)
        self._say("stall", stay, seconds=seconds)
        stay.send_on(partial(hold_the_loop, seconds))
        return f"The task of {stay.id} holds the loop for {seconds:g} s."

    async def impair(
        self,
        room: str,
        participant: str,
        what: Impaired,
        seconds: float,
        *,
        loss: float = 0.0,
        kbits: int | None = None,
        seed: int = 0,
    ) -> str:
        """Make somebody's media worse, in the worker; 0 seconds ends it."""
        stay = self._find(room, participant)
        if not 0.0 <= seconds <= LONGEST:
            raise CannotSimulate(f"It lasts up to {LONGEST:g} seconds.")
        self._say("impair", stay, what=what, seconds=seconds, loss=loss, kbits=kbits)
        try:
            await self._workers().simulate(
                Simulate(
                    router=stay.room.name,
                    participant=stay.id,
                    epoch=stay.epoch,
                    what=what,
                    seconds=seconds,
                    loss=loss,
                    kbits=kbits,
                    seed=seed,
                )
            )
        except (MediaRefused, MediaUnavailable) as error:
            raise CannotSimulate(error.message) from None
        return f"The {what} of {stay.id} is {'itself again' if seconds == 0.0 else f'worse for {seconds:g} s'}."

    def freeze_worker(self, worker: str, seconds: float) -> str:
        """Stop a worker's process, as a machine does that has no time for it. After a second it counts as lost."""
        if not 0.0 < seconds <= LONGEST_FREEZE:
            raise CannotSimulate(f"It lasts up to {LONGEST_FREEZE:g} seconds.")
        pid = self._pid(worker)
        _log.warning("simulation", fault="freeze-worker", worker=worker, pid=pid, seconds=seconds)
        os.kill(pid, signal.SIGSTOP)
        self._frozen.add(pid)
        self._nursery.start_soon(self._thaw_later, pid, seconds, name=f"serve/simulate/thaw:{pid}")
        return f"{worker} (pid {pid}) is stopped for {seconds:g} s."

    def kill_worker(self, worker: str) -> str:
        """Kill a worker's process."""
        pid = self._pid(worker)
        _log.warning("simulation", fault="kill-worker", worker=worker, pid=pid)
        os.kill(pid, signal.SIGKILL)
        return f"{worker} (pid {pid}) is killed."

    async def _thaw_later(self, pid: int, seconds: float) -> None:
        await trio.sleep(seconds)
        self._thaw(pid)

    def _thaw(self, pid: int) -> None:
        self._frozen.discard(pid)
        if pid in self._workers().statistics().pids:  # else it was killed for its silence
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _find(self, room: str, participant: str) -> Attendance:
        found = self._directory.find(room)
        if found is None:
            raise CannotSimulate(f"There is no room {room[:64]!r}.")
        named = [stay for stay in found.present() if participant in (stay.id, stay.join.name.strip())]
        if len(named) != 1:
            raise CannotSimulate(f"{len(named)} in the room are called {participant[:64]!r}: say an id of one.")
        return named[0]

    def _pid(self, worker: str) -> int:
        members = {each.name: each.pid for each in self._workers().statistics().members}
        pid = members.get(worker)
        if pid is None:
            here = ", ".join(name for name, pid in members.items() if pid is not None) or "none"
            raise CannotSimulate(f"No worker {worker[:64]!r} runs on this machine; those that do: {here}.")
        return pid

    def _workers(self) -> Bridge:
        if self._bridge is None:
            raise CannotSimulate("There are no workers here.")
        return self._bridge

    @staticmethod
    def _say(fault: str, stay: Attendance, **more: object) -> None:
        _log.warning("simulation", fault=fault, **stay.about, **more)


def hold_the_loop(seconds: float) -> None:
    """Do what a bug does that computes for long, or waits without saying so."""
    time.sleep(seconds)
