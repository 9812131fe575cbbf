from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from chatroom import media
from chatroom.media import MediaEvent, MediaLost, MediaRestored, MediaUnavailable
from media.bridge import Bridge, Deadlines, MediaStartFailed, Terms
from media.messages import (
    MAX_FRAME,
    MAX_SDP,
    Heard,
    Join,
    Leave,
    LegChanged,
    Offer,
    Publish,
    StartFailed,
    encode_event,
)
from nurseries import TooManyRestarts
from nurseries.testing import deterministic
from tests.media.bridge.fakes import NOTHING, READY, FakeWorkers, answer_everything, figures, running, settle

KEY = ("blue", "p1", 7)
#: For workers that may hang without being lost.
PATIENT = Deadlines(heartbeat=Terms(interval=0.4, silence=60.0, answer=60.0))


def nowhere(event: MediaEvent) -> None:
    pass


async def test_the_death_of_the_worker_is_a_loss_for_all_and_then_a_restoration(autojump_clock: Any) -> None:
    log: list[str] = []
    workers = FakeWorkers(reply=lambda request: None if isinstance(request, Publish) else answer_everything(request))
    async with running(workers) as bridge, trio.open_nursery() as nursery:

        async def participant(id: str) -> None:
            def post(event: MediaEvent) -> None:
                log.append(f"{id} {type(event).__name__}")

            async with bridge.attach("blue", id, 1, post) as session:
                try:
                    await session.publish("offer", {})
                except MediaUnavailable:
                    log.append(f"{id} failed")
                await trio.sleep(10)

        nursery.start_soon(participant, "a")
        await settle()
        nursery.start_soon(participant, "b")
        await settle()
        workers.last.die()
        assert bridge.available
        await settle()
        assert log[:2] == ["a MediaLost", "b MediaLost"]
        assert sorted(log[2:]) == ["a failed", "b failed"]
        assert (bridge.available, bridge.port_of("blue")) == (False, READY.port)
        log.clear()
        await trio.sleep(1)
        assert log == ["a MediaRestored", "b MediaRestored"]
        assert workers.last.asked() == [Join("blue", "a", 1), Join("blue", "b", 1)]
        assert figures(bridge) == ((1001,), 1, 2, 0, 0)
        assert workers.closed == 1
        await trio.sleep(15)
        assert workers.last.asked()[2:] in (
            [Leave("blue", "a", 1), Leave("blue", "b", 1)],
            [Leave("blue", "b", 1), Leave("blue", "a", 1)],
        )


async def test_the_join_goes_before_what_the_restoration_causes(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge, trio.open_nursery() as nursery:
        restored = trio.Event()

        def post(event: MediaEvent) -> None:
            if event == MediaRestored():
                nursery.start_soon(session.publish, "again", {})
                restored.set()

        async with bridge.attach(*KEY, post) as session:
            workers.last.die()
            await restored.wait()
            await settle()
            assert workers.last.asked() == [Join(*KEY), Publish(*KEY, "again", {})]


async def test_an_answer_of_the_worker_that_was_lost_answers_nothing(autojump_clock: Any) -> None:
    workers = FakeWorkers(reply=lambda request: None if isinstance(request, Publish) else answer_everything(request))
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:
        refused: list[str] = []

        async def publish(sdp: str) -> None:
            with pytest.raises(MediaUnavailable):
                await session.publish(sdp, {})
            refused.append(sdp)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish, "old")
            await settle()
            lost = workers.last
            lost.die()
            # Said with its last breath, and read by nobody: those who wait know already.
            await lost.say('{"id": 2, "result": {"sdp": "late"}}')
        assert refused == ["old"]
        await trio.sleep(1)
        workers.reply = answer_everything
        assert await session.publish("new", {}) == "answer to new"
        assert bridge.statistics().pending == 0


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_posted_after_the_loss_by_the_worker_that_was_lost(seed: int) -> None:
    async def main() -> None:
        events: list[MediaEvent] = []
        workers = FakeWorkers()
        async with running(workers) as bridge, bridge.attach(*KEY, events.append):
            await settle()
            await workers.last.say(LegChanged(*KEY, "publish", "connected"))
            await workers.last.say(Heard([(*KEY, 0.1)]))
            for _ in range(seed % 5):
                await trio.lowlevel.checkpoint()
            workers.last.die()
            await trio.sleep(1)
            said = [media.LegChanged("publish", "connected"), media.Heard(0.1)]
            assert events in [[*said[:n], MediaLost(), MediaRestored()] for n in range(3)]

    with deterministic(seed):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize(
    "nonsense",
    [
        "{",
        "[]",
        '{"event": "sneeze", "params": {}}',
        '{"id": 99, "result": {}}',
        '{"id": 1, "result": {"sdp": 1}}',
        encode_event(READY),
        encode_event(Offer(*KEY, 1, "x" * MAX_FRAME, {})),
    ],
    ids=["no JSON", "no object", "no event", "never asked", "wrong result", "ready again", "too large"],
)
async def test_a_worker_that_makes_no_sense_is_replaced(autojump_clock: Any, nonsense: str) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers(reply=lambda request: None)
    async with running(workers) as bridge, bridge.attach(*KEY, events.append):
        await settle()
        await workers.last.say(nonsense)
        workers.reply = answer_everything
        await trio.sleep(1)
        assert events == [MediaLost(), MediaRestored()]
        assert len(workers.opened) == 2
        assert bridge.available


