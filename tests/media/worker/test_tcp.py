"""Passive ICE-TCP on real sockets, in front of an agent without a worker."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aioice import stun

from media.worker import tcp
from media.worker.counters import Counters
from media.worker.framing import Deframer, frame
from media.worker.ice import IceAgent, IceTransport
from media.worker.tcp import (
    HANDSHAKE_TIMEOUT,
    IDLE_TIMEOUT,
    LOOK_INTERVAL,
    MAX_UNPROVEN,
    MAX_UNSENT,
    TcpListener,
    TcpStatistics,
    listen,
)
from tests.media.worker.test_ice import check

pytestmark = pytest.mark.process


class Client:
    """A browser's end of a connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self._deframer = Deframer()
        self.packets: list[bytes] = []
        self.ended = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> None:
        while not self.ended:
            try:
                data = self.socket.recv(65_536)
            except BlockingIOError:
                return
            except ConnectionResetError:
                data = b""
            self.ended = not data
            self.packets += self._deframer.feed(data)


class Bench:
    def __init__(self) -> None:
        self.now = 100.0
        self.counters = Counters()
        self.agent = IceAgent(self.counters)
        self.data: list[bytes] = []
        self.transport: IceTransport = self.agent.create(lambda data, _: self.data.append(data), lambda _: None)
        sock = listen("127.0.0.1", 0)
        self.port: int = sock.getsockname()[1]
        self.listener = TcpListener([sock], self.agent, self.counters, lambda: self.now)
        self.listener.start(asyncio.get_running_loop())
        self.clients: list[Client] = []

    @property
    def statistics(self) -> TcpStatistics:
        return self.listener.statistics()

    @property
    def check(self) -> bytes:
        return frame(check(self.transport.credentials[-1], nominate=True))

    def connect(self) -> Client:
        client = Client(self.port)
        self.clients.append(client)
        return client

    async def known(self) -> Client:
        """Connect, and be answered."""
        client = self.connect()
        client.send(self.check)
        await self.until(lambda: len(client.packets) == 1)
        return client

    async def answered(self, client: Client) -> None:
        await self.until(lambda: client.packets)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.listener.tick(self.now)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                for client in self.clients:
                    client.read()
                await asyncio.sleep(0.001)


