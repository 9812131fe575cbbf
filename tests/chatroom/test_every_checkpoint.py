"""Every story, torn at every checkpoint: of whoever lives in the room, stands at its door, or is the room itself."""

from __future__ import annotations

import functools

import pytest

from nurseries.testing.fixtures import EveryCheckpoint
from tests.chatroom.scenarios import STORIES, Story, chatting, play, publishing

PEOPLE = ["*/participant:p2", "*/participant:p2/legs"]
DOORS = ["greet:2", "greet:3"]
OWNERS = ["rooms/room:blue#1", "rooms"]

SEEDS = range(2)

#: Stories in which nobody knocks after Bob.
_TWO_DOORS = (publishing, chatting)

CASES = [
    pytest.param(story, victim, id=f"{story.__name__}-{victim}")
    for story in STORIES
    for victim in (*PEOPLE, *DOORS, *OWNERS)
    if not (victim == "greet:3" and story in _TWO_DOORS)
]


@pytest.mark.parametrize(("story", "victim"), CASES)
def test_whoever_is_cancelled_anywhere(every_checkpoint: EveryCheckpoint, story: Story, victim: str) -> None:
    scenario = functools.partial(play, story, legless=victim.endswith("/legs"))
    for seed in SEEDS:
        assert every_checkpoint.cancel(scenario, victim=victim, seed=seed, timeout=600) >= 1


@pytest.mark.parametrize(("story", "victim"), CASES)
def test_whoever_fails_anywhere(every_checkpoint: EveryCheckpoint, story: Story, victim: str) -> None:
    # A door that greets takes commands that are there already: it may have nothing to wait for.
    for seed in SEEDS:
        struck = every_checkpoint.fail(functools.partial(play, story), victim=victim, seed=seed, timeout=600)
        assert struck >= (0 if victim in DOORS else 1)
