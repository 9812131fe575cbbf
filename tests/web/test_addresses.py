"""Where connections come from, who is believed about that, and how many may come from one place."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.limits import Limits
from tests.web import raw
from tests.web.page import page
from tests.web.raw import TEXT, frame
from tests.web.served import eventually, serving
from web import addresses
from web.addresses import HOPS, Addresses, networks, origin_of
from web.settings import Settings

TRUSTED = networks([*Settings().trusted_proxy, "10.0.0.0/8", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", [], "198.51.100.7"),
        ("fe80::1%eth0", [], "fe80::/64"),
        # this machine itself, and what is no IP address
        ("127.0.0.1", [], None),
        ("::1", [], None),
        ("::ffff:127.0.0.1", [], None),
        (None, [], None),
        ("", ["198.51.100.7"], None),
        ("@chatroom", [], None),
        # a proxy's word
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("::1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        ("10.1.2.3", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7, 10.0.0.1, 10.0.0.2"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7", "10.0.0.1,10.0.0.2"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("127.0.0.1", ["[2001:db8:1:2::9]:4711"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ["[2001:db8:1:2::9]"], "2001:db8:1:2::/64"),
        ("127.0.0.1", ['"[2001:db8:1:2::9]:1"'], "2001:db8:1:2::/64"),
        ("127.0.0.1", [" 198.51.100.7 "], "198.51.100.7"),
        # what a client invented stands before what the proxy saw
        ("127.0.0.1", ["203.0.113.5, 198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.5", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
        # nobody asked for that word
        ("198.51.100.7", ["203.0.113.5"], "198.51.100.7"),
        ("198.51.100.7", ["127.0.0.1"], "198.51.100.7"),
        # garbage: whoever is nearest and known
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [",,,"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2"),
        ("127.0.0.1", ["1.2.3.4.5"], "127.0.0.1"),
        ("127.0.0.1", ["[::1"], "::/64"),
        ("127.0.0.1", ["127.0.0.1"], "127.0.0.1"),
    ],
)
def test_where_a_connection_comes_from(peer: str | None, forwarded: list[str], origin: str | None) -> None:
    assert origin_of(peer, forwarded, TRUSTED) == origin


def test_no_header_is_read_for_ever() -> None:
    endless = ["198.51.100.7" + ", 10.0.0.1" * 5_000]
    assert origin_of("127.0.0.1", endless, TRUSTED) == "10.0.0.1"
    assert origin_of("127.0.0.1", ["198.51.100.7"] + ["10.0.0.1"] * (HOPS - 1), TRUSTED) == "198.51.100.7"
    assert origin_of("127.0.0.1", ["198.51.100.7"] + ["10.0.0.1"] * HOPS, TRUSTED) == "10.0.0.1"


@given(st.text(), st.lists(st.text(st.sampled_from('0123456789abcdef.:[]%," \x00é/-'))))
def test_nothing_that_a_header_says_is_an_error(peer: str, forwarded: list[str]) -> None:
    origin_of(peer, forwarded, TRUSTED)
    assert origin_of("198.51.100.7", forwarded, TRUSTED) == "198.51.100.7"
    assert origin_of("127.0.0.1", [*forwarded, "198.51.100.7"], TRUSTED) == "198.51.100.7"


def test_as_many_as_the_limit_says_and_none_is_remembered() -> None:
    counts = Addresses(2)
    assert [counts.enter("a"), counts.enter("a"), counts.enter("a"), counts.enter("b")] == [True, True, False, True]
    assert counts.enter(None)
    assert counts.statistics() == addresses.AddressStatistics(addresses=2, most=2, refused=1)
    counts.leave("a")
    assert counts.enter("a")
    for address in ("a", "a", "b", None):
        counts.leave(address)
    assert counts.statistics() == addresses.AddressStatistics(addresses=0, most=0, refused=1)


def test_the_log_has_a_word_now_and_then() -> None:
    counts = Addresses(1)
    assert [counts.worth_a_word("a", at) for at in (0, 1, 59, 60, 61)] == [True, False, False, True, False]
    for number in range(2 * addresses.REMEMBERED):
        assert counts.worth_a_word(str(number), 61)
    assert len(counts._told) == addresses.REMEMBERED


async def test_too_many_from_one_address_are_closed_at_once_with_words(caplog: pytest.LogCaptureFixture) -> None:
    header = b"X-Forwarded-For: 198.51.100.7"
    async with serving(Limits(connections_per_address=2)) as server, page(server.port, "Ada", room="red") as ada:
        async with await raw.connect(server.port) as one, await raw.connect(server.port) as two:
            for peer in (one, two):
                await peer.open(header)
            for _ in range(3):
                async with await raw.connect(server.port) as third:
                    await third.open(header)
                    await third.send(frame(TEXT, raw.JOIN))
                    opcode, payload = await third.frame()
                    assert (opcode, int.from_bytes(payload[:2], "big")) == (raw.CLOSE, 4005)
                    assert b"too many" in payload
                    await third.rest()
            assert server.node.statistics().sockets == 3
            async with await raw.connect(server.port) as other:
                await other.open(b"X-Forwarded-For: 198.51.100.8")
                await other.send(frame(TEXT, raw.JOIN))
                assert (await other.frame())[0] == TEXT
            await one.finish()
            async with await raw.connect(server.port) as again:
                await again.open(header)
                await again.send(frame(TEXT, raw.JOIN))
                assert (await again.frame())[0] == TEXT
        await ada.echo()
        await eventually(lambda: server.node.addresses.statistics().addresses == 0)
        assert server.node.addresses.statistics().refused == 3
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


async def test_this_machine_itself_is_not_counted() -> None:
    async with (
        serving(Limits(connections_per_address=1)) as server,
        page(server.port, "Ada") as ada,
        page(server.port, "Bob"),
    ):
        await ada.echo()
        assert server.node.addresses.statistics().addresses == 0
