from __future__ import annotations

from nurseries import ChildSpec
from nurseries.life import Life
from tests.nurseries.script import Script


async def test_who_is_told_to_end_between_two_phases_begins_the_next_one_cancelled() -> None:
    life = Life(ChildSpec("a", Script()), "s/a")
    life.be_down()
    life.go()
    life.recalled = True
    life.tell("a neighbour failed")
    assert life.enter("starting").cancel_called
    assert (life.state, life.member.standing) == ("stopping", "recalled")


async def test_only_what_runs_is_shielded() -> None:
    life = Life(ChildSpec("a", Script()), "s/a")
    assert life.enter("starting").shield
    assert not life.enter("waiting").shield


async def test_only_the_first_time_it_is_told_counts_until_it_is_down() -> None:
    life = Life(ChildSpec("a", Script(), shutdown=2.0), "s/a")
    life.tell("a neighbour failed")
    end_by = life.end_by
    life.stop("the supervisor was asked to stop it")
    assert life.end_by == end_by
    assert life.member.standing == "leaving"
