"""What the operator sees of the tasks of a running server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel

from chatroom.commands import Join
from chatroom.limits import Limits
from chatroom.outbox import Outbox
from chatroom.room import Room
from chatroom.session import Session
from nurseries.watchdog import WORDS
from tests.conftest import Measured
from tests.web.operator.operated import Operated, operated
from tests.web.served import PATIENCE, eventually


async def join(server: Operated, name: str, room: str = "blue") -> Session:
    """Join without a socket: whoever holds the session has a page's part."""
    session = Session(Limits(), Outbox(500, 10_000_000))
    command = Join(room=room, name=name, microphone=True, camera=True)
    await server.served.node.directory.join(session, command)
    return session


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if line.strip() == text)


async def test_a_task_that_stalls_a_room_of_fifty_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    """`tests.nurseries.test_watchdog` has it within a second of virtual time; this one is real, on a busy machine.

    There other steps are slow, too, many of them, and the thread that looks at ours may have no core while it lasts:
    then it has no line, and is tried again.
    """
    began: list[float] = []
    say = Room.say

    def stalling(self: Room, *args: object) -> None:
        began.append(time.monotonic())
        time.sleep(0.3)  # the stall
        say(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Room, "say", stalling)
    async with operated(tmp_path, Limits(participants=60)) as server:
        people = [await join(server, f"P{number}") for number in range(50)]
        status, _ = await server.ask("/api/timeline")
        assert status == 200
        for _ in range(50):  # more than a log is told of in a minute
            server.served.node.observer.timeline.add("slow_step", "another", "held the loop", {"last": None})
        line, found = line_of("time.sleep(0.3)  # the stall"), list[dict[str, Any]]()
        with trio.fail_after(PATIENCE):
            while not found:
                began.clear()
                people[7].feed('{"type":"chat","text":"hello"}')
                await eventually(lambda: bool(began))
                _, look = await server.ask("/api/look")
                found = [step for step in look["timeline"] if _is_at(step, line)]
        measured(f"a task that stalls a room of fifty is named after {time.monotonic() - began[0]:.2f} s")
        step = found[-1]
        assert (step["kind"], step["details"]["ended"]) == ("slow_step", True)
        assert step["task"].startswith("serve/rooms/room:blue#1/participant:")
        assert step["details"]["own"]["file"] == "chatroom/attendance.py"
        assert str(line) in step["words"]


def _is_at(step: dict[str, Any], line: int) -> bool:
    """Whether it is the stall: on a busy machine other steps are slow, too, and some ended before they were seen."""
    last = step["details"]["last"] if step["kind"] == "slow_step" else None
    return last is not None and (last["file"], last["line"]) == ("tests/web/operator/test_tree.py", line)


def test_only_the_stall_is_taken_for_it() -> None:
    here = {"file": "tests/web/operator/test_tree.py", "line": 7}
    assert _is_at({"kind": "slow_step", "details": {"last": here}}, 7)
    assert not _is_at({"kind": "slow_step", "details": {"last": None}}, 7), "it ended before anybody looked"
    assert not _is_at({"kind": "slow_step", "details": {"last": {**here, "file": "trio/_channel.py"}}}, 7)
    assert not _is_at({"kind": "child_restart", "details": None}, 7)


async def test_slow_steps_are_all_in_the_timeline_though_not_all_are_logged(tmp_path: Path) -> None:
    async with operated(tmp_path, slow_step=0.01) as server:
        timeline = server.served.node.observer.timeline

        async def hold() -> None:
            time.sleep(0.02)  # noqa: ASYNC251 - that is what is counted

        for _ in range(WORDS + 5):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hold, name="serve/holding")
        assert sum(each.task == "serve/holding" for each in timeline.after(0)) == WORDS + 5


