"""The outbox on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from web.webhooks.errors import OutboxBroken, OutboxFull, OutboxUnusable
from web.webhooks.event import Event
from web.webhooks.outbox import Outbox
from web.webhooks.waiting import Numbered

ENDS = ["one", "two"]
LONG_AGO = -1.0


def numbered(number: int, kind: str = "participant_left", room: str = "blue", text: str = "") -> Numbered:
    return Numbered(number, f"msg_{number}", Event(kind, room, float(number), {"text": text}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "webhooks.sqlite3"


@pytest.fixture
def outbox(file: Path) -> Iterator[Outbox]:
    box = Outbox(file, 10, 1 << 20)
    box.open()
    yield box
    box.close()


def reopened(outbox: Outbox) -> Outbox:
    outbox.close()
    again = Outbox(outbox.file, 10, 1 << 20)
    again.open()
    return again


def test_what_was_written_is_there_after_a_restart_until_all_endpoints_have_it(outbox: Outbox) -> None:
    assert outbox.commit([numbered(1), numbered(2, room="red")], ENDS, [], LONG_AGO) == []
    again = reopened(outbox)
    assert again.load(ENDS) == [("one", 1, "blue"), ("two", 1, "blue"), ("one", 2, "red"), ("two", 2, "red")]
    assert again.last() == 2
    stored = again.read(1)
    assert stored is not None
    assert (stored.id, stored.type, stored.at) == ("msg_1", "participant_left", 1.0)
    assert stored.body == b'{"type":"participant_left","timestamp":"1970-01-01T00:00:01.000Z","data":{"text":""}}'
    again.commit([], ENDS, [("one", 1), ("two", 1), ("one", 2)], LONG_AGO)
    assert again.read(1) is None
    assert again.events == 1
    last = reopened(again)
    assert last.load(ENDS) == [("two", 2, "red")]
    last.commit([], ENDS, [("two", 2), ("two", 2), ("one", 99)], LONG_AGO)
    assert (last.events, last.bytes) == (0, 0)
    last.close()


def test_events_for_an_endpoint_that_is_no_more_are_forgotten(outbox: Outbox) -> None:
    outbox.commit([numbered(1)], ["one"], [], LONG_AGO)
    outbox.commit([numbered(2)], ENDS, [], LONG_AGO)
    assert outbox.load(["two", "three"]) == [("two", 2, "blue")]
    assert outbox.events == 1


def test_what_is_too_old_goes(outbox: Outbox) -> None:
    outbox.commit([numbered(1), numbered(2), numbered(3)], ENDS, [], LONG_AGO)
    assert outbox.commit([], ENDS, [], 2.5) == [(1, None), (2, None)]
    assert [number for _, number, _ in outbox.load(["one"])] == [3]


def test_over_the_bound_quality_goes_first_and_the_oldest_of_it(outbox: Outbox) -> None:
    kinds = ["participant_joined", "network_slow", "worker_lost", "network_ok"] * 3
    gone = outbox.commit([numbered(n, kind) for n, kind in enumerate(kinds, 1)], ENDS, [], LONG_AGO)
    assert gone == [(2, 0), (4, 0)]
    gone = outbox.commit([numbered(n) for n in range(13, 20)], ENDS, [], LONG_AGO)
    assert gone == [(6, 0), (8, 0), (10, 0), (12, 0), (3, 1), (7, 1), (11, 1)]
    gone = outbox.commit([numbered(20), numbered(21, "network_slow")], ENDS, [], LONG_AGO)
    assert gone == [(21, 0), (1, 2)], "and in the end the oldest of what is left"
    assert outbox.events == 10


def test_the_bytes_are_bounded_too(file: Path) -> None:
    box = Outbox(file, 1_000, 5_000)
    box.open()
    gone = box.commit([numbered(n, text="x" * 900) for n in range(1, 11)], ENDS, [], LONG_AGO)
    assert [number for number, _ in gone] == [1, 2, 3, 4, 5]
    assert box.bytes < 5_000
    box.close()


def test_the_file_is_for_its_owner_alone(outbox: Outbox) -> None:
    outbox.commit([numbered(1)], ENDS, [], LONG_AGO)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in outbox.file.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(outbox.file.parent.stat().st_mode) == 0o700


def test_two_servers_do_not_share_one(outbox: Outbox, file: Path) -> None:
    outbox.commit([numbered(1)], ENDS, [], LONG_AGO)
    with pytest.raises(OutboxUnusable, match="another server has the outbox"):
        Outbox(file, 10, 1 << 20).open()


def test_a_full_disk_takes_nothing_and_spoils_nothing(outbox: Outbox) -> None:
    outbox.commit([numbered(1)], ENDS, [], LONG_AGO)
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(OutboxFull, match="full"):
        outbox.commit([numbered(2), numbered(3, text="x" * 100_000)], ENDS, [("one", 1)], LONG_AGO)
    assert outbox.events == 1
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 2_000}")
    outbox.commit([numbered(2), numbered(3, text="x" * 100_000)], ENDS, [("one", 1)], LONG_AGO)
    assert [number for _, number, _ in outbox.load(["one"])] == [2, 3]


def test_what_is_no_database_is_said_and_can_be_set_aside(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(os.urandom(8_192))
    box = Outbox(file, 10, 1 << 20)
    with pytest.raises(OutboxBroken):
        box.open()
    aside = box.set_aside("broken")
    assert aside.exists()
    assert not file.exists()
    box.open()
    box.commit([numbered(1)], ENDS, [], LONG_AGO)
    box.close()


def test_a_database_that_is_damaged_is_said(outbox: Outbox, file: Path) -> None:
    outbox.commit([numbered(n, text="x" * 5_000) for n in range(1, 9)], ENDS, [], LONG_AGO)
    outbox.close()
    with file.open("r+b") as opened:
        opened.seek(4_096)
        opened.write(b"\xff" * 12_288)
    with pytest.raises(OutboxBroken):
        Outbox(file, 10, 1 << 20).open()


def test_one_of_a_later_release_is_not_touched(outbox: Outbox, file: Path) -> None:
    outbox.close()
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(OutboxBroken, match="version 2"):
        Outbox(file, 10, 1 << 20).open()


def test_a_directory_that_cannot_be_written_is_said() -> None:
    with pytest.raises(OutboxUnusable):  # not even by root
        Outbox(Path("/proc/self/webhooks.sqlite3"), 10, 1 << 20).open()


def test_a_directory_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(OutboxUnusable):
        Outbox(tmp_path / "state" / "webhooks.sqlite3", 10, 1 << 20).open()
