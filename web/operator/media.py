"""What media workers do, as a tree: worker, room, person, and that person's connections and tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs
from quart import Blueprint, request

from chatroom.media import MediaUnavailable
from media.statistics import MediaStatistics
from web.node import Node

#: Rooms whose workers are asked at a time. An answer has at most `media.statistics.MAX_CONSUMERS` tracks that go out.
ROOMS = 20


class Workers(Protocol):
    """Implemented by `media.bridge.Bridge`."""

    def rooms(self) -> Mapping[str, Sequence[str]]: ...

    async def media_statistics(self, room: str, participant: str | None = None) -> MediaStatistics: ...


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("media", __name__)

    @routes.get("/api/media")
    async def media() -> dict[str, Any]:
        """Look at the rooms of a ``worker``, at one ``room``, or at the first there are."""
        wanted = {name: request.args.get(name, "").strip() for name in ("worker", "room")}
        if node.bridge is None:
            return {"workers": {}, "rooms": {}, "left_off": 0}
        names = {stay.id: stay.join.name for room in node.directory.rooms() for stay in room.present()}
        return await look(node.bridge, names, **wanted)

    return routes


async def look(workers: Workers, names: Mapping[str, str], worker: str = "", room: str = "") -> dict[str, Any]:
    """Ask the workers of the rooms that are wished for, one after the other. ``names`` are of participants, by id.

    A worker that does not answer for one room is asked for no other: each question has seconds.
    """
    found: dict[str, dict[str, Any]] = {}
    number: dict[str, int] = {}
    asked = left_off = 0
    for name, rooms in workers.rooms().items():
        if worker not in ("", name):
            continue
        of_worker = found.setdefault(name, {})
        number[name] = len(rooms)
        answers = True
        for each in rooms:
            if room not in ("", each):
                continue
            if asked >= ROOMS:
                left_off += 1
                continue
            asked += 1
            if answers:
                try:
                    of_worker[each] = people(await workers.media_statistics(each), names)
                    continue
                except MediaUnavailable:
                    answers = False
            of_worker[each] = "its worker does not answer"
    if room:
        found = {name: rooms for name, rooms in found.items() if rooms}
    return {"workers": found, "rooms": number, "left_off": left_off}


def people(statistics: MediaStatistics, names: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Say what flows in a room, person by person."""
    found: dict[str, dict[str, Any]] = {}

    def of(participant: str) -> dict[str, Any]:
        known = names.get(participant)
        return found.setdefault(participant if known is None else f"{known} ({participant})", {})

    for leg in statistics.transports:
        of(leg.participant)[leg.leg] = attrs.asdict(
            leg, filter=lambda field, _: field.name not in ("participant", "leg")
        )
    for track in statistics.producers:
        live = [layer for layer in track.layers if layer.live]
        of(track.participant)[f"sends {track.source}"] = {
            "codec": track.codec,
            "bitrate": round(sum(layer.bitrate for layer in live), 1),
            "layers": len(live),
            "lost": sum(layer.lost for layer in track.layers),
            "heard": track.heard,
        }
    for copy in statistics.consumers:
        sender = names.get(copy.of, copy.of)
        of(copy.participant)[f"gets {sender} {copy.source}"] = {
            "bitrate": copy.bitrate,
            "layer": copy.layer,
            "paused": copy.paused,
            "packets": copy.packets,
            "loss": copy.loss,
        }
    return found
