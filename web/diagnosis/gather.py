"""Asking the room, the media plane and both pages for what a diagnosis rests on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Literal

import attrs
import trio

from chatroom.attendance import Attendance
from chatroom.directory import Directory
from chatroom.errors import UserError
from chatroom.log import Record
from chatroom.media import MediaUnavailable, Source
from chatroom.model import Participant
from chatroom.room import Room
from media.statistics import MediaStatistics
from web.diagnosis.evidence import Evidence, Flow, Kind, Side, WorkerState, source_of
from web.diagnosis.findings import Diagnosis, HopFound, Verdict, Whose
from web.diagnosis.verdict import diagnose

#: Asks the room's worker what flows to and from a participant. Raises MediaUnavailable.
Figures = Callable[[str, str], Awaitable[MediaStatistics]]

#: Seconds between two looks at what flows, for which a worker is waited, and for which pages are.
BETWEEN = 1.0
WORKER_PATIENCE = 0.6
PAGE_PATIENCE = 1.2

_REASONS = {
    "left": "left",
    "tab_closed": "closed the page, or its tab died",
    "connection_lost": "was not heard of any more: the tab or the computer stopped, or the network was gone",
    "kicked": "was removed",
    "replaced": "was replaced by another of their tabs",
    "room_closed": "left when the room was closed",
    "server_stopping": "left when the server stopped",
    "failed": "was lost by a fault of the server, which is in its log",
}


class NobodyHere(LookupError):
    """There is no such room, or nobody of that name in it. The message says which."""


class Ambiguous(LookupError):
    """More than one person in the room has that name. The message says so."""


@attrs.frozen
class _Looked:
    """What flows to and from both, at one time."""

    at: float
    sender: MediaStatistics
    receiver: MediaStatistics


async def search(
    directory: Directory, figures: Figures | None, room: str, sender: str, receiver: str, kind: Kind
) -> Diagnosis:
    """Say why ``receiver`` does not hear or see ``sender``; both by their names or ids. Takes a second and a half.

    Raises NobodyHere, Ambiguous, and UserError for two names of one person.
    """
    found = directory.find(room)
    log = directory.log(room)
    if found is None:
        raise NobodyHere(f"There is no room {room!r} just now.")
    records = [] if log is None else list(log)
    one, other = (_find(found, records, name) for name in (sender, receiver))
    if one is other:
        raise UserError("same_person", "“from” and “to” are the same person.")
    if isinstance(one, Record):
        return _gone(one, "from", kind, one.name, receiver)
    if isinstance(other, Record):
        return _gone(other, "to", kind, one.join.name, other.name)
    return diagnose(await _gather(found, figures, one, other, kind))


async def _gather(room: Room, figures: Figures | None, one: Attendance, other: Attendance, kind: Kind) -> Evidence:
    looks: list[_Looked] = []
    state: WorkerState = "up"

    async def look_twice() -> None:
        nonlocal state
        for number in range(2):
            if number:
                await trio.sleep(BETWEEN)
            looked = await _look(figures, room.name, one, other)
            if not isinstance(looked, _Looked):
                state = looked
                return
            looks.append(looked)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look_twice)
        for each in (one, other):
            nursery.start_soon(each.ask_report, PAGE_PATIENCE)
    people = {person.id: person for person in room.participants}
    return _evidence(room, (one, other), people, kind, looks, state)


async def _look(
    figures: Figures | None, room: str, one: Attendance, other: Attendance
) -> _Looked | Literal["lost", "silent"]:
    """Ask the worker about both, at the same time."""
    if figures is None:
        return "lost"
    answers: dict[str, MediaStatistics] = {}
    lost = False

    async def ask(id: str) -> None:
        nonlocal lost
        try:
            answers[id] = await figures(room, id)
        except MediaUnavailable:
            lost = True

    with trio.move_on_after(WORKER_PATIENCE):
        async with trio.open_nursery() as nursery:
            for each in (one, other):
                nursery.start_soon(ask, each.id)
    if len(answers) == 2:
        return _Looked(trio.current_time(), answers[one.id], answers[other.id])
    return "lost" if lost else "silent"


def _evidence(
    room: Room,
    both: tuple[Attendance, Attendance],
    people: dict[str, Participant],
    kind: Kind,
    looks: list[_Looked],
    state: WorkerState,
) -> Evidence:
    now = trio.current_time()
    sender, receiver = (_side(each, people.get(each.id), now) for each in both)
    source = source_of(kind, sender.screens)
    legs = {each: stay.legs for each in people if (stay := room.find(each)) is not None}
    restored = [each.legs.restored_at for each in both if each.legs.restored_at is not None]
    flows = [_flow(look, sender.id, source) for look in looks]
    return Evidence(
        *(kind, source, sender, receiver, state),
        restored=now - max(restored) if restored else None,
        media_port=room.media.port_of(room.name),
        up=frozenset(each for each in legs if "connected" in legs[each].states.values()),
        trying=frozenset(each for each in legs if legs[each].states),
        slow_uplink=room.slow(sender.id, "uplink"),
        slow_downlink=room.slow(receiver.id, "downlink"),
        seconds=max(0.001, looks[-1].at - looks[0].at) if len(looks) > 1 else BETWEEN,
        before=flows[0] if state == "up" else Flow(),
        flow=flows[-1] if state == "up" else Flow(),
    )


def _flow(look: _Looked, sender: str, source: Source) -> Flow:
    return Flow(
        publish=next((each for each in look.sender.transports if each.leg == "publish"), None),
        producer=next((each for each in look.sender.producers if each.source == source), None),
        subscribe=next((each for each in look.receiver.transports if each.leg == "subscribe"), None),
        consumer=next((each for each in look.receiver.consumers if (each.of, each.source) == (sender, source)), None),
    )


def _side(attendance: Attendance, person: Participant | None, now: float) -> Side:
    if person is None:  # they left while we looked
        return Side(attendance.id, attendance.join.name, "reconnecting")
    return Side(
        *(person.id, person.name, person.connection, person.microphone, person.camera, person.screens),
        report=attendance.report,
        report_age=now - attendance.reported_at,
    )


def _find(room: Room, records: list[Record], name: str) -> Attendance | Record:
    """Find somebody by id or by name: who is here, or who was here last."""
    people = room.participants
    if (attendance := room.find(name)) is not None:
        return attendance
    named = [person for person in people if person.name == name] or [
        person for person in people if person.name.casefold() == name.casefold()
    ]
    if len(named) > 1:
        ids = ", ".join(person.id for person in named)
        raise Ambiguous(f"{len(named)} people in this room are called {name!r}: say which, by one of the ids {ids}.")
    if named and (attendance := room.find(named[0].id)) is not None:
        return attendance
    gone = [record for record in records if record.left_at is not None and name in (record.id, record.name)]
    if gone:
        return max(gone, key=lambda record: record.left_at or 0.0)
    there = ", ".join(person.name for person in people) or "nobody"
    raise NobodyHere(f"There is no {name!r} in this room; there is {there}.")


def _gone(record: Record, whose: Whose, kind: Kind, sender: str, receiver: str) -> Diagnosis:
    """What there is to say of somebody who has left."""
    assert record.left_at is not None
    assert record.reason is not None
    ago = max(0.0, time.time() - record.left_at)
    reason = _REASONS[record.reason]
    verdict = Verdict(
        "gone",
        whose,
        f"{record.name} is not in the room any more: {max(1, round(ago))} s ago they {reason}.",
        f"{record.name} opens the link to the room again.",
        certain=True,
    )
    hop = HopFound("sender" if whose == "from" else "receiver", f"{record.name} is there", "broken", record.reason)
    return Diagnosis(kind, sender, receiver, verdict, (hop,))
