"""Redundant sound (RFC 2198): to those who take it as it comes, to the others its own block."""

from __future__ import annotations

import re

import pytest

from media.messages import Join, SpeakersChanged
from media.worker.forwarding import INTERVAL
from tests.media.worker.in_memory import MemoryWorker, play
from tests.media.worker.peer import RED_PAYLOAD_TYPE, Peer
from tests.media.worker.test_red import packed

#: As a publisher writes it, whose Opus has the number 109; and as everyone gets it.
SENT = packed([(109, 960, b"before")], (109, b"own"))
FORWARDED = packed([(111, 960, b"before")], (111, b"own"))


async def call(worker: MemoryWorker, *, red: bool = True) -> dict[str, Peer]:
    """Have alice speak to bob, who takes redundant sound, and to eve, who does not."""
    for participant in ("alice", "bob", "eve"):
        worker.worker.handle(Join("room", participant, 1, ["vp8"], red))
    peers = {name: worker.peer(name) for name in ("alice", "bob", "eve")}
    alice = peers["alice"]
    alice.red = peers["bob"].red = True
    answer = worker.publish("alice", alice.offer({"0": "audio"}), {"0": "audio"})
    numbers = "63 109" if red else "109"
    assert re.search(rf"m=audio 9 \S+ {numbers}\r\n", answer)
    assert ("a=rtpmap:63 red/48000/2\r\na=fmtp:63 109/109" in answer) is red
    await worker.connect(alice, answer)
    for name in ("bob", "eve"):
        offer = worker.offer(name)
        assert ("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111" in offer.sdp) is red
        worker.accept(offer, peers[name].answer(offer.sdp))
        await worker.connect(peers[name], offer.sdp)
    worker.tick(INTERVAL)
    return peers


def got(peer: Peer) -> list[tuple[int, bytes]]:
    taken = [(packet.payload_type, packet.data[packet.payload_at :]) for packet in peer.packets]
    peer.packets.clear()
    return taken


def test_each_gets_what_it_takes() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        peers = await call(worker)
        alice, bob, eve = peers.values()
        alice.send_frame("0", payload=SENT, payload_type=RED_PAYLOAD_TYPE)
        alice.send_frame("0", payload=b"plain")
        alice.send_frame("0", payload=b"\xed\0\0\xff cut off", payload_type=RED_PAYLOAD_TYPE)
        alice.send_frame("0", payload=SENT, payload_type=RED_PAYLOAD_TYPE)
        await worker.settle()
        steps = {
            peer.name: [p.sequence - peer.packets[0].sequence & 0xFFFF for p in peer.packets] for peer in (bob, eve)
        }
        assert steps == {"bob": [0, 1, 3], "eve": [0, 1, 3]}
        assert got(bob) == [(63, FORWARDED), (63, b"\x6fplain"), (63, FORWARDED)]
        assert got(eve) == [(111, b"own"), (111, b"plain"), (111, b"own")]

    play(scenario)


def test_padding_is_no_sound_and_stays_whole() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        peers = await call(worker)
        leg = worker.worker._routers["room"].participants["alice"].publish_leg
        assert leg is not None
        sent = peers["alice"].send_frame("0", payload=SENT, payload_type=RED_PAYLOAD_TYPE)
        probe = bytearray(sent.data[: sent.payload_at] + bytes(49) + b"\x32")
        probe[0] |= 0x20
        probe[3] = probe[3] + 1 & 0xFF
        assert leg.on_rtp(bytes(probe), worker.now)
        await worker.settle()
        for name in ("bob", "eve"):
            first, last = peers[name].packets
            assert last.sequence == first.sequence + 1
            assert last.padding
            assert last.data[last.payload_at :] == bytes(49) + b"\x32"

    play(scenario)


def test_who_speaks_is_read_from_it() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        peers = await call(worker)
        for _ in range(20):
            peers["alice"].send_frame("0", payload=SENT, payload_type=RED_PAYLOAD_TYPE, level=20)
            await worker.settle()
            worker.tick(0.02)
        told = [event for event in worker.events if isinstance(event, SpeakersChanged)]
        assert told[-1].speaking == ["alice"]

    play(scenario)


def test_a_slow_link_is_spared_it_and_gets_it_again() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        peers = await call(worker)
        alice, bob = peers["alice"], peers["bob"]
        leg = worker.worker._routers["room"].participants["bob"].subscribe_leg
        downlink = leg.forwarding.downlink

        async def speak() -> set[int]:
            for _ in range(100):
                alice.send_frame("0", payload=packed([(109, 960, bytes(80))], (109, bytes(80))), payload_type=63)
                await worker.settle()
                worker.tick(0.02)
            return {number for number, _ in got(bob)[50:]}

        assert await speak() == {63}
        downlink._heard, downlink.budget, look = True, 100_000.0, downlink.look
        downlink.look = lambda *_, **__: 100_000.0  # type: ignore[method-assign]
        assert await speak() == {111}
        downlink.look = lambda *_, **__: 1_000_000.0  # type: ignore[method-assign]
        assert await speak() == {63}
        downlink.look = look  # type: ignore[method-assign]

    play(scenario)


@pytest.mark.parametrize("blocks", ["109/110", "109", "", "0/0", "109/109/x"])
def test_redundancy_of_something_else_is_not_taken(blocks: str) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.worker.handle(Join("room", "alice", 1))
        alice = worker.peer("alice")
        alice.red = True
        offer = alice.offer({"0": "audio"}).replace("a=fmtp:63 109/109", f"a=fmtp:63 {blocks}")
        assert "red" not in worker.publish("alice", offer, {"0": "audio"})

    play(scenario)


def test_a_server_may_do_without() -> None:
    async def scenario(worker: MemoryWorker) -> None:
        peers = await call(worker, red=False)
        peers["alice"].send_frame("0", payload=b"plain")
        await worker.settle()
        assert got(peers["bob"]) == [(111, b"plain")]

    play(scenario)


@pytest.mark.parametrize(("offered", "answered"), [("usedtx=1", True), ("useinbandfec=1", False), ("usedtx=0", False)])
def test_silence_is_not_sent_where_the_page_offers_that(offered: str, answered: bool) -> None:
    async def scenario(worker: MemoryWorker) -> None:
        worker.worker.handle(Join("room", "alice", 1))
        alice = worker.peer("alice")
        offer = alice.offer({"0": "audio"}, extra=f"a=fmtp:109 {offered}\r\n")
        answer = worker.publish("alice", offer, {"0": "audio"})
        parameters = "minptime=10;useinbandfec=1" + (";usedtx=1" if answered else "")
        assert f"a=fmtp:109 {parameters}\r\n" in answer

    play(scenario)
