"""Several workers and a spare, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from chatroom import media
from chatroom.media import MediaEvent, MediaLost, MediaRestored
from media.bridge import Bridge, MediaSettings, MediaStartFailed, WorkerLost
from media.bridge.session import Session
from media.messages import Heard, Join, Leave, LegChanged, Publish, StartFailed
from nurseries import TooManyRestarts
from tests.media.bridge.fakes import NOTHING, FakeWorkers, answer_everything, running, settle

TWO = MediaSettings(port=10_000, workers=2, spare=True)
ELSEWHERE = "media.example:9443"
IN_USE = StartFailed("UDP port 10001 is in use")
LOST = [MediaLost(), MediaRestored()]


@attrs.define(eq=False)
class People:
    """Who is in which room, and what they were told."""

    bridge: Bridge
    stack: AsyncExitStack
    told: dict[str, list[MediaEvent]] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)
    sessions: dict[str, Session] = attrs.field(factory=dict)

    async def come(self, *names: str) -> None:
        """Each is named by the room, and a number: ``blue1``."""
        for name in names:
            told = self.told[name] = []

            def post(event: MediaEvent, name: str = name, told: list[MediaEvent] = told) -> None:
                told.append(event)
                self.log.append(f"{name} {type(event).__name__}")

            context = self.bridge.attach(name.rstrip("0123456789"), name, 1, post)
            self.sessions[name] = await self.stack.enter_async_context(context)
        await settle()


@asynccontextmanager
async def people(bridge: Bridge, *names: str) -> AsyncGenerator[People, None]:
    async with AsyncExitStack() as stack:
        those = People(bridge, stack)
        await those.come(*names)
        yield those


def states(bridge: Bridge) -> list[str]:
    return [each.state for each in bridge.statistics().members]


def rooms(bridge: Bridge) -> list[int]:
    return [each.rooms for each in bridge.statistics().members]


def key(name: str) -> tuple[str, str, int]:
    return name.rstrip("0123456789"), name, 1


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
        await trio.sleep(1)
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


async def test_a_worker_that_is_stopped_is_dead_within_a_second_and_never_comes_back(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        await trio.sleep(3.0)
        stopped = workers.at[0]
        stopped.reading = False  # and so it says nothing
        began = trio.current_time()
        while not those.told["a1"]:  # noqa: ASYNC110 - nobody tells of it
            await trio.sleep(0.05)
        assert 0.55 <= trio.current_time() - began <= 1.05
        assert those.told["a1"] == LOST
        assert stopped.killed
        await trio.sleep(1)
        assert states(bridge) == ["spare", "up", "up"]
        assert those.told["b1"] == []
        assert not workers.at[1].killed


async def test_a_worker_that_talks_and_does_not_answer_is_lost_in_the_end(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1") as those:
        workers.at[0].beats = False
        workers.reply = lambda request: None
        mute = workers.at[0]
        for _ in range(12):
            await trio.sleep(0.5)
            if mute.killed:
                break
            await mute.say(Heard([(*key("a1"), 0.1)]))
        assert mute.killed
        assert those.told["a1"][-2:] == LOST


@pytest.mark.parametrize("seconds", [0.7, 2.0, 3600.0])
async def test_a_server_that_was_stopped_takes_no_worker_for_dead(autojump_clock: Any, seconds: float) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        for wait in (0.0, 0.1, 0.39, 0.4, 1.0, 3.33):
            await trio.sleep(wait)
            autojump_clock.jump(seconds)
        await trio.sleep(2)
        assert those.log == []
        assert bridge.statistics().restarts == 0


async def test_a_worker_that_was_stopped_while_the_server_was_is_dead_all_the_same(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        await trio.sleep(1)
        workers.at[0].reading = False
        autojump_clock.jump(60)
        await trio.sleep(1.5)
        assert those.told == {"a1": LOST, "b1": []}
        assert rooms(bridge) == [0, 1, 1]


@pytest.mark.parametrize("number", [1, 2])
async def test_words_of_a_worker_that_someone_is_not_on_are_refused(autojump_clock: Any, number: int) -> None:
    """Their epoch is right: an old placement's words have that, too."""
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        stranger = workers.at[number]
        await stranger.say(LegChanged(*key("a1"), "publish", "closed"))
        await stranger.say(Heard([(*key("a1"), 0.1)]))
        await settle()
        assert those.log == []
        assert bridge.statistics().events_dropped == 2
        await workers.at[0].say(LegChanged(*key("a1"), "publish", "connected"))
        await settle()
        assert those.told["a1"] == [media.LegChanged("publish", "connected")]


