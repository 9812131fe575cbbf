"""Workers that are silent, speak out of turn, cannot be kept up, or are on another machine, in virtual time."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
import trio.testing

from chatroom import media
from media.bridge import MediaSettings, MediaStartFailed, WorkerLost
from media.messages import Heard, Join, Leave, LegChanged, Publish, StartFailed
from nurseries import TooManyRestarts
from tests.media.bridge.fakes import FakeWorkers, answer_everything, running, settle
from tests.media.bridge.people import LOST, TWO, key, people, rooms, states

ELSEWHERE = "media.example:9443"
IN_USE = StartFailed("UDP port 10001 is in use")


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
        await trio.sleep(3)
        assert states(bridge) == ["spare", "up", "up"]
        assert those.told["b1"] == []
        assert not workers.at[1].killed


async def test_a_worker_that_waits_for_a_core_is_not_taken_for_one_that_hangs(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1") as those:
        await trio.sleep(1)
        busy = workers.at[0]
        busy.waited = 100.0
        for _ in range(2):
            busy.reading, busy.starving = False, True
            await trio.sleep(4)
            busy.read_again()
            await trio.sleep(1)
        assert those.log == []
        # for five seconds, no more; and whoever waits for nothing has one
        busy.reading = False
        await trio.sleep(5.1)
        assert busy.killed
        assert those.told["a1"] == LOST


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
    workers.starts = {0: 0.3 if first is IN_USE else 1.0, 1: 0.4, 2: 1.0}
    with pytest.raises(MediaStartFailed, match=r"could not be started|UDP port 10001 is in use"):
        await workers.bridge(TWO).run()
    assert trio.current_time() == pytest.approx(0.4)
    assert workers.closed == len(workers.opened)


@pytest.mark.parametrize(
    ("first", "seconds"), [(IN_USE, 0.6), (WorkerLost("it was not ready within 15 s"), 0.4)], ids=["late", "slow"]
)
async def test_one_that_cannot_start_beside_others_is_tried_again(
    autojump_clock: Any, first: StartFailed | WorkerLost, seconds: float
) -> None:
    workers = FakeWorkers()
    workers.script[1] = [first]
    workers.starts = {1: seconds}
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


async def test_another_worker_is_told_who_will_publish_in_a_moment(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "a2") as those:
        await those.sessions["a1"].publish("offer", {})
        workers.at[0].die()
        await settle()
        assert workers.at[2].asked() == [Join(*key("a1"), returns=True), Join(*key("a2"))]
