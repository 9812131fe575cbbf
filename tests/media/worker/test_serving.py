"""What a worker says of whom it serves, where it outlives it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from OpenSSL import SSL

from media.messages import Join
from media.serving import SIZE, UNTOLD, mark, read
from media.worker.publish_leg import PublishLeg
from media.worker.subscribe_leg import SubscribeLeg
from media.worker.worker import Worker
from tests.media.worker.in_memory import MemoryWorker, play, refused
from tests.media.worker.test_hostile import gather


class Seen:
    """A cell that remembers what was written to it."""

    def __init__(self) -> None:
        self.value = 0
        self.written: set[int] = set()

    def __setitem__(self, index: int, value: int) -> None:
        assert index == 0
        self.value = value
        self.written.add(value)


def test_a_room_has_one_mark_which_is_not_that_of_another() -> None:
    assert mark("blue") == mark("blue")
    assert len({mark(name) for name in ("", "blue", "red", "\ud800")}) == 4
    assert 0 < mark("blue") < 1 << 8 * SIZE
    assert max(mark(str(number)) for number in range(100)) >> 8 * SIZE - 1, "all its octets are used"


def test_what_was_never_told_is_not_known() -> None:
    assert read(UNTOLD) is None
    assert read(bytes(SIZE)) == 0
    assert read(mark("blue").to_bytes(SIZE, sys.byteorder)) == mark("blue")


def test_packets_requests_and_ticks_are_served_for_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    during: dict[str, set[int]] = {}
    seen = Seen()

    def spy(cls: type, name: str) -> None:
        original = getattr(cls, name)

        def spied(*arguments: object) -> object:
            during.setdefault(name, set()).add(seen.value)
            return original(*arguments)

        monkeypatch.setattr(cls, name, spied)

    for cls, name in ((PublishLeg, "on_rtp"), (PublishLeg, "on_rtcp"), (SubscribeLeg, "on_rtcp"), (PublishLeg, "tick")):
        spy(cls, name)
    spy(Worker, "_carry_out")

    async def scenario(worker: MemoryWorker) -> None:
        worker.factory.serving = seen
        room = await gather(worker)
        room.bystanders_are_well()
        assert seen.value == 0, "it is at nobody's now"
        worker.worker.tick()
        assert seen.value == 0

    play(scenario)
    assert during["on_rtp"] == during["tick"] == {mark("room")}
    assert mark("room") in during["_carry_out"]


def test_handshakes_are_served_for_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go on in a task, after the datagram came."""
    during: set[int] = set()
    seen = Seen()
    write = SSL.Connection.bio_write

    def spied(connection: SSL.Connection, data: bytes) -> int:
        during.add(seen.value)
        return write(connection, data)

    monkeypatch.setattr(SSL.Connection, "bio_write", spied)

    async def scenario(worker: MemoryWorker) -> None:
        worker.factory.serving = seen
        await worker.publisher("alice", {"0": "audio"})
        assert seen.value == 0, "it waits for more"

    play(scenario)
    assert mark("room") in during


def test_a_request_that_fails_is_over_too() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.factory.serving = seen = Seen()
        with refused("invalid_request"):
            worker.worker.handle(Join("room", "no id", 1))
        assert (seen.value, seen.written) == (0, {0, mark("room")})

    play(scenario)


def test_it_outlives_the_process() -> None:
    memory = os.memfd_create("test")
    os.write(memory, UNTOLD)
    code = (
        "import os, signal, sys; from media.worker.process import share; cell = share(int(sys.argv[1]));"
        " assert cell[0] == 0; cell[0] = 7; os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(memory)], pass_fds=[memory], check=False)
    assert ended.returncode == -9
    assert read(os.pread(memory, SIZE, 0)) == 7
    os.close(memory)
