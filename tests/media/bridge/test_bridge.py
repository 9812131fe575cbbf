from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from chatroom import media
from chatroom.media import (
    LayersWanted,
    MediaEvent,
    MediaLost,
    MediaRefused,
    MediaRestored,
    MediaUnavailable,
    OfferMade,
    VideoPaused,
    VideoResumed,
)
from media import messages
from media.bridge import Deadlines, MediaSettings, Terms
from media.messages import (
    MAX_SDP,
    Accept,
    Done,
    GetMediaStatistics,
    Heard,
    Join,
    Layout,
    Leave,
    LegChanged,
    MediaStatistics,
    Offer,
    Publish,
    Restart,
    TrackInfo,
)
from nurseries.testing import cancel_at_every_checkpoint
from tests.media.bridge.fakes import READY, FakeWorkers, answer_everything, figures, running, settle

KEY = ("blue", "p1", 7)
#: Fewer heartbeats are fewer steps to be torn at.
CALM = Deadlines(heartbeat=Terms(interval=1.0, silence=1.5, answer=5.0))


def nowhere(event: MediaEvent) -> None:
    pass


async def test_it_is_available_from_when_the_worker_is_ready(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge()
    assert (bridge.available, bridge.port_of("blue")) == (False, 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(bridge.run)
        assert (bridge.available, bridge.port_of("blue")) == (True, READY.port)
        nursery.cancel_scope.cancel()
    assert (bridge.available, workers.closed) == (False, 1)


async def test_a_participant_joins_publishes_accepts_and_leaves_in_this_order(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge:
        async with bridge.attach(*KEY, nowhere) as session:
            assert await session.publish("offer", {"0": "microphone", "1": "camera"}) == "answer to offer"
            await session.accept(3, "answer")
            await session.restart(fresh=False)
            await session.restart(fresh=True)
        assert workers.last.asked() == [
            Join(*KEY),
            Publish(*KEY, "offer", {"0": "microphone", "1": "camera"}),
            Accept(*KEY, 3, "answer"),
            Restart(*KEY, False),
            Restart(*KEY, True),
            Leave(*KEY),
        ]
        assert figures(bridge) == ((1000,), 0, 0, 0, 0)


async def test_entering_waits_for_nobody_and_posts_nothing_when_there_is_a_worker() -> None:
    events: list[MediaEvent] = []
    async with running(FakeWorkers()) as bridge:
        context = bridge.attach(*KEY, events.append)
        with trio.testing.assert_no_checkpoints():
            await context.__aenter__()
        assert events == []
        await context.__aexit__(None, None, None)


async def test_without_a_worker_the_loss_is_posted_first_and_the_restoration_follows(autojump_clock: Any) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers()
    bridge = workers.bridge()
    async with trio.open_nursery() as nursery, bridge.attach(*KEY, events.append) as session:
        assert events == [MediaLost()]
        with pytest.raises(MediaUnavailable):
            await session.publish("offer", {})
        with pytest.raises(MediaUnavailable):
            await session.restart(fresh=True)
        with pytest.raises(MediaUnavailable):
            await bridge.worker_statistics()
        await nursery.start(bridge.run)
        assert events == [MediaLost(), MediaRestored()]
        await session.publish("offer", {})
        assert [type(request) for request in workers.last.asked()] == [Join, Publish]
        nursery.cancel_scope.cancel()


async def test_what_flows_in_a_room_is_asked_of_its_worker(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with (
        running(workers, MediaSettings(port=10_000, workers=2)) as bridge,
        bridge.attach("blue", "p1", 7, nowhere),
        bridge.attach("green", "p2", 8, nowhere),
    ):
        await trio.sleep(1)
        for room, number in (("blue", 0), ("green", 1)):
            assert await bridge.media_statistics(room, "alice") == MediaStatistics([], [], [], True)
            question = GetMediaStatistics(room, "alice")
            assert [question in workers.at[n].asked() for n in (0, 1)] == [number == 0, number == 1]


async def test_nothing_flows_where_nobody_is_and_nobody_knows_without_a_worker(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere):
        assert await bridge.media_statistics("green") == MediaStatistics([], [], [], True)
        assert not any(isinstance(request, GetMediaStatistics) for request in workers.last.asked())
        workers.last.die()
        await settle()
        with pytest.raises(MediaUnavailable):
            await bridge.media_statistics("blue")


async def test_a_layout_is_told_to_the_worker_and_to_the_next_one(autojump_clock: Any) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, events.append) as session:
        await session.layout({"bob": 360})
        await session.layout({"bob": 180})
        layout = Layout(*KEY, {"bob": 180})
        assert workers.last.asked()[-1] == layout
        workers.last.die()
        await trio.sleep(1)
        assert [request for request in workers.last.asked() if isinstance(request, Join | Layout)] == [
            Join(*KEY),
            layout,
        ]


async def test_pauses_and_layers_are_told_in_the_words_of_rooms(autojump_clock: Any) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, events.append):
        await workers.last.say(messages.VideoPaused(*KEY, "bob", "camera", "bandwidth"))
        await workers.last.say(messages.VideoResumed(*KEY, "bob", "camera"))
        await workers.last.say(messages.Wanted(*KEY, "1", ["q"]))
        await settle()
        assert events == [
            VideoPaused("bob", "camera", "bandwidth"),
            VideoResumed("bob", "camera"),
            LayersWanted("1", ["q"]),
        ]


async def test_events_are_posted_in_order_in_the_words_of_rooms(autojump_clock: Any) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, events.append):
        await workers.last.say(LegChanged(*KEY, "publish", "connected"))
        await workers.last.say(Offer(*KEY, 5, "sdp", {"0": TrackInfo("p2", "camera")}))
        await settle()
        assert events == [
            media.LegChanged("publish", "connected"),
            OfferMade(5, "sdp", {"0": media.TrackInfo("p2", "camera")}),
        ]


async def test_words_for_another_epoch_or_an_unknown_participant_are_dropped_and_counted(autojump_clock: Any) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, events.append):
        for key in (("blue", "p1", 6), ("blue", "p2", 7), ("red", "p1", 7)):
            await workers.last.say(Offer(*key, 5, "sdp", {}))
        await settle()
        assert events == []
        assert bridge.statistics().events_dropped == 3


