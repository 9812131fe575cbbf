"""What is wrong now, counted."""

from __future__ import annotations

from chatroom.problems import ProblemKind
from chatroom.quality.events import Trouble
from web.problems import Problems


def trouble(kind: ProblemKind, epoch: int, *, over: bool = False) -> Trouble:
    return Trouble(room="blue", at=0.0, epoch=epoch, kind=kind, over=over, severity="mild", since=0.0)


def test_what_began_and_is_not_over_is_counted_once() -> None:
    problems = Problems()
    problems.take([trouble("network_slow", 1), trouble("network_slow", 1), trouble("network_slow", 2)])
    problems.take([trouble("camera_frozen", 1), trouble("network_slow", 1, over=True)])
    problems.take([trouble("leg_lost", 3, over=True)])
    assert {kind: number for kind, number in problems.now().items() if number} == {
        "network_slow": 1,
        "camera_frozen": 1,
    }
    assert problems.began()["network_slow"] == 2
    assert problems.now()["leg_lost"] == 0
