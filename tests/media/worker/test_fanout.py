"""Both fan-outs, held to the same bytes."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.worker.aiortc_hooks import MAX_PACKET
from media.worker.counters import Counters
from media.worker.fanout import MAX_EXTENSIONS, Outgoing, PictureAt
from media.worker.ice import Address, Path
from media.worker.kernel.fanout import KernelRoute, pack_address
from media.worker.rtp import RtpPacket, pack_extensions
from media.worker.udp import UdpEndpoint
from tests.media.worker.fanout_rig import OWN, Rig, edges, expected, packets, rtp
from tests.media.worker.kernel import FANOUTS, kernel

RECEIVER = st.fixed_dictionaries(
    {
        "payload_type": edges(7),
        "ssrc": edges(32),
        "sequence_offset": edges(16),
        "timestamp_offset": edges(32),
        "picture_offset": edges(15),
        "tl0_offset": edges(8),
        "extensions": st.lists(st.tuples(st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=3).map(
            pack_extensions
        ),
    }
)


@pytest.fixture(params=FANOUTS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(request.param)
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def both() -> Iterator[list[Rig]]:
    rigs = [Rig(name) for name in FANOUTS]
    yield rigs
    for rig in rigs:
        rig.close()


def drops(counters: Counters) -> tuple[int, int, int]:
    return counters.sends_full, counters.sends_refused, counters.sends_unprotected


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packets(), st.lists(RECEIVER, min_size=1, max_size=3), st.sampled_from([b"", bytes(4), b"\x10\x1e\0\0"]))
def test_each_receiver_has_its_copy(
    both: list[Rig],
    sent: tuple[RtpPacket, PictureAt | None],
    receivers: list[dict[str, Any]],
    shared: bytes,
) -> None:
    packet, picture = sent
    tail = shared + packet.data[packet.payload_at :]
    if picture is not None:
        at, length, tl0 = picture
        picture = PictureAt(at and at + len(shared), length, tl0 and tl0 + len(shared))
    seen = []
    for rig in both:
        rig.renew()
        before = rig.counters.packets_sent
        outgoing = []
        for route, numbers in zip(rig.routes, receivers, strict=False):
            outgoing.append(rig.fanout.outgoing(route, 0, 0, b""))
            for name, value in numbers.items():
                setattr(outgoing[-1], name, value)
        rig.fanout.forward(packet, tail, outgoing, picture)
        datagrams = [rig.receive(n) for n in range(len(receivers))]
        for n, (datagram, numbers) in enumerate(zip(datagrams, receivers, strict=True)):
            assert rig.inbound[n].unprotect(datagram) == expected(packet, tail, picture, numbers)
        size = len(packet.data) - packet.payload_at
        assert [(out.packets, out.octets) for out in outgoing] == [(1, size)] * len(outgoing)
        assert rig.counters.packets_sent - before == len(receivers)
        seen.append(datagrams)
    assert seen[0] == seen[1], "not the same SRTP"


def counted(receivers: list[Outgoing]) -> list[tuple[int, int, int]]:
    return [(out.packets, out.octets, out.unsent) for out in receivers]


def test_numbers_wrap_around_on_the_way(rig: Rig) -> None:
    (first, *_) = rig.outgoing(sequence_offset=0xFFF0, timestamp_offset=0xFFFFFFFF)
    for n in range(40):
        rig.forward(rtp((65_530 + n) % 2**16, timestamp=n), [first])
        copy = rig.unprotect(0, rig.receive(0))
        assert (copy.sequence, copy.timestamp) == ((65_514 + n) % 2**16, (n - 1) % 2**32)
    assert first.packets == rig.counters.packets_sent == 40


def test_more_receivers_than_one_system_call_takes(rig: Rig) -> None:
    many = [rig.fanout.outgoing(rig.routes[0], 96, ssrc, OWN) for ssrc in range(100)]
    rig.forward(rtp(), many)
    assert [rig.unprotect(0, rig.receive(0)).ssrc for _ in many] == list(range(100))
    assert rig.counters.packets_sent == 100


def test_octets_are_those_of_the_datagrams(rig: Rig) -> None:
    receivers = rig.outgoing()
    for sequence, payload in enumerate((b"\x10", b"\x10" + bytes(700))):
        rig.forward(rtp(sequence, payload), receivers)
    datagrams = [rig.receive(n) for n in range(len(receivers)) for _ in range(2)]
    assert rig.counters.octets_sent == sum(map(len, datagrams))


def test_nobody_is_nothing(rig: Rig) -> None:
    rig.forward(rtp(), [])
    assert rig.counters == Counters()


def test_what_was_set_is_what_is_read(rig: Rig) -> None:
    (out, *_) = rig.outgoing(sequence_offset=65_535, timestamp_offset=2**32 - 1, picture_offset=2**15 - 1)
    assert (out.payload_type, out.ssrc) == (96, 1)
    assert (out.sequence_offset, out.timestamp_offset, out.picture_offset) == (65_535, 2**32 - 1, 2**15 - 1)
    assert out.extensions == OWN
    out.extensions = pack_extensions([(9, b"other")])
    rig.forward(rtp(), [out])
    assert rig.unprotect(0, rig.receive(0)).extensions() == {9: b"other"}


def test_too_many_extensions_are_refused() -> None:
    rig = Rig("kernel")
    (out, *_) = rig.outgoing()
    with pytest.raises(ValueError, match="too many"):
        out.extensions = bytes(MAX_EXTENSIONS + 4)
    out.extensions = bytes(MAX_EXTENSIONS)
    assert out.extensions == bytes(MAX_EXTENSIONS)
    rig.close()


def test_a_route_that_is_not_open_is_left_out(rig: Rig) -> None:
    outgoing = rig.outgoing()
    rig.routes[0].shut()
    rig.routes[1].close()
    rig.forward(rtp(), outgoing)
    assert rig.unprotect(2, rig.receive(2)).ssrc == 3
    assert rig.is_silent(0)
    assert rig.is_silent(1)
    assert drops(rig.counters) == (0, 0, 0)
    assert [out.packets for out in outgoing] == [0, 0, 1]
    rig.routes[0].open()
    rig.routes[1].open()
    rig.forward(rtp(8), outgoing)
    assert rig.unprotect(0, rig.receive(0)).sequence == 8
    assert rig.is_silent(1), "it has no keys any more"


def test_a_route_without_a_path_drops(rig: Rig) -> None:
    outgoing = rig.outgoing()
    path = rig.routes[1].path
    rig.routes[1].take(None)
    rig.forward(rtp(), outgoing)
    assert (rig.counters.packets_sent, drops(rig.counters)) == (2, (0, 1, 0))
    assert counted(outgoing) == [(1, 8, 0), (0, 0, 1), (1, 8, 0)]
    rig.routes[1].take(path)
    rig.forward(rtp(8), outgoing)
    assert rig.unprotect(1, rig.receive(1)).sequence == 8


def test_a_route_takes_another_path(rig: Rig) -> None:
    (out, *_) = rig.outgoing()
    rig.forward(rtp(), [out])
    rig.routes[0].take(Path(rig.endpoint, rig.sockets[1].getsockname()))
    rig.forward(rtp(8), [out])
    assert rig.unprotect(0, rig.receive(0)).sequence == 7
    assert rig.unprotect(0, rig.receive(1)).sequence == 8


def test_each_leaves_by_its_own_socket(rig: Rig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        endpoint = UdpEndpoint(other, lambda *_: None, rig.counters)
        rig.routes[1].take(Path(endpoint, rig.sockets[1].getsockname()))
        rig.forward(rtp(), rig.outgoing())
        for sock, left_by in zip(rig.sockets, (rig.socket, other, rig.socket), strict=True):
            sock.settimeout(5)
            assert sock.recvfrom(2_048)[1] == left_by.getsockname()
    assert rig.counters.packets_sent == 3


def test_what_has_no_way_there_costs_the_others_nothing(rig: Rig) -> None:
    outgoing = rig.outgoing()
    rig.routes[1].take(Path(rig.endpoint, ("192.0.2.1", 9)))  # not from a socket on loopback
    rig.forward(rtp(), outgoing)
    assert (rig.counters.packets_sent, drops(rig.counters)) == (2, (0, 1, 0))
    assert counted(outgoing) == [(1, 8, 0), (0, 0, 1), (1, 8, 0)]
    assert rig.unprotect(0, rig.receive(0)).ssrc == 1
    assert rig.unprotect(2, rig.receive(2)).ssrc == 3


def test_what_srtp_refuses_is_dropped(rig: Rig) -> None:
    outgoing = rig.outgoing()
    rig.forward(rtp(), outgoing[:2])
    rig.forward(rtp(), outgoing)  # nothing is protected twice
    assert (rig.counters.packets_sent, drops(rig.counters)) == (3, (0, 0, 2))
    assert counted(outgoing) == [(1, 8, 1), (1, 8, 1), (1, 8, 0)]


def test_what_is_too_long_is_dropped(rig: Rig) -> None:
    outgoing = rig.outgoing()
    room = MAX_PACKET - 12 - len(OWN)
    rig.forward(rtp(payload=bytes(room + 1)), outgoing)
    assert (rig.counters.packets_sent, drops(rig.counters)) == (0, (0, 0, 3))
    assert counted(outgoing) == [(0, 0, 1)] * 3
    rig.forward(rtp(payload=bytes(room)), outgoing)
    assert rig.unprotect(0, rig.receive(0)).data[-room:] == bytes(room)


def test_a_closed_socket_is_nobody_elses(rig: Rig) -> None:
    outgoing = rig.outgoing()
    number = rig.socket.fileno()
    rig.endpoint.close(cast("Any", _Loop()))
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    if other.fileno() != number:
        os.dup2(other.fileno(), number)
        other.close()
        other = socket.socket(fileno=number)
    with other:
        rig.forward(rtp(), outgoing)
    assert (rig.counters.packets_sent, drops(rig.counters)) == (0, (0, 3, 0))
    assert counted(outgoing) == [(0, 0, 1)] * 3
    assert all(rig.is_silent(n) for n in range(3))


def test_a_receiver_holds_all_it_needs(rig: Rig) -> None:
    outgoing = rig.outgoing()
    rig.routes.clear()  # and with them sessions, records and addresses, if nothing else holds them
    gc.collect()
    rig.forward(rtp(), outgoing)
    assert rig.unprotect(2, rig.receive(2)).ssrc == 3


def test_what_is_no_socket_of_ours_takes_its_copies_too(rig: Rig) -> None:
    stream = _Stream()
    outgoing = rig.outgoing()
    rig.routes[1].take(Path(stream, ("192.0.2.1", 9)))
    rig.forward(rtp(), outgoing)
    assert [rig.unprotect(1, datagram).extensions() for datagram in stream.sent] == [{4: b"0"}]
    assert rig.unprotect(2, rig.receive(2)).ssrc == 3
    assert (rig.counters.packets_sent, drops(rig.counters)) == (2, (0, 0, 0))
    stream.room = 1
    rig.forward(rtp(8), outgoing)
    assert counted(outgoing) == [(2, 16, 0), (1, 8, 1), (2, 16, 0)]


def test_a_full_buffer_drops_the_rest() -> None:
    # UDP on loopback is never full. A Unix socket is soon, and to sendmmsg it is the same.
    rig = Rig("kernel")
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        many: list[Outgoing] = []
        rig.endpoint.descriptor[0] = near.fileno()
        route = rig.routes[0]
        assert isinstance(route, KernelRoute)
        route.record.address_length = 0
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        many += [rig.fanout.outgoing(route, 96, ssrc, OWN) for ssrc in range(100)]
        rig.forward(rtp(payload=bytes(1_000)), many)
    assert 0 < rig.counters.packets_sent < 100
    assert rig.counters.packets_sent + rig.counters.sends_full == 100
    # in order: the first were taken
    went = [(1, 1_000, 0)] * rig.counters.packets_sent
    assert counted(many) == went + [(0, 0, 1)] * rig.counters.sends_full
    rig.close()


@pytest.mark.parametrize(
    ("error", "counted"),
    [(BlockingIOError(11, ""), (1, 0, 0)), (OSError(105, ""), (1, 0, 0)), (OSError(101, ""), (0, 1, 0))],
)
def test_the_endpoint_says_why_it_dropped(error: OSError, counted: tuple[int, int, int]) -> None:
    class Socket:
        def sendto(self, data: bytes, address: Address) -> None:
            raise error

        def getsockname(self) -> Address:
            return ("127.0.0.1", 1)

        def fileno(self) -> int:
            return 99

    counters = Counters()
    UdpEndpoint(cast("socket.socket", Socket()), lambda *_: None, counters).send(b"data", ("127.0.0.1", 1))
    assert drops(counters) == counted


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.7", 4_000)),
        (socket.AF_INET6, ("2001:db8::7", 4_000, 0, 0)),
        (socket.AF_INET6, ("fe80::7%lo", 4_000, 5, 1)),
    ],
)
def test_addresses_are_what_the_kernel_takes(family: int, address: Address) -> None:
    ffi = kernel().ffi
    packed = pack_address(address)
    assert len(packed) == (16 if family == socket.AF_INET else 28) <= ffi.sizeof("route_t")
    assert int(ffi.cast("uint16_t *", ffi.from_buffer(packed))[0]) == family
    assert packed[2:4] == (4_000).to_bytes(2)
    host = packed[4:8] if family == socket.AF_INET else packed[8:24]
    assert socket.inet_ntop(family, host) == address[0].partition("%")[0]
    if family == socket.AF_INET6:
        assert int.from_bytes(packed[4:8]) == address[2]
        assert int(ffi.cast("uint32_t *", ffi.from_buffer(packed))[6]) == address[3]


class _Stream:
    """An endpoint that is no UDP socket."""

    is_stream = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.room = 100

    def send(self, data: bytes, address: Address) -> bool:
        self.sent.append(data)
        return len(self.sent) <= self.room


class _Loop:
    def remove_reader(self, _: object) -> None:
        pass