async def test_two_epochs_of_one_participant_are_two_sessions_and_one_epoch_is_one(autojump_clock: Any) -> None:
    old: list[MediaEvent] = []
    new: list[MediaEvent] = []
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach("blue", "p1", 8, new.append):
        async with bridge.attach("blue", "p1", 7, old.append):
            with pytest.raises(ValueError, match="attached already"):
                await bridge.attach("blue", "p1", 7, nowhere).__aenter__()
            assert bridge.statistics().sessions == 2
        await workers.last.say(Offer("blue", "p1", 8, 5, "sdp", {}))
        await settle()
        assert old == []
        assert new == [OfferMade(5, "sdp", {})]


async def test_who_was_heard_is_told_so_and_the_others_are_not(autojump_clock: Any) -> None:
    events: list[tuple[str, MediaEvent]] = []
    workers = FakeWorkers()
    async with (
        running(workers) as bridge,
        bridge.attach("blue", "p1", 7, lambda event: events.append(("p1", event))),
        bridge.attach("blue", "p2", 8, lambda event: events.append(("p2", event))),
        bridge.attach("blue", "p3", 9, lambda event: events.append(("p3", event))),
    ):
        # an epoch that is over, one that is to come, another room, nobody
        strangers = [("blue", "p3", 8, 0.1), ("blue", "p3", 10, 0.1), ("red", "p3", 9, 0.1), ("blue", "p4", 9, 0.1)]
        await workers.last.say(Heard([("blue", "p1", 7, 0.25), *strangers, ("blue", "p2", 8, 0.0)]))
        await settle()
        assert events == [("p1", media.Heard(0.25)), ("p2", media.Heard(0.0))]
        assert bridge.statistics().events_dropped == 4


@pytest.mark.parametrize("hangs", [False, True])
async def test_after_leaving_nothing_is_posted_and_nothing_can_be_asked(autojump_clock: Any, hangs: bool) -> None:
    events: list[MediaEvent] = []
    workers = FakeWorkers(reply=lambda request: None if hangs and isinstance(request, Leave) else Done())
    async with running(workers) as bridge, trio.open_nursery() as nursery:
        context = bridge.attach(*KEY, events.append)
        session = await context.__aenter__()
        await settle()
        # while the worker is told, and when it was
        nursery.start_soon(context.__aexit__, None, None, None)
        for _ in range(3):
            await settle()
            await workers.last.say(Offer(*KEY, 5, "sdp", {}))
            await workers.last.say(LegChanged(*KEY, "publish", "closed"))
            await workers.last.say(Heard([(*KEY, 0.1)]))
            for ask in (
                lambda: session.publish("offer", {}),
                lambda: session.accept(5, "answer"),
                lambda: session.restart(fresh=True),
            ):
                with pytest.raises(MediaUnavailable):
                    await ask()
            await trio.sleep(0.4)
        assert bridge.statistics().events_dropped == 9
        workers.last.die()
        await trio.sleep(1)
        assert bridge.available
        assert events == []
        assert workers.opened[0].asked() == [Join(*KEY), Leave(*KEY)]
        assert workers.last.asked() == []


@pytest.mark.parametrize("code", ["bad_sdp", "sdp_too_large", "too_many_tracks", "stale_offer"])
async def test_what_is_the_pages_fault_is_refused_with_the_workers_words(autojump_clock: Any, code: Any) -> None:
    workers = FakeWorkers(reply=lambda request: (code, "No.") if isinstance(request, Publish) else Done())
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:
        with pytest.raises(MediaRefused, match=r"No\.") as caught:
            await session.publish("offer", {})
        assert caught.value.code == code


