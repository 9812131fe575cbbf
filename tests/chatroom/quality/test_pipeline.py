"""Rooms, a pipeline, and what pages are told of it, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
import trio
import trio.testing
from trio.testing import MockClock

from chatroom.media import LegChanged
from chatroom.quality.events import QualityEvent, Trouble
from chatroom.quality.inputs import Reported
from chatroom.quality.judge import Judge
from chatroom.quality.pipeline import Pipeline
from chatroom.quality.samples import DownlinkSample, ParticipantSample, Samples, TrackSample, UplinkSample
from chatroom.testing import Page
from nurseries.stages import Sink
from tests.chatroom.house import House, open_house

TOLD = {"signal", "problem", "problem_over"}
REPORT: dict[str, Any] = {
    "microphone": {"state": "live", "level": -30.0},
    "camera": {"state": "live", "level": None},
    "sound": "playing",
    "publish": "connected",
    "subscribe": "connected",
    "playing": {},
}


def sample(page: Page, epoch: int, loss: float = 0.0) -> ParticipantSample:
    lost = round(50 * loss)
    sound = TrackSample("microphone", 50 - lost, 4_000, 50, lost, 0, 0, 0.005, 0.01, 30, wanted=True, lacking=False)
    picture = TrackSample("camera", 150, 160_000, 150, 0, 0, 30, 0.005, 0.01, None, wanted=True, lacking=False)
    down = DownlinkSample("connected", 0.1, 9e5, 200, 0, 0.05, 2e6, 2e6, None, 1, 0, lowered=False, unsent=[])
    return ParticipantSample(page.me, epoch, UplinkSample("connected", 0.0, [sound, picture]), down)


async def pass_time(house: House, seconds: int, *people: tuple[Page, int, float], late: float = 0.0) -> None:
    """Have a worker tell of these pages, with their epochs and the loss of their uplinks."""
    for _ in range(seconds):
        house.media.sample("blue", Samples("worker:0", 1.0, late, 0, [sample(*each) for each in people]))
        await trio.sleep(1)


async def news(page: Page) -> list[dict[str, Any]]:
    """Take what the page was told of how calls are."""
    await trio.testing.wait_all_tasks_blocked()
    told = [event for event in await page.all() if event["type"] in TOLD]
    page.events.clear()
    return told


async def three(house: House) -> list[Page]:
    return [house.live(await house.join(name)) for name in ("Ada", "Bob", "Eve")]


async def test_everyone_is_told_whose_link_is_slow_and_when_it_is_over(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob, eve = await three(house)
        await pass_time(house, 6, (ada, 1, 0.0), (bob, 2, 0.0), (eve, 3, 0.0))
        for page in (ada, bob, eve):
            told = await news(page)
            assert {(each["type"], each["participant"], each["level"]) for each in told} == {
                ("signal", each.me, 4) for each in (ada, bob, eve)
            }
        began = trio.current_time()
        await pass_time(house, 4, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
        for page in (ada, bob, eve):
            told = await news(page)
            (problem,) = [each for each in told if each["type"] == "problem"]
            assert (problem["kind"], problem["participant"], problem["direction"]) == ("network_slow", bob.me, "uplink")
            assert began <= problem["since"] <= began + 3
            assert problem["figures"]["loss"] > 0.05
            signals = [each for each in told if each["type"] == "signal"]
            assert {each["participant"] for each in signals} == {bob.me}
            assert signals[-1]["level"] == signals[-1]["uplink"] < 3
            assert signals[-1]["downlink"] == 4
        await pass_time(house, 12, (ada, 1, 0.0), (bob, 2, 0.0), (eve, 3, 0.0))
        told = await news(ada)
        (over,) = [each for each in told if each["type"] == "problem_over"]
        assert (over["kind"], over["participant"], over["direction"]) == ("network_slow", bob.me, "uplink")
        assert [each["level"] for each in told if each["type"] == "signal"][-1] == 4


async def test_who_comes_or_comes_back_is_told_how_it_is(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob, eve = await three(house)
        await pass_time(house, 8, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
        joe = await house.join("Joe")
        told = await news(joe)
        assert sorted(each["participant"] for each in told if each["type"] == "signal") == [ada.me, bob.me, eve.me]
        assert [each["participant"] for each in told if each["type"] == "problem"] == [bob.me]
        await news(ada)
        again = await house.resume(ada)
        assert len(await news(again)) == 4
        bob.send("leave")
        assert [(each["type"], each["participant"]) for each in await news(joe)] == [("problem_over", bob.me)]
        sam = await house.join("Sam")
        assert bob.me not in {each["participant"] for each in await news(sam)}


async def test_who_talks_while_muted_is_told_alone(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob = house.live(await house.join("Ada", microphone=False)), house.live(await house.join("Bob"))
        ada.send("report", **{**REPORT, "microphone": {"state": "off", "level": None}, "talking": True})
        await trio.sleep(1)
        assert [each["kind"] for each in await news(ada)] == ["talking_while_muted"]
        assert await news(bob) == []
        ada.send("update", microphone=True)
        await trio.sleep(4)
        assert [each["type"] for each in await news(ada)] == ["problem_over"]


async def test_a_covered_camera_is_told_to_everyone_until_there_is_light(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob = house.live(await house.join("Ada")), house.live(await house.join("Bob"))
        ada.send("report", **{**REPORT, "dark": True})
        await trio.sleep(0.6)
        for page in (ada, bob):
            (problem,) = await news(page)
            assert (problem["type"], problem["kind"], problem["participant"], problem["source"]) == (
                *("problem", "camera_dark"),
                *(ada.me, "camera"),
            )
        await trio.sleep(8)
        ada.send("report", **{**REPORT, "dark": True})
        await trio.sleep(8)
        assert await news(bob) == []
        ada.send("report", **REPORT)
        await trio.sleep(2)
        assert [(each["type"], each["kind"]) for each in await news(bob)] == [("problem_over", "camera_dark")]


async def test_a_camera_that_is_switched_off_is_not_dark_any_more(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob = house.live(await house.join("Ada")), house.live(await house.join("Bob"))
        ada.send("report", **{**REPORT, "dark": True})
        await trio.sleep(0.6)
        await news(bob)
        ada.send("update", camera=False)
        await trio.sleep(2)
        assert [(each["type"], each["kind"]) for each in await news(bob)] == [("problem_over", "camera_dark")]
        ada.send("update", camera=True)
        await trio.sleep(0.6)
        assert [each["type"] for each in await news(bob)] == ["problem"]
        # whose page says nothing any more is not known to be in the dark
        await trio.sleep(40)
        assert [each["type"] for each in await news(bob)] == ["problem_over"]


async def test_a_microphone_that_its_page_says_gives_nothing_is_told_at_the_next_tick(
    autojump_clock: MockClock,
) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob = house.live(await house.join("Ada")), house.live(await house.join("Bob"))
        await pass_time(house, 6, (ada, 1, 0.0), (bob, 2, 0.0))
        await news(bob)
        ada.send("report", **{**REPORT, "silent": True})
        await trio.sleep(0.6)
        assert [(each["kind"], each["participant"]) for each in await news(bob)] == [("microphone_silent", ada.me)]


async def test_a_worker_that_is_lost_is_nobodys_network(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob, eve = await three(house)
        people = ((ada, 1, 0.0), (bob, 2, 0.0), (eve, 3, 0.0))
        await pass_time(house, 6, *people)
        await news(ada)
        house.media.lose()
        ((problem),) = await news(ada)
        assert (problem["kind"], problem["participant"], problem["severity"]) == ("worker_lost", None, "severe")
        await trio.sleep(2)
        house.media.restore()
        await pass_time(house, 6, *people)
        assert [(each["type"], each["kind"]) for each in await news(ada)] == [("problem_over", "worker_lost")]


async def test_a_worker_that_is_late_is_ours(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob, _ = await three(house)
        await pass_time(house, 5, (ada, 1, 0.0), (bob, 2, 0.0))
        await news(ada)
        await pass_time(house, 5, (ada, 1, 0.4), (bob, 2, 0.3), late=0.6)
        told = [each for each in await news(ada) if each["type"] != "signal"]
        assert [(each["kind"], each["participant"]) for each in told] == [("server_overloaded", None)]


async def test_words_of_a_stay_that_is_over_are_refused(autojump_clock: MockClock) -> None:
    quality = Pipeline(trio.current_time)
    async with open_house(quality=quality) as house:
        ada, bob, _ = await three(house)
        await pass_time(house, 6, (ada, 17, 0.5), (bob, 2, 0.0))
        assert quality.statistics().judge.refused == 6
        assert {each["participant"] for each in await news(bob)} == {bob.me}


async def test_a_sink_that_is_stuck_changes_nothing_for_the_others(autojump_clock: MockClock) -> None:
    quality = Pipeline(trio.current_time)
    taken: list[QualityEvent] = []

    async def stuck(_: list[QualityEvent]) -> None:
        await trio.sleep_forever()

    async with open_house(quality=quality) as house:
        ada, bob, eve = await three(house)
        await trio.sleep(1)
        await quality.add(Sink[QualityEvent]("stuck", stuck))
        sink = Sink[QualityEvent]("webhooks", taken.extend)
        subscription = await quality.add(sink)
        await pass_time(house, 10, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
        assert [each["kind"] for each in await news(ada) if each["type"] == "problem"] == ["network_slow"]
        assert [event.name for event in taken if isinstance(event, Trouble)] == ["network_slow"]
        await quality.remove(sink, subscription)
        eve.send("leave")
        await trio.sleep(1)
        assert "left" not in {event.name for event in taken}


async def test_all_that_happens_is_told_to_whoever_subscribes(autojump_clock: MockClock) -> None:
    quality = Pipeline(trio.current_time)
    taken: list[QualityEvent] = []
    async with open_house(quality=quality) as house:
        await quality.add(Sink[QualityEvent]("webhooks", taken.extend))
        ada, bob, _ = await three(house)
        ada.send("update", microphone=False)
        house.media.attached[1].post(LegChanged("publish", "connected"))
        await pass_time(house, 3, (ada, 1, 0.0), (bob, 2, 0.0))
        house.media.sample("blue", Samples("worker:0", 1.0, 0.0, 0, [ParticipantSample(ada.me, 1, None, None)]))
        await trio.sleep(1)
        ada.send("leave")
        await trio.sleep(1)
        names = [event.name for event in taken if event.name != "signal"]
        assert names == [*["joined"] * 3, "updated", "unpublished", "unpublished", "left"]
        assert all(event.room == "blue" for event in taken)
        assert (taken[-1].participant, taken[-1].epoch) == (ada.me, 1)


async def test_a_bug_in_the_judge_is_survived_and_nobody_is_forgotten(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quality = Pipeline(trio.current_time)
    take = Judge.take

    def bug(self: Judge, said: Any, moment: Any) -> Any:
        if isinstance(said, Reported):
            raise RuntimeError("a bug")
        return take(self, said, moment)

    monkeypatch.setattr(Judge, "take", bug)
    async with open_house(quality=quality) as house:
        ada = house.live(await house.join("Ada"))
        ada.send("report", **REPORT)
        bob = house.live(await house.join("Bob"))
        eve = house.live(await house.join("Eve"))
        await pass_time(house, 8, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
        assert [each["participant"] for each in await news(eve) if each["type"] == "problem"] == [bob.me]
        statistics = quality.statistics()
        assert (statistics.judge.people, statistics.resyncs) == (3, 1)
    assert "a bug" in caplog.text


async def test_a_bug_in_one_room_costs_the_others_nothing(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quality = Pipeline(trio.current_time)

    def bug(_: QualityEvent) -> None:
        raise RuntimeError("a bug")

    async with open_house(quality=quality) as house:
        ada, bob, eve = await three(house)
        with quality.follow("blue", list, bug):
            await pass_time(house, 8, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
        assert [each["participant"] for each in await news(eve) if each["type"] == "problem"] == [bob.me]
    assert "a bug" in caplog.text


async def test_each_line_of_the_log_says_whose_it_is(autojump_clock: MockClock) -> None:
    async with open_house(quality=Pipeline(trio.current_time)) as house:
        ada, bob, eve = await three(house)
        with structlog.testing.capture_logs() as lines:
            await pass_time(house, 8, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
            await pass_time(house, 9, (ada, 1, 0.0), (bob, 2, 0.0), (eve, 3, 0.0))
        assert [line["event"] for line in lines] == ["network_slow", "network_ok"]
        for line in lines:
            assert (line["room"], line["participant"], line["epoch"], line["direction"]) == (
                "blue",
                bob.me,
                2,
                "uplink",
            )
        assert lines[1]["seconds"] > 5


async def test_a_trace_shows_what_became_of_whoever_is_followed(autojump_clock: MockClock) -> None:
    quality = Pipeline(trio.current_time)
    async with open_house(quality=quality) as house:
        ada, bob, eve = await three(house)
        with house.directory.tracer.follow(room="blue", participant=bob.me, count=1_000, seconds=60) as follow:
            added = Sink[QualityEvent]("webhooks", lambda _: None)
            subscription = await quality.add(added)
            await pass_time(house, 10, (ada, 1, 0.0), (bob, 2, 0.3), (eve, 3, 0.0))
            taken = follow.statistics().taken
            seen = [entry for entry in [await follow.next() for _ in range(taken)] if entry is not None]
            items = [entry.shown() for entry in seen if entry.kind == "item"]
            assert {each["participant"] for each in items} == {bob.me}
            names = [each["type"] for each in items]
            assert names.count("judge Sampled") == 10
            assert {f"{sink} network_slow" for sink in ("people", "log", "webhooks")} <= set(names)
            first = next(each for each in items if each["type"] == "judge Sampled")
            assert first["body"]["uplink"]["tracks"][0]["lost"] == 15
        await quality.remove(added, subscription)
        assert added.tap is None
        assert quality.events.tap is None


async def test_a_sink_that_was_added_is_seen_for_as_long_as_it_is_there(autojump_clock: MockClock) -> None:
    quality = Pipeline(trio.current_time)

    def stages() -> list[str]:
        return [each.name for each in quality.statistics().stages]

    added = Sink[QualityEvent]("webhooks", lambda _: None)

    def seen() -> bool:
        return added.tap is not None

    async with open_house(quality=quality) as house:
        await house.join("Ada")
        before = stages()
        subscription = await quality.add(added)
        assert stages() == [*before, "webhooks"]
        with house.directory.tracer.follow(room="blue", count=1, seconds=60):
            assert seen()
            await quality.remove(added, subscription)
            assert not seen()
        assert stages() == before
        with house.directory.tracer.follow(room="blue", count=1, seconds=60):
            assert not seen()
