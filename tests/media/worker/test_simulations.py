"""Links that are made worse on purpose, in a worker in memory: what arrives meanwhile, and after."""

from __future__ import annotations

import pytest

from media.messages import Leave, Simulate
from media.simulation import LONGEST, Impaired
from media.worker.errors import RequestError
from media.worker.ice import Path
from media.worker.simulations import MOST, Simulations
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import Peer

BOTH = {"0": "audio", "1": "video"}


def simulate(worker: MemoryWorker, participant: str, what: Impaired, seconds: float = 10.0, **more: object) -> None:
    fields = {"router": "room", "participant": participant, "epoch": 1, "what": what, "seconds": seconds}
    worker.worker.handle(Simulate(**{**fields, **more}))  # type: ignore[arg-type]


def refusal(worker: MemoryWorker, participant: str, what: Impaired, **more: object) -> tuple[str, str]:
    """What is answered; without keeping the error, in whose traceback the worker is."""
    try:
        simulate(worker, participant, what, **more)  # type: ignore[arg-type]
    except RequestError as error:
        return error.code, error.message
    raise AssertionError("it was not refused")


async def call(worker: MemoryWorker) -> tuple[Peer, Peer]:
    worker.worker._simulations = Simulations()
    alice = await worker.publisher("alice", BOTH)
    bob, _ = await worker.subscriber("bob")
    alice.send_frame("1", key=True)
    alice.send_frame("0")
    assert len(bob.packets) == 2
    bob.packets.clear()
    return alice, bob


def arrived(alice: Peer, bob: Peer, mid: str = "0", frames: int = 100) -> int:
    """How many packets of a track come through."""
    bob.packets.clear()
    for _ in range(frames):
        alice.send_frame(mid)
    return len(bob.packets)


def test_a_microphone_that_is_silenced_is_not_heard_and_its_picture_is_seen() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        simulate(worker, "alice", "microphone", seconds=3.0)
        assert arrived(alice, bob, "0") == 0
        assert arrived(alice, bob, "1") == 100
        worker.tick(2.9)
        assert arrived(alice, bob, "0") == 0
        worker.tick(0.2)
        assert arrived(alice, bob, "0") == 100

    play(scenario)


@pytest.mark.parametrize(("what", "whose"), [("uplink", "alice"), ("downlink", "bob")])
def test_packets_are_lost_on_the_link_it_is_said_of(what: Impaired, whose: str) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        simulate(worker, whose, what, loss=0.3, seed=7)
        assert 50 < arrived(alice, bob) < 90
        simulate(worker, whose, what, loss=1.0)
        assert arrived(alice, bob) == 0
        assert worker.states(whose, "publish" if what == "uplink" else "subscribe")[-1] == "connected"
        simulate(worker, whose, what, seconds=0.0)
        assert arrived(alice, bob) == 100

    play(scenario)


def test_the_others_notice_nothing() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        carol, _ = await worker.subscriber("carol")
        simulate(worker, "bob", "downlink", loss=1.0)
        carol.packets.clear()
        assert arrived(alice, bob) == 0
        assert len(carol.packets) == 100

    play(scenario)


def test_a_downlink_that_is_capped_takes_no_more_than_that() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, bob = await call(worker)
        assert arrived(alice, bob, frames=1) == 1
        size = len(bob.packets[0].data)
        simulate(worker, "bob", "downlink", kbits=8)  # a thousand bytes a second
        come = 0
        for _ in range(50):
            worker.tick(0.1)
            come += arrived(alice, bob, frames=10)
        assert 3_000 < come * size < 9_500

    play(scenario)


def test_who_connects_anew_meanwhile_is_not_spared() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        alice, _ = await call(worker)
        simulate(worker, "bob", "downlink", loss=1.0)
        worker.restart("bob", fresh=True)
        offer = worker.offer("bob")
        again = worker.peer("bob again")
        worker.accept(offer, again.answer(offer.sdp))
        await worker.connect(again, offer.sdp)
        worker.tick()
        assert arrived(alice, again) == 0
        simulate(worker, "bob", "downlink", seconds=0.0)
        assert arrived(alice, again) == 100

    play(scenario)


def test_with_whoever_leaves_it_is_over() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await call(worker)
        simulate(worker, "bob", "downlink", loss=1.0)
        simulate(worker, "alice", "microphone")
        simulations = worker.worker._simulations
        assert simulations is not None
        assert len(simulations._running) == 2
        worker.worker.handle(Leave("room", "bob", 1))
        worker.worker.handle(Leave("room", "alice", 1))
        assert not simulations._running

    play(scenario)


@pytest.mark.parametrize(
    "more",
    [
        *({"seconds": seconds} for seconds in (-1.0, LONGEST + 1, float("nan"))),
        *({"loss": loss} for loss in (1.1, -0.1, float("nan"))),
        {"kbits": -1},
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, object]) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await call(worker)
        assert refusal(worker, "alice", "uplink", **more)[0] == "not_allowed"

    play(scenario)


def test_there_are_only_so_many() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.worker._simulations = Simulations()
        for number in range(MOST + 1):
            worker.join(f"p{number}")
        for number in range(MOST):
            simulate(worker, f"p{number}", "uplink", loss=0.5)
        assert "No more than 100" in refusal(worker, f"p{MOST}", "uplink", loss=0.5)[1]
        simulate(worker, "p0", "uplink", loss=0.1)

    play(scenario)


def test_a_worker_that_was_not_started_for_it_refuses() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.join("alice")
        code, words = refusal(worker, "alice", "uplink", loss=1.0)
        assert (code, "--allow-simulate" in words) == ("not_allowed", True)

    play(scenario)


def test_nothing_is_forwarded_on_a_path_that_is_not_proven_meanwhile_or_after() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        await call(worker)
        transport = worker.worker._routers["room"].participants["bob"].subscribe_leg.transport
        assert transport is not None
        route = transport.route
        taken: list[Path | None] = []
        proven = transport.path
        assert proven is not None
        transport._ice.proven.clear()
        transport._ice.selected = elsewhere = Path(proven.endpoint, ("192.0.2.77", 7))
        simulate(worker, "bob", "downlink", loss=0.0)
        taken.append(route.path)
        simulate(worker, "bob", "downlink", seconds=0.0)
        taken.append(route.path)
        simulate(worker, "bob", "downlink", loss=0.0)
        transport._ice.proven.add(elsewhere)
        transport._ice.selected = elsewhere
        assert route.path is not None
        simulate(worker, "bob", "downlink", seconds=0.0)
        taken.append(route.path)
        assert taken == [None, None, elsewhere]

    play(scenario)