@pytest.mark.parametrize("code", ["unknown_participant", "invalid_request", "internal"])
async def test_what_is_our_fault_is_logged_and_unavailable(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture, code: Any
) -> None:
    workers = FakeWorkers(reply=lambda request: (code, "Secret.") if isinstance(request, Publish) else Done())
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:
        with pytest.raises(MediaUnavailable) as caught:
            await session.publish("offer", {})
        assert "Secret" not in str(caught.value)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        f"the media worker failed at publish: {code}: Secret."
    ]


async def test_what_is_over_a_limit_never_reaches_the_wire(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:
        with pytest.raises(MediaRefused) as caught:
            await session.publish("x" * (MAX_SDP + 1), {})
        assert caught.value.code == "sdp_too_large"
        with pytest.raises(MediaRefused) as caught:
            await session.accept(1, "x" * (MAX_SDP + 1))
        assert caught.value.code == "sdp_too_large"
        with pytest.raises(MediaRefused) as caught:
            await session.publish("offer", {str(mid): "camera" for mid in range(9)})
        assert caught.value.code == "too_many_tracks"
        assert await session.publish("x" * MAX_SDP, {str(mid): "camera" for mid in range(8)})
        assert [type(request) for request in workers.last.asked()] == [Join, Publish]


async def test_a_request_has_a_deadline_and_a_late_answer_harms_nobody(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers(reply=lambda request: None if isinstance(request, Publish) else answer_everything(request))
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:
        begin = trio.current_time()
        with pytest.raises(MediaUnavailable):
            await session.publish("offer", {})
        assert trio.current_time() - begin == pytest.approx(5.0)
        assert "did not answer to publish in time" in caplog.text
        await workers.last.say('{"id": 2, "result": {"sdp": "late"}}')
        workers.reply = answer_everything
        assert await session.publish("offer", {}) == "answer to offer"
        assert len(workers.opened) == 1
        assert bridge.statistics().pending == 0


async def test_answers_may_come_in_any_order(autojump_clock: Any) -> None:
    workers = FakeWorkers(reply=lambda request: None if isinstance(request, Publish) else Done())
    got: list[str] = []
    async with running(workers) as bridge, bridge.attach(*KEY, nowhere) as session:

        async def publish(sdp: str) -> None:
            got.append(f"{sdp}: {await session.publish(sdp, {})}")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(publish, "a")
            await settle()
            nursery.start_soon(publish, "b")
            await settle()
            assert bridge.statistics().pending == 2
            await workers.last.say('{"id": 3, "result": {"sdp": "B"}}')
            await workers.last.say('{"id": 2, "result": {"sdp": "A"}}')
    assert got == ["b: B", "a: A"]


async def test_a_participant_that_left_before_the_worker_came_is_not_joined(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    bridge = workers.bridge()
    async with bridge.attach(*KEY, nowhere):
        pass
    async with trio.open_nursery() as nursery:
        await nursery.start(bridge.run)
        await settle()
        assert workers.last.asked() == []
        nursery.cancel_scope.cancel()


def test_whoever_is_cancelled_anywhere_has_left_the_worker() -> None:
    async def scenario() -> None:
        workers = FakeWorkers()
        async with running(workers) as bridge:

            async def participant() -> None:
                with trio.CancelScope():
                    async with bridge.attach(*KEY, nowhere) as session:
                        await session.publish("a", {})
                        await session.accept(1, "b")
                        await trio.sleep(1)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(participant, name="participant:p1")
            await settle()
            asked = workers.last.asked()
            assert (asked[0], asked[-1]) == (Join(*KEY), Leave(*KEY))
            assert (asked.count(asked[0]), asked.count(asked[-1])) == (1, 1)
            assert figures(bridge) == ((1000,), 0, 0, 0, 0)

    assert cancel_at_every_checkpoint(scenario, victim="participant:*") >= 5


@pytest.mark.parametrize("seed", range(3))
def test_whenever_the_bridge_is_stopped_nobody_is_left_waiting(seed: int) -> None:
    async def scenario() -> None:
        workers = FakeWorkers()
        bridge = workers.bridge(deadlines=CALM)
        events: list[MediaEvent] = []

        async def run() -> None:
            with trio.move_on_after(3):
                await bridge.run()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, name="bridge")
            await trio.sleep(1)
            async with bridge.attach(*KEY, events.append) as session:
                for sdp in "abc":
                    try:
                        await session.publish(sdp, {})
                    except MediaUnavailable:
                        break
                await trio.sleep(5)
        assert not bridge.available
        assert workers.closed == len(workers.opened)
        assert events == [MediaLost()]
        assert bridge.statistics().sessions == 0

    assert cancel_at_every_checkpoint(scenario, victim="bridge", at="*", seed=seed) > 50
