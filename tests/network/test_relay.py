"""The relay with real sockets on loopback. What it decides is tested elsewhere; here is what it does then."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import attrs
import pytest

from tests.network.commands import BadCommand, carry_out
from tests.network.conditions import Conditions, parse
from tests.network.process import running_network
from tests.network.relay import Line, relaying
from tests.network.udp import MAX_FLOWS

PATIENCE = 5.0


@attrs.define(eq=False)
class Server:
    """Answers each packet with the port it came from and itself, and each stream with itself."""

    port: int = 0
    silent: bool = False

    def packet(self, sock: socket.socket) -> None:
        with suppress(OSError):
            data, source = sock.recvfrom(2_048)
            if not self.silent:
                sock.sendto(f"{source[1]} ".encode() + data, source)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.bind(("127.0.0.1", self.port))
            loop.add_reader(sock, self.packet, sock)
            try:
                yield self
            finally:
                loop.remove_reader(sock)
                server.close()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()


class Client(asyncio.DatagramProtocol):
    """Somebody's socket."""

    made: ClassVar[list[Client]] = []

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.made.append(self)

    @classmethod
    async def to(cls, port: int) -> Client:
        transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
            cls, remote_addr=("127.0.0.1", port)
        )
        client.transport = transport
        return client

    transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.came.put_nowait(data)

    async def ask(self, text: bytes) -> tuple[int, bytes]:
        """Send it, and return from which port it came to the server, and what came back."""
        self.transport.sendto(text)
        return await self.hears()

    async def hears(self) -> tuple[int, bytes]:
        async with asyncio.timeout(PATIENCE):
            port, _, text = (await self.came.get()).partition(b" ")
        return int(port), text


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


Story = Callable[[dict[str, Line], Server], Awaitable[None]]


def tell(story: Story, names: tuple[str, ...] = ("ada", "bob")) -> None:
    async def main() -> None:
        async with Server().running() as server, relaying(names, ("127.0.0.1", server.port), seed=5) as lines:
            try:
                await story(lines, server)
            finally:
                while Client.made:
                    Client.made.pop().transport.close()

    asyncio.run(main())


def test_packets_go_there_and_back_each_socket_by_a_way_of_its_own() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        clients = [await Client.to(lines["ada"].port) for _ in range(2)] + [await Client.to(lines["bob"].port)]
        ports = set()
        for number, client in enumerate(clients):
            port, text = await client.ask(b"%d" % number)
            assert text == b"%d" % number
            ports.add(port)
        assert len(ports) == 3
        assert not ports & {line.port for line in lines.values()}
        told = lines["ada"].statistics()
        assert (told.up.delivered, told.down.delivered, told.flows) == (2, 2, 2)

    tell(story)


def test_one_person_s_trouble_is_no_other_s() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        ada, bob = await Client.to(lines["ada"].port), await Client.to(lines["bob"].port)
        lines["ada"].cut()
        ada.transport.sendto(b"lost")
        assert (await bob.ask(b"here"))[1] == b"here"
        lines["ada"].mend()
        assert (await ada.ask(b"again"))[1] == b"again"
        assert ada.came.empty()
        assert lines["ada"].statistics().up.cut == 1

    tell(story)


def test_what_is_late_is_late_and_in_order() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        loop = asyncio.get_running_loop()
        lines["ada"].become(up=parse("40ms"), down=parse("40ms"))
        ada, began = await Client.to(lines["ada"].port), loop.time()
        for number in range(20):
            ada.transport.sendto(b"%d" % number)
        assert [(await ada.hears())[1] for _ in range(20)] == [b"%d" % number for number in range(20)]
        assert loop.time() - began >= 0.08

    tell(story)


def test_a_held_back_packet_is_overtaken() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        ada = await Client.to(lines["ada"].port)
        await ada.ask(b"hello")
        lines["ada"].become(up=Conditions(reordering=1.0, held_back=0.2))
        ada.transport.sendto(b"first")
        await until(lambda: lines["ada"].statistics().up.packets == 2)
        lines["ada"].become(up=Conditions())
        assert [(await ada.ask(b"second"))[1], (await ada.hears())[1]] == [b"second", b"first"]

    tell(story)


