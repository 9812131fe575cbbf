"""What media workers do, as an operator sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from chatroom.media import MediaUnavailable
from media.statistics import ConsumerStatistics, MediaStatistics, ProducerStatistics
from tests.media.bridge.fakes import FakeWorkers, running
from tests.media.bridge.people import TWO, people
from tests.processes import running_server
from tests.web.diagnosis.samples import layer, transport
from tests.web.operator.operated import operated
from tests.web.operator.test_commands import type_in
from web.operator import terminal
from web.operator.client import Client
from web.operator.media import ROOMS, look

NAMES = {"a": "Ada", "b": "Bob"}
FLOW = MediaStatistics(
    [transport("publish"), transport("subscribe", bitrate=80_000.0)],
    [ProducerStatistics("b", "0", "microphone", [layer(100), layer(0, live=False)], "opus")],
    [
        ConsumerStatistics(
            *("a", "b", "microphone", 7, True, None, None, 0, None, 40_000.0, 99, 9_900, 0, 0, 0, 0, 0, 0, 0),
            *(0.01, 0.002, 0.05),
        )
    ],
    complete=True,
)


@attrs.define
class Workers:
    """One that answers, and one that does not."""

    here: Mapping[str, Sequence[str]]
    asked: list[str] = attrs.field(factory=list)

    def rooms(self) -> Mapping[str, Sequence[str]]:
        return self.here

    async def media_statistics(self, room: str, participant: str | None = None) -> MediaStatistics:
        self.asked.append(room)
        if room == "silent":
            raise MediaUnavailable
        return FLOW


async def test_people_are_shown_with_their_connections_and_tracks() -> None:
    answer = await look(Workers({"worker:0": ["blue"], "worker:1": ["silent"]}), NAMES)
    assert answer["left_off"] == 0
    assert answer["workers"]["worker:1"] == {"silent": "its worker does not answer"}
    blue = answer["workers"]["worker:0"]["blue"]
    assert set(blue) == {"Ada (a)", "Bob (b)"}
    assert set(blue["Bob (b)"]) == {"publish", "sends microphone"}
    assert blue["Bob (b)"]["publish"]["state"] == "connected"
    assert blue["Bob (b)"]["sends microphone"] == {
        "codec": "opus",
        "bitrate": 40_000.0,
        "layers": 1,
        "lost": 0,
        "heard": True,
    }
    assert blue["Ada (a)"]["gets Bob microphone"]["packets"] == 99
    lines = terminal.media_lines(answer)
    assert lines[:2] == ["worker:0  1 rooms", "  blue  2 here"]
    assert "      subscribe  state connected, bitrate 80 kbit/s, budget 2000 kbit/s" in "\n".join(lines)
    assert lines[-1] == "  silent  its worker does not answer"


async def test_a_worker_that_does_not_answer_is_asked_once() -> None:
    workers = Workers({"worker:0": ["silent", "red", "green"], "worker:1": ["blue"]})
    answer = await look(workers, NAMES)
    assert workers.asked == ["silent", "blue"]
    assert set(answer["workers"]["worker:0"].values()) == {"its worker does not answer"}
    assert set(answer["workers"]["worker:1"]["blue"]) == {"Ada (a)", "Bob (b)"}


async def test_one_worker_or_room_is_asked_for_and_no_more_than_so_many_rooms() -> None:
    workers = Workers({"worker:0": [f"r{number}" for number in range(ROOMS + 5)], "worker:1": ["blue"]})
    answer = await look(workers, NAMES)
    assert (len(workers.asked), answer["left_off"]) == (ROOMS, 6)
    lines = terminal.media_lines(answer)
    assert (lines[0], lines[-1]) == (f"worker:0  {ROOMS + 5} rooms", "… and 6 more rooms")
    workers.asked.clear()
    assert set((await look(workers, NAMES, worker="worker:1"))["workers"]) == {"worker:1"}
    assert set((await look(workers, NAMES, room="r3"))["workers"]) == {"worker:0"}
    assert workers.asked == ["blue", "r3"]
    assert terminal.media_lines(await look(workers, NAMES, room="none")) == ["no worker, or no such room"]


async def test_a_bridge_says_which_rooms_live_where(autojump_clock: MockClock) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "a2", "b1"):
        await trio.sleep(1)
        assert sorted(bridge.rooms().items()) == [("worker:0", ["a"]), ("worker:1", ["b"]), ("worker:2", [])]


async def test_without_workers_there_is_nothing_to_see(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        assert await server.ask("/api/media") == (200, {"workers": {}, "rooms": {}, "left_off": 0})
        result = await type_in("tree", "--media", "--runtime-dir", tmp_path)
        assert result.output == "no worker, or no such room\n"
        result = await type_in("tree", "--media", "--stacks", "--runtime-dir", tmp_path)
        assert result.exit_code == 2
        assert "do not go together" in result.output


@pytest.mark.process
def test_a_real_server_shows_its_workers(tmp_path: Path) -> None:
    with running_server("--operator-port", "0", "--runtime-dir", str(tmp_path)):
        assert Client.find(None, None, tmp_path).get("/api/media") == {
            "workers": {"worker:0": {}},
            "rooms": {"worker:0": 0},
            "left_off": 0,
        }
