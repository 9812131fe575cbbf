"""What the worker's log says of a participant: whose the line is, in every one."""

from __future__ import annotations

import logging

import pytest

from media.messages import Leave
from media.worker.liveness import CONSENT_TIMEOUT
from tests.media.worker.in_memory import MemoryWorker, play


def test_every_line_about_a_participant_says_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "media.worker")

    async def scenario(worker: MemoryWorker) -> None:
        await worker.publisher("alice", {"0": "audio", "1": "video"})
        await worker.subscriber("bob")
        worker.tick(CONSENT_TIMEOUT + 1)
        worker.worker.handle(Leave("room", "alice", 1))

    play(scenario)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("media.worker")]
    assert {line.partition(" router=")[0] for line in said} == {"joined", "transport changed", "left"}
    for line in said:
        assert "router='room' participant=alice epoch=1" in line or "router='room' participant=bob epoch=1" in line
    assert {line.partition(" epoch=1")[2] for line in said} >= {
        *("", " leg=publish state=connected", " leg=subscribe state=connected")
    }