def play(scenario: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        bench = Bench()
        try:
            await scenario(bench)
        finally:
            bench.listener.close()
            for client in bench.clients:
                client.socket.close()
        assert bench.statistics.connections == 0
        assert bench.agent.size == (1, 0)

    asyncio.run(main())


def test_packets_go_both_ways_after_a_check() -> None:
    async def scenario(bench: Bench) -> None:
        client = await bench.known()
        response = stun.parse_message(client.packets[0])
        assert response.message_class == stun.Class.RESPONSE
        assert response.attributes["XOR-MAPPED-ADDRESS"] == client.socket.getsockname()
        assert response.check_message_integrity(bench.transport.credentials[0][1].encode())
        whole = frame(b"\x16dtls") + frame(b"\x80rtp")
        client.send(whole[:5])
        await asyncio.sleep(0)
        client.send(whole[5:])
        await bench.until(lambda: len(bench.data) == 2)
        assert bench.data == [b"\x16dtls", b"\x80rtp"]
        for number in range(5):
            bench.transport.send(b"\x80out%d" % number)
        await bench.until(lambda: len(client.packets) == 6)
        assert client.packets[1:] == [b"\x80out%d" % number for number in range(5)]
        assert bench.counters.octets_sent == sum(map(len, client.packets))
        assert bench.statistics == TcpStatistics(connections=1, proven=1, accepted=1)

    play(scenario)


def test_nothing_is_said_to_whoever_proves_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        client = bench.connect()
        client.send(frame(b"\x16dtls") + frame(b"") + frame(check(("nobody", "x"))) + frame(b"\x80rtp"))
        await bench.until(lambda: bench.counters.packets_dropped == 4)
        assert bench.statistics == TcpStatistics(connections=1, accepted=1)
        assert bench.agent.size == (1, 0)
        assert (bench.data, client.packets, bench.counters.packets_sent) == ([], [], 0)

    play(scenario)


@pytest.mark.parametrize(
    "sent",
    [
        frame(bytes(1_000)) * 5,
        b"GET / HTTP/1.1\r\nHost: chat.example.org\r\n\r\n",
        b"\xff\xff",
        frame(check(("nobody", "x"))) * (MAX_UNPROVEN // 60),
    ],
)
def test_whoever_says_too_much_or_what_is_no_packet_is_let_go(sent: bytes) -> None:
    async def scenario(bench: Bench) -> None:
        client = bench.connect()
        client.send(sent)
        await bench.until(lambda: client.ended)
        assert client.packets == []
        assert bench.statistics == TcpStatistics(accepted=1, broken=1)

    play(scenario)


def test_a_known_peer_may_say_more_but_not_what_is_no_packet() -> None:
    async def scenario(bench: Bench) -> None:
        client = await bench.known()
        for _ in range(20):
            client.send(frame(b"\x80" + bytes(1_000)))
        await bench.until(lambda: len(bench.data) == 20)
        client.send(b"\xff\xff")
        await bench.until(lambda: client.ended)
        assert bench.statistics == TcpStatistics(accepted=1, broken=1)
        assert bench.transport.selected is None

    play(scenario)


def test_whoever_is_silent_is_let_go() -> None:
    async def scenario(bench: Bench) -> None:
        silent, known = bench.connect(), await bench.known()
        await bench.until(lambda: bench.statistics.connections == 2)
        bench.tick(HANDSHAKE_TIMEOUT - 1)
        known.send(bench.check)
        await bench.until(lambda: len(known.packets) == 2)
        bench.tick(1)
        await bench.until(lambda: silent.ended)
        assert bench.statistics == TcpStatistics(connections=1, proven=1, accepted=2, timed_out=1)
        bench.tick(IDLE_TIMEOUT - 2)
        assert bench.statistics.connections == 1
        known.send(frame(b"\x04of nobody"))
        await bench.until(lambda: bench.counters.packets_dropped == 1)
        bench.tick(1)
        await bench.until(lambda: known.ended)
        assert bench.statistics.timed_out == 2

    play(scenario)


def test_a_transport_that_is_gone_keeps_no_connection() -> None:
    async def scenario(bench: Bench) -> None:
        client = await bench.known()
        transport, bench.transport = bench.transport, bench.agent.create(lambda *_: None, lambda _: None)
        bench.agent.remove(transport)
        transport.send(b"\x16goodbye")
        await bench.until(lambda: client.packets[1:] == [b"\x16goodbye"])
        client.send(frame(b"\x80still") * 10)
        await bench.until(lambda: bench.counters.packets_dropped == 10)
        bench.tick(IDLE_TIMEOUT)
        await bench.until(lambda: client.ended)

    play(scenario)


def test_too_many_give_way_as_long_as_they_have_proved_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 3)
        known = await bench.known()
        waiting = [bench.connect(), bench.connect()]
        await bench.until(lambda: bench.statistics.connections == 3)
        later = bench.connect()
        await bench.until(lambda: waiting[0].ended)
        assert bench.statistics == TcpStatistics(connections=3, proven=1, accepted=4, refused=1)
        for client in (waiting[1], later):
            client.send(bench.check)
            await bench.answered(client)
        refused = bench.connect()
        await bench.until(lambda: refused.ended)
        assert bench.statistics == TcpStatistics(connections=3, proven=3, accepted=4, refused=2)
        assert not known.ended

    play(scenario)


def test_one_address_does_not_take_the_places_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(tcp, "MAX_PER_ADDRESS", 2)
        known = await bench.known()
        first, second = bench.connect(), bench.connect()
        await bench.until(lambda: first.ended)
        assert bench.statistics == TcpStatistics(connections=2, proven=1, accepted=3, refused=1)
        second.socket.close()
        bench.clients.remove(second)
        await bench.until(lambda: bench.statistics.connections == 1)
        bench.connect()
        await bench.until(lambda: bench.statistics == TcpStatistics(2, proven=1, accepted=4, refused=1))
        assert not known.ended

    play(scenario)


def test_for_whoever_does_not_read_whole_packets_are_dropped_and_none_is_torn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(tcp, "NOT_SENT", 4_096)
        client = await bench.known()
        sent = [b"\x80" + number.to_bytes(4) * 250 for number in range(20_000)]
        for packet in sent:
            bench.transport.send(packet)
        assert bench.statistics.packets_dropped > 0
        assert 0 < bench.statistics.unsent <= MAX_UNSENT
        assert bench.counters.sends_full == bench.statistics.packets_dropped
        await bench.until(lambda: not bench.statistics.unsent)
        taken = len(sent) - bench.statistics.packets_dropped
        await bench.until(lambda: len(client.packets) == 1 + taken)
        assert client.packets[1:] == sent[:taken], "the newest were dropped, and none by half"
        bench.transport.send(b"\x80after")
        await bench.until(lambda: client.packets[-1] == b"\x80after")

    play(scenario)


def test_a_connection_that_is_reset_is_forgotten_and_what_goes_on_goes_another_way() -> None:
    async def scenario(bench: Bench) -> None:
        first, second = await bench.known(), await bench.known()
        assert bench.agent.size == (1, 2)
        bench.transport.send(b"\x80one")
        await bench.until(lambda: second.packets[1:] == [b"\x80one"])
        second.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        second.socket.close()
        bench.clients.remove(second)
        for _ in range(3):
            bench.transport.send(b"\x80lost")  # raises nothing
        await bench.until(lambda: bench.statistics.connections == 1)
        assert bench.agent.size == (1, 1)
        bench.transport.send(b"\x80two")
        await bench.until(lambda: first.packets[-1] == b"\x80two")

    play(scenario)


def test_without_descriptors_it_waits_for_better_times(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(bench: Bench) -> None:
        class Exhausted:
            """A listening socket of a process that has no descriptor left."""

            def __init__(self, sock: socket.socket) -> None:
                self.fileno, self.close, self._accept = sock.fileno, sock.close, sock.accept
                self.asked, self.exhausted = 0, True

            def accept(self) -> tuple[socket.socket, object]:
                self.asked += 1
                if self.exhausted:
                    raise OSError(errno.EMFILE, "Too many open files")
                return self._accept()

        sock = Exhausted(bench.listener._sockets[0])
        bench.listener._pause()
        bench.listener._sockets[0] = sock  # type: ignore[call-overload]
        bench.listener._resume()
        client = bench.connect()
        client.send(bench.check)
        await bench.until(lambda: sock.asked)
        for _ in range(20):
            await asyncio.sleep(0)
        assert sock.asked == 1, "it does not spin"
        sock.exhausted = False
        bench.tick(LOOK_INTERVAL)
        await bench.until(lambda: client.packets)
        assert "no connection can be accepted" in caplog.text

    with caplog.at_level(logging.WARNING):
        play(scenario)


def test_ipv6_addresses_are_counted_by_their_network() -> None:
    assert tcp._group(("192.0.2.1", 5)) == "192.0.2.1"
    assert tcp._group(("2001:db8::1", 5, 0, 0)) == tcp._group(("2001:db8::2", 9, 0, 0))
    assert tcp._group(("2001:db8::1", 5, 0, 0)) != tcp._group(("2001:db8:0:1::1", 5, 0, 0))
    assert tcp._group(("fe80::1%eth0", 5, 0, 2)) == "fe80::/64"