async def test_a_task_that_waits_for_ever_is_found_with_its_line(tmp_path: Path) -> None:
    async def stuck(self: object) -> None:
        await trio.sleep_forever()  # stuck

    async with operated(tmp_path) as server:
        await join(server, "Ada")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stuck, None, name="serve/stuck")
            await trio.lowlevel.checkpoint()
            _, answer = await server.ask("/api/tree?search=stuck&stacks=1")
            (task,) = [task for task in answer["tasks"] if task["name"] == "serve/stuck"]
            assert task["state"] == "parked"
            assert [place["function"].rpartition(".")[2] for place in task["stack"]] == [*("stuck", "sleep_forever")]
            assert task["stack"][0]["line"] == line_of("await trio.sleep_forever()  # stuck")
            nursery.cancel_scope.cancel()


async def test_a_participant_is_found_by_name_with_what_belongs_to_it(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        ada, bob = await join(server, "Ada"), await join(server, "Bob")
        _, answer = await server.ask("/api/tree?search=ada")
        task = answer["tasks"][-1]
        stay = task["facts"]["stay"]
        assert (stay["name"], stay["lease"], stay["legs"]["session"]) == ("Ada", "present", 1)
        assert task["own"]["function"] == "Session.receive"
        _, answer = await server.ask(f"/api/tree?under={stay['id']}&stacks=1")
        assert [each["name"].rpartition("/")[2] for each in answer["tasks"]] == [f"participant:{stay['id']}", "legs"]
        assert answer["total"] == 2
        _, answer = await server.ask("/api/tree?under=nobody-of-that-name")
        assert answer == {"total": 0, "left_off": 0, "tasks": []}
        assert ada.closing is bob.closing is None


async def test_the_tree_begins_with_the_run_and_has_the_room_and_its_figures(tmp_path: Path) -> None:
    async with operated(tmp_path, slow_step=60.0) as server:  # nothing takes that long on any machine
        await join(server, "Ada")
        _, answer = await server.ask("/api/look?by=messages")
        names = {task["name"]: task for task in answer["tree"]["tasks"]}
        assert answer["tree"]["tasks"][0]["name"] == "<init>"
        room = names["serve/rooms/room:blue#1"]
        assert room["facts"]["room"]["log"]["present"] == 1
        assert names["serve/rooms"]["facts"]["supervisor serve/rooms"]["children"] == 1
        assert names["serve/operator"]["facts"]["supervisor serve/operator"]["restarts"] == 0
        assert answer["node"]["state"] == "running"
        assert answer["memory"] > 1_000_000
        assert answer["watchdog"]["slow"] == 0
        leader = next(task for task in answer["top"] if "stay" in task["facts"])
        assert leader["facts"]["stay"]["name"] == "Ada"
        assert leader["figures"]["passed"] == 1
        _, queues = await server.ask("/api/top?by=queues")
        assert "stay" in queues["top"][0]["facts"]
        assert queues["top"][0]["figures"]["bytes"] > 0  # nobody reads what Ada was sent


async def test_metering_is_switched_on_and_ends(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        assert (await server.ask("/api/top"))[1] == {"top": []}
        _, meter = await server.ask("/api/meter?seconds=60", "POST")
        assert meter["active"]
        await server.ask("/api/tree")
        _, answer = await server.ask("/api/look?by=cpu&n=3")
        assert 0 < len(answer["top"]) <= 3
        assert answer["top"][0]["cpu"] > 0
        assert answer["meter"]["total"]["steps"] > 0
        assert (await server.ask("/api/meter?seconds=0", "POST"))[1]["active"] is False


@pytest.mark.parametrize(
    "path", ["/api/top?by=x", "/api/top?n=x", "/api/timeline?after=-1", "/api/tree?limit=1e9", "/api/tree?limit=%C2%B2"]
)
async def test_what_makes_no_sense_is_refused(path: str, tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        assert (await server.ask(path))[0] == 400
        assert (await server.ask("/api/meter?seconds=x", "POST"))[0] == 400
