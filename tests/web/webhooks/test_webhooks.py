"""Webhooks with a disk that is real and endpoints that are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock as Clock

from tests.web.webhooks.told import DONE, DOWN, Receiver, settings, telling
from web.webhooks import OutboxUnusable
from web.webhooks.backoff import Backoff
from web.webhooks.http import Answer
from web.webhooks.outbox import Outbox


async def test_events_come_in_order_and_rooms_go_side_by_side(tmp_path: Path, autojump_clock: Clock) -> None:
    receiver = Receiver(takes=0.2)
    async with telling(settings(tmp_path), one=receiver) as told:
        for n in range(40):
            told.post(n, room=f"room {n % 10}")
        await told.settle()
    assert len(receiver.has) == len(set(receiver.ids)) == 40
    assert receiver.most_at_once == 8
    for room in range(10):
        assert receiver.numbers(f"room {room}") == list(range(room, 40, 10))


async def test_a_dead_endpoint_does_not_hold_up_another(tmp_path: Path, autojump_clock: Clock) -> None:
    dead, alive = Receiver(lambda _: DOWN), Receiver()
    async with telling(settings(tmp_path, "dead", "alive"), dead=dead, alive=alive) as told:
        for n in range(30):
            told.post(n)
        await told.until(lambda now: now.endpoints[1].delivered == 30)
        assert alive.numbers("blue") == list(range(30))
        down, up = told.webhooks.statistics().endpoints
        assert (down.waiting, up.waiting, down.name) == (30, 0, "0:dead.example.org")
        dead.answer = lambda _: DONE
        await told.settle()
    assert dead.numbers("blue") == list(range(30))
    pauses = [b - a for (a, _), (b, _) in zip(dead.came, dead.came[1:], strict=False)]
    assert pauses[0] == pytest.approx(1, abs=0.1), "and it was not asked all the time"


async def test_what_was_not_told_is_told_after_the_next_start_with_the_same_id(
    tmp_path: Path, autojump_clock: Clock
) -> None:
    before, after = Receiver(lambda _: DOWN), Receiver()
    async with telling(settings(tmp_path), one=before) as told:
        for n in range(5):
            told.post(n)
        await told.until(lambda now: now.endpoints[0].failures > 0)
        told.post(5)  # written in the last moment
    assert before.has == []
    async with telling(settings(tmp_path), one=after) as told:
        told.post(6)
        await told.settle()
    assert after.numbers("blue") == list(range(7))
    assert set(before.ids) <= {"msg_1"} == {after.ids[0]}
    async with telling(settings(tmp_path), one=after) as told:
        await told.settle()
        assert told.webhooks.statistics().stored == 0
    assert len(after.has) == 7


async def test_what_is_refused_is_tried_again_and_only_its_room_waits(tmp_path: Path, autojump_clock: Clock) -> None:
    answers = iter([Answer("refused", "400"), Answer("refused", "400")])

    def answer(event: dict[str, Any]) -> Answer:
        return next(answers, DONE) if event["data"]["n"] == 0 else DONE

    receiver = Receiver(answer)
    async with telling(settings(tmp_path), one=receiver) as told:
        for n in range(4):
            told.post(n, room="blue" if n % 2 == 0 else "red")
        await told.settle()
    assert [event["data"]["n"] for event in receiver.has] == [1, 3, 0, 2]
    assert receiver.ids.count("msg_1") == 3


async def test_after_a_while_an_event_is_forgotten(tmp_path: Path, autojump_clock: Clock) -> None:
    dead = Receiver(lambda _: DOWN)
    async with telling(settings(tmp_path, max_age=200.0, backoff=Backoff(cap=10.0)), one=dead) as told:
        told.post(0)
        told.post(1)
        await trio.sleep(120)
        told.post(2)
        await told.until(lambda now: now.expired == 2)
        dead.answer = lambda _: DONE
        await told.settle()
    assert dead.numbers("blue") == [2]


async def test_only_what_is_asked_for_is_told(tmp_path: Path, autojump_clock: Clock) -> None:
    receiver = Receiver()
    async with telling(settings(tmp_path, events=("participant_left",)), one=receiver) as told:
        told.post(0, "participant_joined")
        told.post(1, "participant_left")
        await told.settle()
    assert receiver.numbers("blue") == [1]


async def test_over_the_bound_quality_goes_first_and_it_is_counted(tmp_path: Path, autojump_clock: Clock) -> None:
    receiver = Receiver(lambda _: DOWN)
    async with telling(settings(tmp_path, max_events=20), one=receiver) as told:
        for n in range(15):
            told.post(n, "network_slow", room=f"room {n}")
        await told.until(lambda now: now.stored == 15)
        for n in range(15, 30):
            told.post(n, "participant_left", room=f"room {n}")
        await told.until(lambda now: now.dropped == {"quality": 10, "server": 0, "presence": 0})
        receiver.answer = lambda _: DONE
        await told.settle()
    # The first was on its way as it was dropped.
    assert sorted(event["data"]["n"] for event in receiver.has)[-20:] == list(range(10, 30))


async def test_a_full_disk_is_said_once_holds_up_nobody_and_is_overcome(
    tmp_path: Path, autojump_clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver()
    async with telling(settings(tmp_path, max_waiting=50), one=receiver) as told:
        db = told.webhooks._outbox._db
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        for n in range(200):
            told.post(n, "participant_left" if n % 5 == 0 else "network_slow")
        await told.until(lambda now: not now.writing)
        await trio.sleep(20)
        statistics = told.webhooks.statistics()
        assert statistics.dropped == {"quality": 150, "server": 0, "presence": 0}
        assert len([record for record in caplog.records if "cannot be written" in record.getMessage()]) == 1
        db.execute("PRAGMA max_page_count = 4096")
        await told.until(lambda now: now.writing)
        await told.settle()
    assert [n for n in receiver.numbers("blue") if n % 5 == 0] == list(range(0, 200, 5))


def broken(directory: Path) -> list[Path]:
    return list(directory.glob("*.broken-*"))


@pytest.mark.parametrize("content", [b"this is no database" * 500, b""])
async def test_a_file_that_makes_no_sense_is_set_aside(tmp_path: Path, autojump_clock: Clock, content: bytes) -> None:
    (tmp_path / "webhooks.sqlite3").write_bytes(content)
    receiver = Receiver()
    async with telling(settings(tmp_path), one=receiver) as told:
        told.post(0)
        await told.settle()
    assert receiver.numbers("blue") == [0]
    assert len(broken(tmp_path)) == bool(content)


async def test_a_file_that_breaks_meanwhile_is_replaced(
    tmp_path: Path, autojump_clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = Receiver(lambda _: DOWN)
    async with telling(settings(tmp_path), one=receiver) as told:
        told.post(0)
        await told.until(lambda now: now.endpoints[0].failures > 0)
        outbox = told.webhooks._outbox
        outbox._db.execute("DROP TABLE pending")  # as good as any other damage
        told.post(1)
        await told.until(lambda now: now.lost == 1)
        receiver.answer = lambda _: DONE
        told.post(2)
        await told.settle()
    assert receiver.numbers("blue") == [1, 2]
    assert "begun anew" in caplog.text


async def test_without_an_outbox_there_is_no_start(tmp_path: Path, autojump_clock: Clock) -> None:
    outbox = Outbox(tmp_path / "webhooks.sqlite3", 10, 1 << 20)
    outbox.open()
    with pytest.RaisesGroup(OutboxUnusable):
        async with telling(settings(tmp_path), one=Receiver()):
            pass
    outbox.close()


async def test_a_bug_in_one_endpoint_leaves_the_others_and_the_events(tmp_path: Path, autojump_clock: Clock) -> None:
    bugs = iter([ValueError("a bug")])

    def answer(_: dict[str, Any]) -> Answer:
        for bug in bugs:
            raise bug
        return DONE

    buggy, fine = Receiver(answer), Receiver(takes=0.1)
    async with telling(settings(tmp_path, "buggy", "fine"), buggy=buggy, fine=fine) as told:
        for n in range(5):
            told.post(n)
        await told.settle()
    assert buggy.numbers("blue") == fine.numbers("blue") == list(range(5))


async def test_each_start_is_told_as_whoever_was_here_before_is_no_more(tmp_path: Path, autojump_clock: Clock) -> None:
    receiver = Receiver()
    for _ in range(2):
        async with telling(settings(tmp_path, events=("server_started",)), one=receiver) as told:
            await told.settle()
    assert [event["type"] for _, event in receiver.came] == ["server_started"] * 2


async def test_what_happens_in_the_last_moment_is_told_before_the_end(tmp_path: Path, autojump_clock: Clock) -> None:
    receiver = Receiver(takes=0.1)
    async with telling(settings(tmp_path), one=receiver) as told:
        for n in range(5):
            told.post(n)
    assert receiver.numbers("blue") == list(range(5))
    stuck = Receiver(takes=10.0)
    async with telling(settings(tmp_path), one=stuck) as told:
        told.post(5)
        before = trio.current_time()
    assert trio.current_time() - before == pytest.approx(1.0), "but nobody is waited for"
