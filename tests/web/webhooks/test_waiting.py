"""Events on their way to the disk."""

from __future__ import annotations

from web.webhooks.event import Event
from web.webhooks.waiting import Numbered, Waiting


def numbered(number: int, type: str) -> Numbered:
    return Numbered(number, f"msg_{number}", Event(type, "blue", 0.0, {}))


def numbers(events: list[Numbered]) -> list[int]:
    return [each.number for each in events]


def test_all_come_out_in_order_and_what_is_put_back_comes_first() -> None:
    waiting = Waiting(10)
    for number, kind in enumerate(["room_started", "network_slow", "worker_lost", "participant_left", "network_ok"]):
        waiting.put(numbered(number, kind))
    taken = waiting.take(3)
    assert numbers(taken) == [0, 1, 2]
    waiting.put_back(taken)
    assert numbers(waiting.take(99)) == [0, 1, 2, 3, 4]
    assert waiting.take(1) == []


def test_when_it_is_full_quality_goes_first_and_who_came_and_went_last() -> None:
    waiting = Waiting(3)
    for number, kind in enumerate(
        ["participant_joined", "network_slow", "camera_frozen", "worker_lost", "participant_left", "room_ended"]
    ):
        waiting.put(numbered(number, kind))
    assert waiting.dropped == [2, 1, 0]
    waiting.put(numbered(6, "network_ok"))
    assert waiting.dropped == [3, 1, 0]
    waiting.put(numbered(7, "room_started"))
    assert waiting.dropped == [3, 1, 1]
    assert numbers(waiting.take(9)) == [4, 5, 7]