async def test_nothing_that_was_asked_of_a_lost_worker_is_asked_of_another(autojump_clock: Any) -> None:
    workers = FakeWorkers(reply=lambda request: None if isinstance(request, Publish) else answer_everything(request))
    async with running(workers, TWO) as bridge, people(bridge, "a1") as those, trio.open_nursery() as nursery:

        async def publish() -> None:
            with pytest.raises(media.MediaUnavailable):
                await those.sessions["a1"].publish("offer", {})

        nursery.start_soon(publish)
        await settle()
        lost = workers.at[0]
        lost.die()
        await lost.say('{"id": 2, "result": {"sdp": "late"}}')
        await settle()
        assert workers.at[2].asked() == [Join(*key("a1"))]


async def test_whoever_leaves_leaves_the_worker_they_were_moved_to(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge:
        async with people(bridge, "a1"):
            workers.at[0].die()
            await settle()
        assert workers.at[2].asked() == [Join(*key("a1")), Leave(*key("a1"))]
        assert rooms(bridge) == [0, 0, 0]


async def test_a_member_that_cannot_be_kept_up_costs_nobody_else_anything(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        workers.script[0] = [IN_USE] * 11  # five more tries, a rest, and six tries
        workers.at[0].die()
        await trio.sleep(10)
        assert states(bridge) == ["given_up", "up", "up"]
        assert those.told == {"a1": LOST, "b1": []}
        assert "worker:0 cannot be kept up: UDP port 10001 is in use" in caplog.text
        await trio.sleep(50)
        assert states(bridge) == ["given_up", "up", "up"]
        assert caplog.text.count("cannot be kept up") == 2
        await trio.sleep(30)
        assert states(bridge) == ["spare", "up", "up"]
        assert bridge.statistics().members[0].restarts == 12


async def test_when_none_is_left_that_can_be_kept_up_it_ends_with_the_error(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge(TWO)
    with pytest.RaisesGroup(TooManyRestarts) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(bridge.run)
            for number in range(3):
                workers.script[number] = [StartFailed("no")] * 20
            for number in (0, 2):
                workers.at[number].die()
            await trio.sleep(20)
            assert states(bridge) == ["given_up", "up", "given_up"]
            workers.at[1].die()
            await trio.sleep_forever()
    assert isinstance(caught.value.exceptions[0].__cause__, MediaStartFailed)
    assert "no other is left" in caplog.text


@pytest.mark.parametrize("first", [IN_USE, WorkerLost("it could not be started")])
async def test_a_worker_of_this_machine_that_cannot_start_at_the_start_is_told_at_once(
    autojump_clock: Any, first: StartFailed | WorkerLost
) -> None:
    workers = FakeWorkers()
    workers.script[1] = [first]
    workers.starts = {1: 0.4}
    with pytest.raises(MediaStartFailed, match=r"could not be started|UDP port 10001 is in use"):
        await workers.bridge(TWO).run()
    assert trio.current_time() == pytest.approx(0.4)
    assert workers.closed == len(workers.opened)


async def test_one_that_cannot_start_after_that_is_tried_again(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    workers.script[1] = [IN_USE]
    workers.starts = {1: 0.6}
    async with running(workers, TWO) as bridge:
        await trio.sleep(3)
        assert states(bridge) == ["up", "up", "spare"]


async def test_another_machine_that_is_not_there_is_waited_for(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    workers.script[ELSEWHERE] = [WorkerLost("it cannot be reached") for _ in range(8)]
    settings = attrs.evolve(TWO, remotes=(ELSEWHERE,))
    async with running(workers, settings) as bridge:
        assert states(bridge) == ["up", "up", "up", "down"]
        await trio.sleep(60)
        assert states(bridge) == ["up", "up", "spare", "up"]
        assert bridge.statistics().members[3].address == ELSEWHERE
        assert bridge.statistics().members[3].pid == workers.at[ELSEWHERE].pid
    # said once, not eight times
    assert caplog.text.count("it cannot be reached") == 1


async def test_rooms_are_on_another_machine_until_that_is_lost(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    settings = MediaSettings(port=10_000, workers=1, spare=True, remotes=(ELSEWHERE,))
    async with running(workers, settings) as bridge, people(bridge) as those:
        await those.come("a1", "b1")
        assert rooms(bridge) == [1, 0, 1]
        assert bridge.port_of("b") == 20_000
        await trio.sleep(2)
        workers.at[ELSEWHERE].reading = False
        await trio.sleep(2)
        assert those.log == []  # a network may be silent for longer than a process of ours
        await trio.sleep(1.1)
        assert those.told == {"a1": [], "b1": LOST}
        assert rooms(bridge) == [1, 1, 0]
        await trio.sleep(2)
        assert states(bridge) == ["up", "up", "spare"]


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


async def test_what_it_tells_about_its_members(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "a2"):
        await trio.sleep(1)
        first, _, last = bridge.statistics().members
        assert attrs.astuple(first) == ("worker:0", workers.at[0].pid, None, "up", 10_000, 1, 2, 0.0, 0, 0.0)
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
    assert settings.arguments(number) == arguments
