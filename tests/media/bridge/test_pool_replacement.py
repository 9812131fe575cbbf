"""When the next worker is started in the place of a lost one, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest
import trio

from media.bridge import MediaSettings
from media.bridge.member import CALM
from tests.media.bridge.fakes import FakeWorkers, running, settle
from tests.media.bridge.people import LOST, TWO, people, rooms, states

#: Seconds within which a worker is back that is started at once: there is a backoff before it.
AT_ONCE = 0.35
ONE = MediaSettings(port=10_000, spare=True)
ELSEWHERE = "media.example:9443"


async def test_where_the_spare_has_the_rooms_the_next_is_started_a_moment_later(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1") as those:
        for lost, spare in ((0, 2), (2, 0)):  # the next loss is like the first
            workers.at[lost].die()
            await trio.sleep(CALM - 0.1)
            assert workers.at[lost].ending, "nobody has come after it"
            assert states(bridge)[lost] == "down"
            await trio.sleep(0.2)
            assert states(bridge)[lost] == "spare"
            assert rooms(bridge)[spare] == 1
        assert those.told == {"a1": [*LOST, *LOST], "b1": []}
    assert caplog.text.count(f"another in {CALM:.2f} s") == 2


@pytest.mark.parametrize(
    ("settings", "lost"),
    [
        pytest.param(MediaSettings(port=10_000), [0], id="the only one"),
        pytest.param(MediaSettings(port=10_000, workers=2), [0], id="no spare"),
        pytest.param(TWO, [2], id="the spare"),
        pytest.param(TWO, [1], id="one without rooms"),
        pytest.param(TWO, [0, 2], id="the spare, too"),
        pytest.param(TWO, [0, 1], id="another, too"),
    ],
)
async def test_otherwise_it_is_started_at_once(
    settings: MediaSettings, lost: Sequence[int], autojump_clock: Any
) -> None:
    workers = FakeWorkers()
    async with running(workers, settings) as bridge, people(bridge, "a1"):
        for number in lost:
            workers.at[number].die()
        await trio.sleep(AT_ONCE)
        assert bridge.statistics().ready == settings.local


async def test_one_on_another_machine_is_back_at_once(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    settings = attrs.evolve(ONE, remotes=(ELSEWHERE,))
    async with running(workers, settings) as bridge, people(bridge) as those:
        await those.come("a1", "b1")
        workers.at[ELSEWHERE].die()
        await trio.sleep(AT_ONCE)
        assert rooms(bridge) == [1, 1, 0]
        assert bridge.statistics().ready == 3


@pytest.mark.parametrize("number", [1, 2])
async def test_it_waits_no_longer_when_another_is_lost(number: int, autojump_clock: Any) -> None:
    """Be it the one that was the spare."""
    workers = FakeWorkers()
    async with running(workers, TWO) as bridge, people(bridge, "a1", "b1"):
        workers.at[0].die()
        await trio.sleep(CALM / 2)
        workers.at[number].die()
        await settle()
        assert states(bridge)[0] == "up"
        await trio.sleep(AT_ONCE)
        assert bridge.statistics().ready == 3


async def test_it_waits_no_longer_when_a_room_needs_it(autojump_clock: Any) -> None:
    workers = FakeWorkers()
    async with running(workers, ONE) as bridge, people(bridge, "bad1") as those:
        async with people(bridge, "a1"):
            await trio.sleep(1)
            workers.at[0].busy_with = "bad"
            workers.at[0].die()
            await trio.sleep(AT_ONCE)
            assert rooms(bridge) == [1, 1], "from now on it is apart from others, which is what the next was for"
        workers.at[0].busy_with = 0
        workers.at[0].die()
        await trio.sleep(CALM / 2)
        assert (states(bridge), rooms(bridge)) == (["down", "up"], [0, 1])
        await those.come("b1")
        assert rooms(bridge) == [1, 1]
        assert those.told["b1"] == LOST
