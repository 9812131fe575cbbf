"""Rooms that kill their workers, in virtual time: who is taken along, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import pytest
import trio

from chatroom.media import MediaLost, MediaRestored
from media.bridge import Bridge, MediaSettings, WorkerLost
from media.bridge.quarantine import FIRST
from media.messages import Join, Request
from tests.media.bridge.fakes import FakeWorker, FakeWorkers, Reply, answer_everything, running
from tests.media.bridge.people import LOST, People, people, rooms

ONE = MediaSettings(port=10_000)
ONE_AND_A_SPARE = MediaSettings(port=10_000, workers=1, spare=True)
TWO = MediaSettings(port=10_000, workers=2)


def homes(bridge: Bridge, names: Iterable[str]) -> list[int]:
    """On which worker each room is, by the port; -1 for none."""
    homes = {room.name: -1 if room.member is None else room.member.number for room in bridge._rooms}
    return [homes[name] for name in names]


def suspects(bridge: Bridge) -> dict[str, str]:
    return {each.room: each.standing for each in bridge.statistics().suspects}


def losses(those: People, name: str) -> int:
    return sum(isinstance(event, MediaLost) for event in those.told[name])


class Killer(FakeWorkers):
    """Workers that die when somebody of the room ``bad`` joins. They say whose room it was if they are ``telling``."""

    def __init__(self, *, telling: bool, after: float = 0.1) -> None:
        super().__init__()
        self.telling = telling
        self.after = after
        self.armed = False
        self.nursery: trio.Nursery | None = None

    def kills(self, request: Request) -> Reply:
        if self.armed and isinstance(request, Join) and request.router == "bad":
            assert self.nursery is not None
            victim = next(worker for worker in self.opened if request in worker.requests and worker.ending is None)
            self.nursery.start_soon(self._die, victim)
        return answer_everything(request)

    async def _die(self, victim: FakeWorker) -> None:
        await trio.sleep(self.after)
        victim.busy_with = "bad" if self.telling else None
        victim.die("it was killed by SIGSEGV")


async def test_neighbours_of_a_room_that_was_seen_killing_go_down_once(autojump_clock: Any) -> None:
    workers = Killer(telling=True)
    workers.reply = workers.kills
    async with (
        trio.open_nursery() as workers.nursery,
        running(workers, ONE_AND_A_SPARE) as bridge,
        people(bridge, "a1", "b1", "bad1") as those,
    ):
        await trio.sleep(5)
        assert homes(bridge, ["a", "b", "bad"]) == [0, 0, 0]
        workers.armed = True
        await those.come("bad2")
        await trio.sleep(0.11)
        # innocents to the spare, and the other one waits for a worker of its own
        assert homes(bridge, ["a", "b", "bad"]) == [1, 1, -1]
        assert suspects(bridge) == {"bad": "apart"}
        await trio.sleep(0.05)
        assert homes(bridge, ["a", "b", "bad"]) == [1, 1, 0]
        await trio.sleep(60)
        assert [losses(those, name) for name in ("a1", "b1")] == [1, 1]
        assert those.told["a1"] == LOST
        assert losses(those, "bad1") >= 3
        assert suspects(bridge)["bad"] == "refused"


@pytest.mark.parametrize("settings", [ONE_AND_A_SPARE, TWO])
async def test_a_killer_is_found_though_workers_tell_nothing(settings: MediaSettings, autojump_clock: Any) -> None:
    workers = Killer(telling=False)
    workers.reply = workers.kills
    async with (
        trio.open_nursery() as workers.nursery,
        running(workers, settings) as bridge,
        people(bridge, "bad1", "a1", "b1") as those,
    ):
        await trio.sleep(5)
        workers.armed = True
        await those.come("bad2")
        await trio.sleep(10)
        assert suspects(bridge)["bad"] == "refused"
        assert -1 not in homes(bridge, ["a", "b"])
        before = [losses(those, name) for name in ("a1", "b1")]
        assert max(before) <= 3
        await trio.sleep(300)
        assert [losses(those, name) for name in ("a1", "b1")] == before
        assert not suspects(bridge).keys() - {"bad", "a", "b"}


async def test_with_one_worker_the_killer_is_refused_and_told_for_how_long(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = Killer(telling=True)
    workers.reply = workers.kills
    async with (
        trio.open_nursery() as workers.nursery,
        running(workers, ONE) as bridge,
        people(bridge, "a1", "bad1") as those,
    ):
        await trio.sleep(5)
        workers.armed = True
        await those.come("bad2")
        await trio.sleep(5)
        assert suspects(bridge) == {"bad": "refused"}
        assert homes(bridge, ["a", "bad"]) == [0, -1]
        assert those.told["a1"] == LOST
        await those.come("bad3")
        (told,) = those.told["bad3"]
        assert isinstance(told, MediaLost)
        assert 0 < told.refused_for < FIRST
        workers.armed = False
        await trio.sleep(FIRST)
        assert homes(bridge, ["a", "bad"]) == [0, -1], "it is not to be beside others"
        async with bridge.attach("bad", "bad4", 1, lambda event: None):
            pass
    (record,) = [record for record in caplog.records if record.getMessage().startswith("room is kept apart")]
    assert vars(record)["room"] == "bad"


async def test_a_room_that_has_come_to_its_senses_is_let_in_again(autojump_clock: Any) -> None:
    workers = Killer(telling=True)
    workers.reply = workers.kills
    async with (
        trio.open_nursery() as workers.nursery,
        running(workers, ONE_AND_A_SPARE) as bridge,
        people(bridge, "a1", "bad1") as those,
    ):
        await trio.sleep(5)
        workers.armed = True
        await those.come("bad2")
        with trio.fail_after(20):
            while suspects(bridge).get("bad") != "refused":  # noqa: ASYNC110 - nobody tells of it
                await trio.sleep(0.05)
        assert those.told["bad1"][-1:] == [MediaLost(15.0)]
        workers.armed = False
        await trio.sleep(FIRST - 0.1)
        assert homes(bridge, ["bad"]) == [-1]
        await trio.sleep(0.2)
        (home,) = homes(bridge, ["bad"])
        assert [home] != homes(bridge, ["a"])
        assert those.told["bad1"][-1:] == [MediaRestored()]
        await trio.sleep(700)
        assert suspects(bridge) == {}
        assert homes(bridge, ["bad"]) == [home]


async def test_nobody_is_put_beside_a_room_that_is_apart(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1", "bad1") as those:
        await trio.sleep(1)
        assert homes(bridge, ["a", "b", "bad"]) == [0, 1, 0]
        workers.at[0].busy_with = "bad"
        workers.at[0].die()
        await trio.sleep(1)
        assert homes(bridge, ["a", "b", "bad"]) == [1, 1, 0]
        await those.come("c1", "d1", "e1")
        assert rooms(bridge) == [1, 5]
        # Its worker is the only one that is left: rather beside a suspect than nowhere.
        workers.script[1] = [None] * 3
        workers.starts[1] = 3.0
        workers.at[1].busy_with = 0
        workers.at[1].die()
        await trio.sleep(1)
        assert homes(bridge, "abcde") == [-1] * 5, "another is coming"


async def kill(workers: FakeWorkers, number: int | str, busy_with: str | Literal[0] | None) -> None:
    """Have a worker die of a room, and whatever follows from that happen."""
    workers.at[number].busy_with = busy_with
    workers.at[number].die("it was killed by SIGSEGV")
    await trio.sleep(2)


async def test_the_spare_takes_whom_it_would_keep_from_a_suspect(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE_AND_A_SPARE) as bridge, people(bridge, "bad1") as those:
        async with people(bridge, "a1", "b1"):
            await trio.sleep(1)
            await kill(workers, 0, "bad")
            assert homes(bridge, ["a", "b", "bad"]) == [1, 1, 0]
            await kill(workers, 1, 0)
            assert homes(bridge, ["a", "b", "bad"]) == [1, 1, 0], "it has none, so it could be the spare"
        await those.come("c1", "d1")
        assert homes(bridge, ["c", "d", "bad"]) == [1, 1, 0]


async def test_who_waits_for_a_worker_gets_it_when_it_is_left_and_others_come_rather_there_than_nowhere(
    autojump_clock: Any,
) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE) as bridge, people(bridge, "bad1") as those:
        async with people(bridge, "a1"):
            await trio.sleep(1)
            await kill(workers, 0, "bad")
            assert homes(bridge, ["a", "bad"]) == [0, -1]
            assert suspects(bridge) == {"bad": "refused"}
        assert homes(bridge, ["bad"]) == [-1]
        await trio.sleep(FIRST)
        assert homes(bridge, ["bad"]) == [0]
        await those.come("c1")
        assert homes(bridge, ["c", "bad"]) == [0, 0]
        # A free room that lost its worker, too, goes there if no other comes.
        workers.starts[0] = 60.0
        await kill(workers, 0, "bad")
        assert homes(bridge, ["c", "bad"]) == [-1, -1]


async def test_of_a_machine_that_is_not_there_no_place_is_expected(autojump_clock: Any) -> None:
    settings = MediaSettings(port=10_000, workers=1, remotes=("media.example:9443",))
    workers = FakeWorkers()
    workers.script["media.example:9443"] = [WorkerLost("it is not there")] * 1_000
    async with running(workers, settings) as bridge, people(bridge, "a1", "bad1"):
        await trio.sleep(1)
        await kill(workers, 0, "bad")
        assert homes(bridge, ["a", "bad"]) == [0, -1]
        assert suspects(bridge) == {"bad": "refused"}


@pytest.mark.parametrize(("busy_with", "standing"), [("bad", "refused"), (None, "refused"), (0, "apart")])
async def test_the_second_death_of_the_only_worker_is_enough_if_it_may_have_died_of_a_room(
    busy_with: str | Literal[0] | None, standing: str, autojump_clock: Any
) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE) as bridge, people(bridge, "bad1"):
        await trio.sleep(1)
        await kill(workers, 0, busy_with)
        assert suspects(bridge) == {}
        await kill(workers, 0, busy_with)
        assert suspects(bridge) == {"bad": standing}


async def test_who_has_only_just_come_is_no_suspect_unless_it_was_seen_at_it(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE_AND_A_SPARE) as bridge, people(bridge, "a1", "b1"):
        await trio.sleep(1)
        workers.at[0].die()
        await trio.sleep(0.001)
        assert homes(bridge, "ab") == [1, 1]
        await kill(workers, 1, None)
        assert suspects(bridge) == {}, "they had been there for a millisecond"
        await kill(workers, homes(bridge, "a")[0], None)
        assert suspects(bridge) == {"a": "apart", "b": "apart"}
    async with running(workers, ONE_AND_A_SPARE) as bridge, people(bridge, "a1") as those:
        await trio.sleep(1)
        await those.come("b1")
        await kill(workers, 0, "b")
        assert suspects(bridge) == {"b": "apart"}
    kept = [vars(record) for record in caplog.records if record.getMessage().startswith("room is kept apart")]
    assert [(each["room"], each["seen_at_it"]) for each in kept] == [("a", False), ("b", False), ("b", True)]


async def test_a_room_that_is_refused_is_so_for_whoever_comes_when_all_had_left(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE) as bridge:
        async with people(bridge, "bad1"):
            await trio.sleep(1)
            await kill(workers, 0, "bad")
            await kill(workers, 0, "bad")
        async with people(bridge, "bad2") as those:
            assert homes(bridge, ["bad"]) == [-1]
            assert those.told["bad2"] == [MediaLost(FIRST - 2)]
            await trio.sleep(FIRST)
            assert homes(bridge, ["bad"]) == [0]


async def test_a_worker_that_dies_idle_again_and_again_costs_a_room_no_media(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE_AND_A_SPARE) as bridge, people(bridge, "a1") as those:
        for _ in range(4):
            await trio.sleep(2)
            (home,) = homes(bridge, "a")
            workers.at[home].busy_with = 0
            workers.at[home].die("it was killed by SIGKILL")
        await trio.sleep(2)
        assert homes(bridge, "a") != [-1]
        assert those.told["a1"] == LOST * 4


async def test_what_cannot_be_known_to_have_died_accuses_nobody(autojump_clock: Any) -> None:
    """A worker on another machine that says nothing: that is a network's doing, most likely."""
    settings = MediaSettings(port=10_000, workers=1, remotes=("media.example:9443",))
    workers = FakeWorkers()
    async with running(workers, settings) as bridge:
        await trio.sleep(1)
        async with people(bridge, "a1", "b1") as those:
            assert homes(bridge, "ab") == [0, 1]
            workers.at["media.example:9443"].reading = False
            await trio.sleep(10)
            assert suspects(bridge) == {}
            assert (losses(those, "a1"), losses(those, "b1")) == (0, 1)
            workers.at[0].die()
            await trio.sleep(0.02)
            assert homes(bridge, "ab") == [1, 1]
            await workers.at["media.example:9443"].hang_up()
            await trio.sleep(1)
            assert suspects(bridge) == {"a": "apart", "b": "apart"}, "it says by itself that it is gone"
