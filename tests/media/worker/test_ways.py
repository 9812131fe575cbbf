"""The ways to a worker: IPv4 and IPv6, UDP and TCP, and from one to another while media flows."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from media.messages import Offer, Publish, Restart
from media.worker import tcp
from media.worker.port import open_port
from media.worker.udp import PortInUseError
from tests.media.worker.harness import SOURCES, RunningWorker, ready_worker
from tests.media.worker.peer import Peer, Protocol

pytestmark = pytest.mark.process
BOTH = {"0": "audio", "1": "video"}


async def call(worker: RunningWorker) -> tuple[Peer, Peer, Offer]:
    """Have alice publish and bob receive."""
    alice = await worker.publisher("alice", BOTH)
    await worker.join("bob")
    bob, offer = await worker.subscriber("bob")
    await flows(alice, bob)
    return alice, bob, offer


async def flows(alice: Peer, bob: Peer) -> None:
    """Have packets go all the way, and a request of bob's to alice."""
    before = len(bob.packets)
    sent = [alice.send_frame("1", key=True), *(alice.send_frame("0") for _ in range(50))]
    await bob.until(lambda: len(bob.packets) >= before + len(sent))
    alice.rtcp.clear()
    bob.ask_keyframe(bob.packets[before].ssrc)
    await alice.until(lambda: alice.rtcp)


async def one_check(peer: Peer) -> None:
    """Check once, and be answered."""
    answers = peer.responses
    peer.send_check()
    await peer.until(lambda: peer.responses > answers)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_media_flows_by(host: str, protocol: Protocol) -> None:
    async def main() -> None:
        async with ready_worker("--port", "0", "--address", host) as worker:
            worker.host, worker.protocol = host, protocol
            await call(worker)
            statistics = await worker.statistics()
            assert statistics.tcp_proven == (2 if protocol == "tcp" else 0)
            assert statistics.tcp_packets_dropped == 0

    asyncio.run(main())


@pytest.mark.parametrize("ways", [("udp", "tcp"), ("tcp", "udp"), ("udp", "udp"), ("tcp", "tcp")])
def test_media_goes_on_after_one_check_by_another_way(ways: tuple[Protocol, Protocol]) -> None:
    """With the credentials it had, as a browser that has tried that way before."""

    async def main() -> None:
        async with ready_worker() as worker:
            worker.protocol, then = ways
            alice, bob, _ = await call(worker)
            for peer in (bob, alice):
                peer.stop_checking()
                await peer.move(then)
                await one_check(peer)
                await flows(alice, bob)
            assert (await worker.statistics()).tcp_proven == (2 if then == "tcp" else 0)

    asyncio.run(main())


@pytest.mark.parametrize("ways", [("udp", "tcp"), ("tcp", "udp")])
def test_an_ice_restart_goes_by_another_way(ways: tuple[Protocol, Protocol]) -> None:
    async def main() -> None:
        async with ready_worker() as worker:
            worker.protocol, then = ways
            alice, bob, _ = await call(worker)

            await worker.ask(Restart("room", "bob", 1, False))
            offer = await worker.offer("bob")
            bob.restart_ice()
            await bob.move(then)
            await worker.accept(bob, offer)
            bob.check(offer.sdp)
            await bob.until(lambda: bob.responses > 0)

            alice.restart_ice()
            await alice.move(then)
            named = {mid: SOURCES[kind] for mid, kind in BOTH.items()}
            reply = await worker.ask(Publish("room", "alice", 1, alice.offer(BOTH), named))
            alice.check(str(reply.result["sdp"]))
            await alice.until(lambda: alice.responses > 0)

            await flows(alice, bob)
            assert not [event for event in worker.events if getattr(event, "state", "") in ("failed", "closed")]

    asyncio.run(main())


def test_udp_and_tcp_have_the_same_number() -> None:
    port = open_port(["127.0.0.1", "::1"], 0, all_needed=True)
    try:
        assert {sock.getsockname()[1] for sock in (*port.udp, *port.tcp)} == {port.number}
        assert [sock.getsockname()[0] for sock in port.tcp] == port.addresses == ["127.0.0.1", "::1"]
    finally:
        port.close()


def test_a_number_that_is_taken_for_tcp_is_told_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        for _ in range(2):
            with pytest.raises(PortInUseError, match=f"^TCP port {number} is in use on 127.0.0.1$"):
                open_port(["::1", "127.0.0.1"], number, all_needed=True)


def test_another_number_is_chosen_where_one_is_taken_for_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def listen(address: str, number: int) -> socket.socket:
        tried.append(number)
        if len(tried) == 1:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return tcp_listen(address, number)

    tcp_listen = tcp.listen
    monkeypatch.setattr(tcp, "listen", listen)
    opened = open_port(["127.0.0.1"], 0, all_needed=True)
    opened.close()
    assert len(tried) == 2
    assert opened.number == tried[1]
