"""What must be true of a house at rest, whatever happened in it."""

from __future__ import annotations

from typing import Any

import attrs
import trio.testing

from chatroom.log import RoomLog
from chatroom.room import Room
from chatroom.testing import Page
from nurseries.testing import tasks_in
from tests.chatroom.house import House

ROOMS = ("blue", "red")


async def verify(house: House, *, legless: bool = False, probe: bool = True) -> None:
    """Let everything come to rest, and raise AssertionError for whatever does not fit together.

    The log is paired, and presence is the log: for the room, for every page that is connected, for the media plane, for
    the tokens, and for the tasks. What the pages were told follows without a gap, or reading it fails. ``legless`` says
    that a stay may have lost its legs, as happens to nobody whose legs are not cancelled alone. With ``probe`` somebody
    tries the tokens of all that have left.
    """
    await trio.testing.wait_all_tasks_blocked()
    present: dict[int, str] = {}
    rooms: list[Room] = []
    for name in ROOMS:
        log, room = house.directory.log(name), house.directory.find(name)
        if log is not None:
            paired(log)
            present |= {record.epoch: record.id for record in log if record.left_at is None}
        if room is not None:
            rooms.append(room)
            _room(room)
    assert house.directory.statistics().participants == len(present)
    assert set(house.media.attached) == set(present), "the media plane has whoever is present"
    assert len(house.media.detached) == len(set(house.media.detached)), "nobody is detached twice"
    people = {task.name.rpartition("/participant:")[2] for task in tasks_in() if "/participant:" in task.name}
    assert {name for name in people if "/" not in name} == set(present.values()), "no task outlives its stay"
    legs = {f"{who}/legs" for who in present.values()}
    assert legless or {name for name in people if "/" in name} == legs
    speaking = {id(attendance.session) for room in rooms for attendance in room._attendances.values()}
    doors = {task.name for task in tasks_in()}
    for number, page in enumerate(house.pages, 1):
        await page.all()
        if page.session.closing is None:
            assert id(page.session) in speaking or f"greet:{number}" in doors, f"nobody listens to page {number}"
    for room in rooms:
        for attendance in room._attendances.values():
            if attendance.session.closing is None:
                (page,) = (page for page in house.pages if page.session is attendance.session)
                _connected(room, page, attendance.epoch)
    if probe:
        await _tokens(house, rooms)


def paired(log: RoomLog, *, over: bool = False) -> None:
    """Every epoch has one `joined`, and one `left` if its stay is over; ``over`` says that all are."""
    records, statistics = list(log), log.statistics()
    assert statistics.joined == statistics.left + statistics.present
    assert statistics.joined == len(records) + statistics.forgotten
    assert len({record.epoch for record in records}) == len({record.id for record in records}) == len(records)
    assert all((record.left_at is None) == (record.reason is None) for record in records)
    assert [record.epoch for record in records if record.left_at is None] == list(log.present)
    if over:
        assert statistics.present == 0, f"never left: {[record for record in records if record.left_at is None]}"


def ended(house: House) -> None:
    """Raise AssertionError where something is left of a house that is closed."""
    for name in ROOMS:
        log = house.directory.log(name)
        if log is not None:
            paired(log, over=True)
    assert not house.media.attached
    assert all(page.session.closing is not None for page in house.pages if page.me)


def snapshot(room: Room) -> dict[str, dict[str, Any]]:
    people = room.state.snapshot().participants
    return {person.id: {**attrs.asdict(person), "screens": list(person.screens)} for person in people}


def _room(room: Room) -> None:
    people = room.state.snapshot().participants
    assert tuple(person.epoch for person in people) == room.state.log.present
    states = {statistics.epoch: statistics.lease for statistics in room.attendances()}
    assert states == {person.epoch: person.connection for person in people}, "people are shown as their lease is"
    assert set(room._tokens) == {attendance.token for attendance in room._attendances.values()}
    assert room.occupied == bool(people), "nobody waits at the door for ever"


def _connected(room: Room, page: Page, epoch: int) -> None:
    """What a connected page knows is what there is; and of each epoch it was told once that it came, and went."""
    view = page.view
    assert view.people == snapshot(room)
    assert view.seq == room.statistics().seq
    kept = [attrs.asdict(message) for message in room.state.snapshot().messages]
    assert view.messages[-len(kept) :] == kept if kept else not view.messages
    assert len(view.came) == len(set(view.came))
    assert len(view.went) == len(dict(view.went))
    records = {record.epoch: record for record in room.state.log}
    assert records[epoch].id == page.me
    if view.snapshots == 1:  # it was told everything since it came, on whatever sockets
        assert view.came == sorted(other for other in records if other > epoch)
    for who, reason in view.went:
        assert [record.reason for record in records.values() if record.id == who] == [reason]


async def _tokens(house: House, rooms: list[Room]) -> None:
    """Whoever holds the token of an ended stay is refused."""
    valid = {token for room in rooms for token in room._tokens}
    for token in {page.token for page in house.pages if page.token} - valid:
        probe = house.connect()
        for name in ROOMS:
            probe.send("resume", ref=name, room=name, token=token, seq=1, microphone=True, camera=True)
        await trio.testing.wait_all_tasks_blocked()
        codes = [event["code"] for event in await probe.all()]
        assert len(codes) == len(ROOMS)
        assert set(codes) <= {"unknown_token", "removed"}
        probe.session.ended("tab_closed")
        house.pages.remove(probe)
