"""Several workers and a spare, in virtual time: where rooms live, and where they go."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
import trio.testing

from chatroom.media import MediaLost, MediaRestored
from media.bridge import MediaSettings, MediaStartFailed
from media.messages import Join, StartFailed
from tests.media.bridge.fakes import NOTHING, FakeWorkers, running, settle
from tests.media.bridge.people import LOST, TWO, key, people, rooms, states


async def test_it_has_started_when_the_first_worker_is_ready_and_the_others_follow(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    workers.starts = {0: 2.0, 1: 1.0, 2: 9.0}
    async with running(workers, TWO) as bridge:
        # a moment is given to the others, who may say that their port is taken
        assert trio.current_time() == pytest.approx(1.5)
        assert states(bridge) == ["starting", "up", "starting"]
        assert bridge.available
        await trio.sleep(1)
        assert states(bridge) == ["up", "up", "starting"]
        await trio.sleep(7)
        assert states(bridge) == ["up", "up", "spare"]


async def test_all_are_started_at_once(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    workers.starts = {0: 3.0, 1: 3.0, 2: 3.0}
    async with running(workers, TWO) as bridge:
        assert trio.current_time() == pytest.approx(3.0)
        assert bridge.statistics().ready == 3


async def test_rooms_are_spread_over_the_workers_and_the_spare_has_none(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1", "c1", "d1"):
        assert rooms(bridge) == [2, 2, 0]
        assert [bridge.port_of(room) for room in "abcd"] == [10_000, 10_001, 10_000, 10_001]
        assert workers.at[0].asked() == [Join(*key("a1")), Join(*key("c1"))]
        assert workers.at[1].asked() == [Join(*key("b1")), Join(*key("d1"))]
        assert workers.at[2].asked() == []


async def test_a_room_stays_where_it_is_while_anyone_is_in_it(autojump_clock: Any) -> None:
    async with running(FakeWorkers(), TWO) as bridge, people(bridge, "a1") as those:
        port = bridge.port_of("b")
        async with bridge.attach("b", "b1", 1, lambda event: None):
            assert bridge.port_of("b") == port == 10_001
            await those.come("b2")
            await those.come("b3", "b4")
        assert rooms(bridge) == [1, 1, 0]
        assert bridge.port_of("b") == port
        # b's worker carries three now, a's only one
        assert bridge.port_of("c") == 10_000


async def test_a_room_that_was_empty_is_placed_anew(autojump_clock: Any) -> None:
    async with running(FakeWorkers(), TWO) as bridge:
        async with bridge.attach("a", "a1", 1, lambda event: None), bridge.attach("b", "b1", 1, lambda event: None):
            assert bridge.port_of("b") == 10_001
        assert rooms(bridge) == [0, 0, 0]
        assert bridge.port_of("b") == 10_000


async def test_the_figures_of_the_workers_decide_where_a_room_goes(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1", "b2"):
        assert bridge.port_of("c") == 10_000
        # Many watch in a: 1000 packets a second, told by the heartbeats.
        for packets in range(0, 4000, 400):
            workers.at[0].figures = attrs.evolve(NOTHING, packets_received=packets // 4, packets_sent=packets * 3 // 4)
            await trio.sleep(0.4)
        assert bridge.statistics().members[0].packets_per_second == pytest.approx(1000, rel=0.1)
        assert bridge.port_of("c") == 10_001


async def test_the_spare_takes_over_at_once_and_the_next_worker_is_the_spare(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1", "a2") as those:
        workers.at[0].die()
        began = trio.current_time()
        await settle()
        assert trio.current_time() == began
        # everyone is told of the loss before anyone is of the restoration
        assert those.log == ["a1 MediaLost", "a2 MediaLost", "a1 MediaRestored", "a2 MediaRestored"]
        assert workers.at[2].asked() == [Join(*key("a1")), Join(*key("a2"))]
        assert bridge.port_of("a") == 10_002
        assert states(bridge) == ["down", "up", "up"]
        await those.come("c1")  # while there is no spare
        await trio.sleep(3)
        assert states(bridge) == ["spare", "up", "up"]
        assert rooms(bridge) == [0, 2, 1]
        assert workers.at[0].asked() == []
        await those.come("d1")
        assert rooms(bridge) == [0, 3, 1]
        # and so on
        workers.at[2].die()
        await settle()
        assert bridge.port_of("a") == 10_000
        assert those.told["a1"] == [*LOST, *LOST]
        assert those.told["b1"] == []


async def test_nobody_notices_the_loss_of_the_spare(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        workers.at[2].die()
        await settle()
        assert states(bridge) == ["up", "up", "down"]
        await trio.sleep(1)
        assert states(bridge) == ["up", "up", "spare"]
        assert those.log == []


async def test_without_a_spare_the_other_workers_share_the_rooms(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    settings = MediaSettings(port=10_000, workers=3)
    async with running(workers, settings) as bridge, people(bridge, "a1", "b1", "c1", "d1", "d2") as those:
        assert rooms(bridge) == [2, 1, 1]
        workers.at[0].die()
        await settle()
        assert rooms(bridge) == [0, 2, 2]
        assert those.told == {"a1": LOST, "b1": [], "c1": [], "d1": LOST, "d2": LOST}
        # it comes back and takes the next
        await trio.sleep(1)
        await those.come("e1")
        assert rooms(bridge) == [1, 2, 2]


async def test_two_that_are_lost_together(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        workers.at[0].die()
        workers.at[1].die()
        await settle()
        assert rooms(bridge) == [0, 0, 2]
        assert those.told == {"a1": LOST, "b1": LOST}


@pytest.mark.parametrize("spare_first", [True, False])
async def test_the_spare_that_dies_with_the_worker_takes_nobody_along(autojump_clock: Any, spare_first: bool) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        for number in (2, 0) if spare_first else (0, 2):
            workers.at[number].die()
        await settle()
        assert rooms(bridge) == [0, 2, 0]
        assert those.told["a1"] in (LOST, [*LOST, *LOST])
        assert those.told["b1"] == []


async def test_when_all_are_lost_everyone_waits_for_the_first_that_is_back(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        workers.starts = {0: 5.0, 1: 0.5, 2: 5.0}
        for number in range(3):
            workers.at[number].die()
        await settle()
        assert not bridge.available
        lost = {name: told.count(MediaLost()) - told.count(MediaRestored()) for name, told in those.told.items()}
        assert lost == {"a1": 1, "b1": 1}
        await those.come("c1")
        assert those.told["c1"] == [MediaLost()]
        await trio.sleep(1)
        assert rooms(bridge) == [0, 3, 0]
        assert those.told["c1"] == LOST
        assert states(bridge) == ["starting", "up", "starting"]


async def test_a_pool_that_ends_moves_nobody(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge(TWO)
    async with trio.open_nursery() as nursery:
        await nursery.start(bridge.run)
        async with people(bridge, "a1", "b1") as those:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await trio.sleep(5)
            assert those.told == {"a1": [MediaLost()], "b1": [MediaLost()]}
            assert workers.closed == 3


@pytest.mark.parametrize("how", ["stopped", "failed"])
async def test_all_workers_are_ended_at_once(autojump_clock: Any, how: str) -> None:
    workers = FakeWorkers()
    workers.ends = 2.0
    if how == "failed":
        workers.script[1] = [StartFailed("UDP port 10001 is in use")]
        workers.starts = {1: 0.1}
        with pytest.raises(MediaStartFailed):
            await workers.bridge(TWO).run()
        assert trio.current_time() == pytest.approx(2.1)
    else:
        async with running(workers, TWO):
            pass
        assert trio.current_time() == pytest.approx(2.0)
    assert workers.closed == 3


async def test_what_it_tells_about_its_members(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "a2"):
        await trio.sleep(1)
        first, _, last = bridge.statistics().members
        assert attrs.astuple(first) == ("worker:0", workers.at[0].pid, None, "up", 10_000, 1, 2, 0.0, 0, 0.0, 0)
        assert (last.name, last.state, last.port) == ("worker:2", "spare", 10_002)
        assert (bridge.statistics().ready, bridge.statistics().sessions) == (3, 2)


@pytest.mark.parametrize(
    ("settings", "number", "arguments"),
    [
        (MediaSettings(port=10_000), 3, ["--port", "10003"]),
        (MediaSettings(port=0), 3, ["--port", "0"]),
        (MediaSettings(port=7, addresses=("::1",)), 1, ["--port", "8", "--address", "::1"]),
        (MediaSettings(port=7, announce=("192.0.2.1",)), 1, ["--port", "8", "--announce", "192.0.2.1"]),
        (MediaSettings(port=7, announce=("192.0.2.1:70",)), 1, ["--port", "8", "--announce", "192.0.2.1:71"]),
        (MediaSettings(port=7, announce=("[::1]:70",)), 2, ["--port", "9", "--announce", "[::1]:72"]),
        (MediaSettings(port=7, announce=("::1",)), 2, ["--port", "9", "--announce", "::1"]),
    ],
)
def test_each_worker_has_ports_of_its_own(settings: MediaSettings, number: int, arguments: list[str]) -> None:
    assert settings.arguments(number) == [*arguments[:2], "--loudest", "6", "--slow-step", "0.1", *arguments[2:]]