def test_a_move_is_to_another_port_and_what_is_sent_to_the_old_one_is_lost() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        ada = await Client.to(lines["ada"].port)
        before, _ = await ada.ask(b"here")
        server.silent = True
        ada.transport.sendto(b"unanswered")
        await until(lambda: lines["ada"].statistics().up.delivered == 2)
        lines["ada"].move()
        server.silent = False
        after, text = await ada.ask(b"there")
        assert text == b"there"
        assert after != before

    tell(story)


def test_udp_is_swallowed_and_tcp_goes_on() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        ada = await Client.to(lines["ada"].port)
        lines["ada"].block("udp")
        ada.transport.sendto(b"swallowed")
        reader, writer = await asyncio.open_connection("127.0.0.1", lines["ada"].port)
        writer.write(b"stream")
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(6) == b"stream"
        lines["ada"].block("udp", blocked=False)
        assert (await ada.ask(b"free"))[1] == b"free"
        told = lines["ada"].statistics()
        # the stream's and the last packet, each way
        assert (told.up.delivered, told.down.delivered) == (2, 2)
        writer.close()

    tell(story)


def test_a_stream_comes_whole_and_late_and_ends_when_it_ends() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        lines["ada"].become(up=parse("5%+5ms~5ms+20000kbit"), down=parse("20ms"))
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection("127.0.0.1", lines["ada"].port)
        began = loop.time()
        sent = bytes(range(256)) * 400
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == sent
        assert loop.time() - began >= 0.025
        told = lines["ada"].statistics()
        assert told.up.octets == told.down.octets == len(sent)
        writer.close()
        await until(lambda: not lines["ada"].statistics().connections)

    tell(story)


def test_a_cut_holds_a_stream_up_and_a_move_ends_it() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", lines["ada"].port)
        lines["ada"].cut()
        writer.write(b"1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.read(1)
        lines["ada"].mend()
        async with asyncio.timeout(PATIENCE):
            assert await reader.read(1) == b"1"
            lines["ada"].move()
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
        writer.close()

    tell(story)


def test_tcp_is_refused_where_it_is_blocked_or_nobody_listens() -> None:
    async def ends(line: Line) -> None:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
            with suppress(ConnectionResetError):
                assert await reader.read(1) == b""
            writer.close()

    async def story(lines: dict[str, Line], server: Server) -> None:
        lines["ada"].block("tcp")
        await ends(lines["ada"])
        async with relaying(["nobody"], ("127.0.0.1", 9)) as others:
            await ends(others["nobody"])
            nobody = await Client.to(others["nobody"].port)
            nobody.transport.sendto(b"unheard")
            nobody.transport.sendto(b"unheard")
            await until(lambda: others["nobody"].statistics().up.delivered == 2)

    tell(story)


def test_a_crowd_of_sockets_is_bounded() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        for _ in range(MAX_FLOWS + 1):
            client = await Client.to(lines["ada"].port)
            await client.ask(b"one of many")
        assert lines["ada"].statistics().flows == MAX_FLOWS

    tell(story)


def test_commands() -> None:
    async def story(lines: dict[str, Line], server: Server) -> None:
        ada, bob = lines["ada"], lines["bob"]
        carry_out("ada both 2%+50ms", lines)
        carry_out("everyone down 300kbit", lines)
        assert (ada.up.conditions, ada.down.conditions) == (parse("2%+50ms"), parse("300kbit"))
        assert (bob.up.conditions, bob.down.conditions) == (parse("clear"), parse("300kbit"))
        carry_out("ada cut", lines)
        assert (ada.up.is_cut, ada.down.is_cut, bob.up.is_cut) == (True, True, False)
        carry_out("ada mend", lines)
        carry_out("bob block udp", lines)
        assert (ada.up.is_cut, bob.udp.blocked) == (False, True)
        assert carry_out("everyone statistics", lines)["bob"]["flows"] == 0
        for wrong in ("", "eve cut", "ada", "ada jump", "ada up fast", "ada block icmp"):
            with pytest.raises(BadCommand):
                carry_out(wrong, lines)

    tell(story)


@pytest.mark.process
def test_a_process_says_its_ports_and_takes_commands() -> None:
    with running_network(["ada", "bob"], ("127.0.0.1", 9), seed=1) as network:
        assert list(network.ports) == ["ada", "bob"]
        assert network.tell("ada up 2%") == {}
        assert network.tell("ada statistics")["flows"] == 0
        with pytest.raises(ValueError, match="no command"):
            network.tell("ada jump")
