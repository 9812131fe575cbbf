from __future__ import annotations

import errno
import socket
import struct

import pytest

from media.worker.addresses import Announcement, candidates, local_addresses, usable
from media.worker.udp import PortInUseError, arrival, bind


def test_public_addresses_come_first_and_loopback_last() -> None:
    addresses = ["127.0.0.1", "fe80::1", "::1", "10.0.0.1", "8.8.8.8", "0.0.0.0", "2606:4700::1", "169.254.1.1"]
    assert usable(addresses) == ["8.8.8.8", "2606:4700::1", "10.0.0.1", "127.0.0.1"]


def test_this_machine_has_addresses() -> None:
    assert "127.0.0.1" in local_addresses()


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]:80", "2001:db8::1", 80),
        ("[2001:db8::1]", "2001:db8::1", None),
    ],
)
def test_announcements(text: str, address: str, port: int | None) -> None:
    assert Announcement.parse(text) == Announcement(address, port)


@pytest.mark.parametrize("text", ["", "example.org", "192.0.2.1:0", "192.0.2.1:70000", "192.0.2.1:x", "1.2.3.4:5:6"])
def test_bad_announcements(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Announcement.parse(text)


def test_candidates_fall_in_priority_and_tcp_comes_after_udp() -> None:
    written = candidates([("192.0.2.1", 10), ("2001:db8::1", 20)])
    assert [line.split()[4:] for line in written] == [
        ["192.0.2.1", "10", "typ", "host"],
        ["2001:db8::1", "20", "typ", "host"],
        ["192.0.2.1", "10", "typ", "host", "tcptype", "passive"],
        ["2001:db8::1", "20", "typ", "host", "tcptype", "passive"],
    ]
    assert [line.split()[2] for line in written] == ["udp", "udp", "tcp", "tcp"]
    priorities = [int(line.split()[3]) for line in written]
    assert priorities == sorted(set(priorities), reverse=True)
    assert max(priorities) < 1 << 31
    assert len({line.split()[0] for line in written}) == 4, "each is a foundation of its own"
    # RFC 6544: for TCP, the first three bits of the local preference are the direction, 4 for a passive candidate
    assert [priority >> 21 & 7 for priority in priorities[2:]] == [4, 4]


def test_all_addresses_have_the_same_port() -> None:
    port, sockets = bind(["127.0.0.1", "127.0.0.2"], 0, all_needed=True)
    try:
        assert [s.getsockname() for s in sockets] == [("127.0.0.1", port), ("127.0.0.2", port)]
    finally:
        for sock in sockets:
            sock.close()


def test_a_port_in_use_is_told_with_its_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"UDP port {port} is in use on 127.0.0.1"):
            bind(["127.0.0.2", "127.0.0.1"], port, all_needed=False)


def test_an_address_that_is_gone_is_left_out_unless_it_is_needed() -> None:
    _, sockets = bind(["198.51.100.7", "127.0.0.1"], 0, all_needed=False)
    assert [s.getsockname()[0] for s in sockets] == ["127.0.0.1"]
    sockets[0].close()
    for addresses, needed in ((["127.0.0.1", "198.51.100.7"], True), (["198.51.100.7"], False)):
        with pytest.raises(OSError, match="assign") as caught:
            bind(addresses, 0, all_needed=needed)
        assert caught.value.errno == errno.EADDRNOTAVAIL


def test_the_kernel_says_when_a_datagram_arrived() -> None:
    note = (socket.SOL_SOCKET, 35, struct.pack("@ll", 1_000, 250_000_000))
    assert arrival([note], 7.0, 1_000.5) == pytest.approx(6.75)
    assert arrival([], 7.0, 1_000.5) == 7.0
    # a wall clock that was set tells nothing
    assert arrival([note], 7.0, 999.0) == 7.0
    assert arrival([note], 7.0, 5_000.0) == 7.0


def test_sockets_ask_for_it() -> None:
    _, (sock,) = bind(["127.0.0.1"], 0, all_needed=True)
    with sock:
        assert sock.getsockopt(socket.SOL_SOCKET, 35) == 1
