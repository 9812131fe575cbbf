"""A real server, three people without browsers, and a relay that makes the uplink of one of them bad."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.network.conditions import CLEAR, parse
from tests.network.relay import relaying
from tests.ports import free_port
from tests.processes import running_server
from tests.quality.member import joining

pytestmark = [pytest.mark.process, pytest.mark.network]

#: Seconds in which it is told, on a machine that is busy; on one that is not, it takes two or three.
PATIENCE = 10.0


def word(type: str, **fields: object) -> Callable[[dict[str, Any]], bool]:
    """Whether a word has these fields."""
    return lambda said: said["type"] == type and fields.items() <= said.items()


def test_a_slow_uplink_is_told_to_everyone_as_that_persons_and_told_when_it_is_over() -> None:
    async def scenario(url: str, port: int) -> None:
        async with relaying(["ada", "bob", "eve"], ("127.0.0.1", port)) as lines, joining(url, "blue", lines) as people:
            bob = people["bob"]
            slow = {"kind": "network_slow", "participant": bob.id, "direction": "uplink"}
            for person in people.values():
                for other in people.values():
                    await person.until(word("signal", participant=other.id, uplink=4, downlink=4), 2 * PATIENCE)
            began = time.monotonic()
            lines["bob"].become(up=parse("30%"))
            for person in people.values():
                at, _ = await person.until(word("problem", **slow), PATIENCE)
                print(f"{person.name} is told after {at - began:.1f} s")
                assert (await person.until(word("signal", participant=bob.id, downlink=4), 1))[1]["level"] >= 1
            lines["bob"].become(up=CLEAR)
            for person in people.values():
                await person.until(word("problem_over", **slow), 2 * PATIENCE)
                blamed = {(said["kind"], said["participant"], said["direction"]) for _, said in person.troubles()}
                # the machine itself may be late, in which case that is said as well
                assert blamed - {("server_overloaded", None, None)} == {("network_slow", bob.id, "uplink")}

    port = free_port()
    with running_server("--media-port", str(port), "--media-address", "127.0.0.1") as server:
        asyncio.run(scenario(server.url, port))
