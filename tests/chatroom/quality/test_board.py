"""Who is told what, and what those who come are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from chatroom.events import Problem, ProblemOver, Signal
from chatroom.problems import ProblemKind
from chatroom.quality.board import Board
from chatroom.quality.events import Signalled, Trouble


def trouble(kind: ProblemKind, who: str | None = "p1", *, over: bool = False, concerns: Sequence[str] = ()) -> Trouble:
    about: dict[str, Any] = {"room": "blue", "participant": who, "epoch": 1}
    return Trouble(**about, at=9.0, kind=kind, over=over, severity="mild", since=8.0, concerns=tuple(concerns))


def some(*ids: str) -> frozenset[str] | None:
    return frozenset(ids)


def test_bars_and_most_problems_are_for_everyone_and_for_those_who_come() -> None:
    board = Board()
    bars = Signalled(room="blue", at=9.0, participant="p1", epoch=1, level=2, uplink=2, downlink=4, since=9.0)
    assert board.apply(bars) == [(Signal("p1", 2, 2, 4, 9.0), None)]
    problem = Problem("camera_frozen", "p1", None, None, "mild", 8.0, (), {})
    assert board.apply(trouble("camera_frozen")) == [(problem, None)]
    assert board.of("anyone") == [Signal("p1", 2, 2, 4, 9.0), problem]
    assert board.apply(trouble("camera_frozen", over=True)) == [(ProblemOver("camera_frozen", "p1", None, None), None)]
    board.forget("p1")
    assert board.of("anyone") == []


def test_what_is_over_was_begun_or_nobody_hears_of_it() -> None:
    assert Board().apply(trouble("camera_frozen", over=True)) == []


def test_who_talks_while_muted_is_told_alone() -> None:
    board = Board()
    ((_, audience),) = board.apply(trouble("talking_while_muted"))
    assert audience == some("p1")
    assert len(board.of("p1")) == 1
    assert board.of("p2") == []
    ((_, audience),) = board.apply(trouble("talking_while_muted", over=True))
    assert audience == some("p1")


def test_who_is_not_heard_is_told_with_those_who_do_not_hear_and_who_hears_again_is_told_that() -> None:
    board = Board()
    ((_, audience),) = board.apply(trouble("cannot_be_heard", concerns=("p2", "p3")))
    assert audience == some("p1", "p2", "p3")
    (over, gone), (problem, audience) = board.apply(trouble("cannot_be_heard", concerns=("p3",)))
    assert (type(over), gone) == (ProblemOver, some("p2"))
    assert (type(problem), audience) == (Problem, some("p1", "p3"))
    assert [len(board.of(each)) for each in ("p1", "p2", "p3")] == [1, 0, 1]


def test_what_is_the_servers_is_nobodys() -> None:
    ((problem, audience),) = Board().apply(trouble("server_overloaded", None))
    assert isinstance(problem, Problem)
    assert (problem.participant, audience) == (None, None)


def test_whose_connection_is_slow_can_be_asked() -> None:
    board = Board()
    slow = attrs.evolve(trouble("network_slow"), direction="uplink")
    board.apply(slow)
    assert board.slow("p1", "uplink")
    assert not board.slow("p1", "downlink")
    assert not board.slow("p2", "uplink")
    board.apply(attrs.evolve(slow, over=True))
    assert not board.slow("p1", "uplink")
