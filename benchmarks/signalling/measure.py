"""What is measured at one server: each function starts one of its own, and returns figures by their names."""

from __future__ import annotations

import time
from math import inf
from pathlib import Path

from benchmarks.signalling.contenders import Contender, Process, running
from benchmarks.signalling.swarm import Member, Stalled, Swarm, Wrong
from chatroom.limits import Limits

Figures = dict[str, float]

#: Pages of the measurements with many rooms, and in one of those.
PAGES, IN_A_ROOM = 1_000, 10
ROOMS = [f"room-{number // IN_A_ROOM}" for number in range(PAGES)]
#: Receipts over which the cost of one is measured, and rounds before it in which code and buffers get warm.
RECEIPTS, WARM_UP = 40_000, 10
#: Seconds over which a server is watched that has nothing to do, the answers to pings excepted.
IDLE = 5.0
TEXT = "hi"

#: A page that will stop reading has room for so many bytes. It is written to until the kernel takes no more for it, of
#: which it takes megabytes where it is let, and then more than servers usually hold before they wait: 64 KiB.
RECEIVE_BUFFER = 4_096
FILL_ROUNDS, OVERFULL = 400, 96 * 1_024
#: Seconds that the others may wait for a message while one page does not read, until that is called a stall.
STALL = 3.0


def one_room(contender: Contender, pages: int) -> Figures:
    """Everyone in one room: joins, then what a message costs for each who receives it."""
    with running(contender) as server:
        swarm = Swarm(server.port)
        before = server.cpu()
        speaker, *_ = swarm.join(["one"] * pages)
        joined = server.cpu() - before
        rate = _idle_rate(server, swarm)
        cost, delays = _broadcasts(server, swarm, speaker, pages, rate)
        swarm.close()
    return {
        f"joins, a room of {pages}": pages / joined,
        f"receipt, {pages}": cost,
        f"p99, {pages}": percentile(delays, 0.99),
    }


def many_rooms(contender: Contender) -> Figures:
    """Many rooms with a few people each: joins, and the memory that they take."""
    with running(contender) as server:
        _visit(server.port)
        swarm = Swarm(server.port)
        memory, before = server.memory(), server.cpu()
        swarm.join(ROOMS)
        joined = server.cpu() - before
        swarm.idle(IDLE)
        memory = server.memory() - memory
        swarm.close()
    return {"joins, many rooms": PAGES / joined, "memory": memory / PAGES}


def idle(contender: Contender) -> Figures:
    """Seconds of CPU time in each second that many people take who say nothing; of ours, with its pings."""
    with running(contender, ping_after=Limits().ping_after) as server:
        swarm = Swarm(server.port)
        swarm.join(ROOMS)
        swarm.idle(IDLE)
        rate = _idle_rate(server, swarm)
        swarm.close()
    return {"idle": rate}


def one_stuck(contender: Contender, pages: int) -> Figures:
    """How long a message takes to all others when one page has stopped reading; infinite where they wait for it."""
    with running(contender) as server:
        swarm = Swarm(server.port)
        speaker, *_ = swarm.join(["one"] * pages)
        (stuck,) = swarm.join(["one"], receive_buffer=RECEIVE_BUFFER)
        rate = _idle_rate(server, swarm)
        swarm.stop_reading(stuck)
        try:
            _fill(server, swarm, speaker, stuck, pages, "x" * contender.longest)
            _, delays = _broadcasts(server, swarm, speaker, pages, rate, patience=STALL, receipts=RECEIPTS // 8)
            p99 = percentile(delays, 0.99)
        except Stalled:
            p99 = inf
        swarm.close()
    return {f"p99, {pages}, one stuck": p99}


def percentile(values: list[float], part: float) -> float:
    """The value below which that part of them lies."""
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def _idle_rate(server: Process, swarm: Swarm) -> float:
    """Seconds of CPU time that the server takes in a second for nobody's sake."""
    before, began = server.cpu(), time.monotonic()
    swarm.idle(IDLE)
    return (server.cpu() - before) / (time.monotonic() - began)


def _broadcasts(
    server: Process,
    swarm: Swarm,
    speaker: Member,
    receivers: int,
    rate: float,
    patience: float = 60.0,
    receipts: int = RECEIPTS,
) -> tuple[float, list[float]]:
    """Seconds of CPU time for each receipt, without what the server takes anyway, and the delays of receipts."""
    rounds = max(receipts // receivers, 1)
    for _ in range(WARM_UP):
        swarm.broadcast(speaker, TEXT, receivers, patience)
    delays: list[float] = []
    before, began = server.cpu(), time.monotonic()
    for _ in range(rounds):
        said = time.monotonic()
        delays += swarm.broadcast(speaker, TEXT, receivers, patience)
        # As long a pause: the server has caught up before the next one, and is half idle.
        swarm.idle(time.monotonic() - said)
    spent = server.cpu() - before - rate * (time.monotonic() - began)
    return spent / (rounds * receivers), delays


def _fill(server: Process, swarm: Swarm, speaker: Member, stuck: Member, receivers: int, text: str) -> None:
    """Write until the kernel takes no more for the page that does not read, and a little longer. Raises Wrong."""
    held, over = 0, 0
    for _ in range(FILL_ROUNDS):
        swarm.broadcast(speaker, text, receivers, STALL)
        before, held = held, _queued(server.port, stuck)
        over = over + len(text) if held == before else 0
        if over > OVERFULL:
            return
    raise Wrong("the kernel took ever more for a page that does not read")


def _queued(port: int, member: Member) -> int:
    """Bytes that the server's kernel holds for a page, or zero if their connection is gone."""
    wanted = (f"0100007F:{port:04X}", f"0100007F:{member.sock.getsockname()[1]:04X}")
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == wanted:
            return int(fields[4].partition(":")[0], 16)
    return 0


def _visit(port: int) -> None:
    """Come, talk and go: what is made once is made."""
    swarm = Swarm(port)
    speaker, *_ = swarm.join(["before"] * 2 * IN_A_ROOM)
    swarm.broadcast(speaker, TEXT, 2 * IN_A_ROOM)
    swarm.close()
    time.sleep(1.0)