async def test_a_worker_that_hangs_up_is_replaced(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge:
        await workers.last.hang_up()
        await trio.sleep(1)
        assert bridge.statistics().pids == (1001,)


async def test_a_worker_that_no_longer_answers_is_replaced(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge:
        await trio.sleep(60)
        assert len(workers.opened) == 1
        workers.last.reading = False
        await trio.sleep(1.01)
        assert not bridge.available
        await trio.sleep(1)
        assert len(workers.opened) == 2
        assert workers.opened[0].killed
        assert bridge.available


async def test_a_frame_is_never_cut_short_by_the_deadline_of_who_asked(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    workers.pair = trio.testing.lockstep_stream_pair
    async with running(workers, deadlines=PATIENT) as bridge, bridge.attach(*KEY, nowhere) as session:
        worker = workers.last
        await settle()
        worker.reading = False
        # The first few fill what lies between the two; the writer is stuck in the middle of one of the others.
        for sdp in "abcdef":
            with trio.move_on_after(0.5) as scope:
                await session.publish(sdp * MAX_SDP, {})
            assert scope.cancelled_caught
        worker.read_again()
        assert await session.publish("g", {}) == "answer to g"
        published = [request.sdp[0] for request in worker.requests if isinstance(request, Publish)]
        assert published != list("abcdefg")  # not everything was sent: it was stuck
        assert published == sorted(published)
        assert len(workers.opened) == 1


async def test_leaving_a_worker_that_hangs_takes_a_second_and_raises_nothing(autojump_clock: Any) -> None:
    workers = FakeWorkers(reply=lambda request: None)
    async with running(workers, deadlines=PATIENT) as bridge:
        with trio.CancelScope() as scope:
            async with bridge.attach(*KEY, nowhere):
                await settle()
                begin = trio.current_time()
                scope.cancel()
        assert trio.current_time() - begin == pytest.approx(1.0)
        assert workers.last.asked() == [Join(*KEY), Leave(*KEY)]
        # neither is taken back: however late it is, the worker will have done both
        assert bridge.statistics().pending == 2


async def test_a_leave_reaches_a_worker_that_was_too_busy_for_it(autojump_clock: Any) -> None:
    """Or it would keep for ever who has gone."""
    workers = FakeWorkers()
    workers.pair = trio.testing.lockstep_stream_pair  # nothing is sent that is not read
    async with running(workers, deadlines=PATIENT) as bridge:
        workers.last.reading = False
        for _ in range(3):
            async with bridge.attach(*KEY, nowhere):
                await settle()
        workers.last.read_again()
        await settle()
        assert workers.last.asked() == [Join(*KEY), Leave(*KEY)] * 3
        assert bridge.statistics().pending == 0


async def test_leaving_a_worker_that_is_dead_takes_no_time(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge:
        async with bridge.attach(*KEY, nowhere):
            workers.last.die()
            await settle()
            begin = trio.current_time()
        assert trio.current_time() == begin
        await trio.sleep(1)
        assert workers.last.asked() == []


async def test_a_participant_that_cannot_take_an_event_costs_the_others_nothing(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(event: MediaEvent) -> None:
        raise ZeroDivisionError

    events: list[MediaEvent] = []
    workers = FakeWorkers()
    async with (
        running(workers) as bridge,
        bridge.attach("blue", "p0", 1, broken),
        bridge.attach(*KEY, events.append),
    ):
        workers.last.die()
        await trio.sleep(1)
        assert events == [MediaLost(), MediaRestored()]
        assert len(workers.opened) == 2
    assert "a participant did not take a MediaLost" in caplog.text


async def test_the_worker_is_asked_for_its_figures(autojump_clock: Any) -> None:
    async with running(FakeWorkers()) as bridge:
        assert await bridge.worker_statistics() == NOTHING


async def fails_to_start(bridge: Bridge) -> MediaStartFailed:
    with pytest.raises(MediaStartFailed) as caught:
        await bridge.run()
    return caught.value


async def test_a_first_worker_that_cannot_start_is_told_at_once_and_not_tried_again(autojump_clock: Any) -> None:
    workers = FakeWorkers(StartFailed("UDP port 10000 is in use"))
    error = await fails_to_start(workers.bridge())
    assert str(error) == "UDP port 10000 is in use"
    assert (len(workers.opened), workers.closed) == (1, 1)


async def test_a_first_worker_that_is_never_ready_has_failed_to_start(autojump_clock: Any) -> None:
    begin = trio.current_time()
    error = await fails_to_start(FakeWorkers(None).bridge())
    assert "not ready within 15 s" in str(error)
    assert trio.current_time() - begin == pytest.approx(15.0)


async def test_a_first_worker_with_a_wrong_first_word_has_failed_to_start(autojump_clock: Any) -> None:
    error = await fails_to_start(FakeWorkers(LegChanged(*KEY, "publish", "closed")).bridge())
    assert "its first word was LegChanged" in str(error)


async def test_a_first_worker_that_dies_before_it_is_ready_has_failed_to_start(autojump_clock: Any) -> None:
    workers = FakeWorkers(None)
    bridge = workers.bridge()
    errors: list[MediaStartFailed] = []

    async def run() -> None:
        errors.append(await fails_to_start(bridge))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await settle()
        workers.last.die("it ended with exit status 2")
    assert "it ended with exit status 2" in str(errors[0])


async def test_a_later_worker_that_cannot_start_is_tried_again(autojump_clock: Any) -> None:
    workers = FakeWorkers(READY, StartFailed("UDP port 10000 is in use"))
    async with running(workers) as bridge:
        workers.last.die()
        await trio.sleep(5)
        assert (len(workers.opened), bridge.available) == (3, True)


async def test_too_many_restarts_are_raised(autojump_clock: Any) -> None:
    workers = FakeWorkers(READY, *[StartFailed("UDP port 10000 is in use")] * 10)
    events: list[MediaEvent] = []
    bridge = workers.bridge()
    with pytest.RaisesGroup(TooManyRestarts) as caught:
        async with trio.open_nursery() as nursery, bridge.attach(*KEY, events.append):
            await nursery.start(bridge.run)
            workers.last.die()
            await trio.sleep_forever()
    assert isinstance(caught.value.exceptions[0].__cause__, MediaStartFailed)
    assert len(workers.opened) == 6
    assert events == [MediaLost(), MediaRestored(), MediaLost()]


async def test_its_tasks_are_named_by_their_path_and_a_loss_is_one_line(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    async with trio.open_nursery() as nursery:
        bridge = workers.bridge()
        await nursery.start(bridge.run, name="serve/media")
        names: set[str] = set()

        def walk(task: trio.lowlevel.Task) -> None:
            names.add(task.name)
            for nursery in task.child_nurseries:
                for child in nursery.child_tasks:
                    walk(child)

        walk(trio.lowlevel.current_task())
        member = "serve/media/workers/worker:0"
        child = f"{member}/link"
        assert names >= {"serve/media", member, child, f"{child}/process", f"{child}/writer", f"{child}/heartbeat"}
        workers.last.die()
        await trio.sleep(1)
        nursery.cancel_scope.cancel()
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info is None
    assert record.getMessage() == ("worker:0 is lost: its process is gone; it was killed by SIGKILL: another in 0.05 s")
