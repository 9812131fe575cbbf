from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from chatroom.ice_servers import IceServer, IceServers, check_url
from tests.chatroom.house import open_house

STUN, TURN, TURNS = "stun:stun.example.org", "turn:turn.example.org:3478?transport=tcp", "turns:turn.example.org"


@pytest.mark.parametrize(
    "url",
    [
        STUN,
        TURN,
        TURNS,
        *("stuns:192.0.2.1:5349", "turn:[2001:db8::1]:3478", "turn:a?transport=udp", "stun:turn-1.example.org:1"),
    ],
)
def test_urls_of_servers(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "stun:",
            "turn.example.org",
            "https://turn.example.org",
            "stun://stun.example.org",
            "STUN:a b",
            "turn:a:0",
        ),
        *("turn:a:65536", "turn:a:٣", "turn:a:+1", "stun:a?transport=tcp", "turn:a?transport=tls", "turn:[nonsense]"),
        *("turn:[::1", "turn:user@a", "turn:a\n", "turn:a?x=y", "turn:2001:db8::1", "turn:-a", "turn:[1.2.3.4]"),
    ],
)
def test_what_a_browser_would_not_take(url: str) -> None:
    with pytest.raises(ValueError):
        check_url(url)


def test_a_turn_server_is_shown_when_the_credential_expires_and_whose_it_is() -> None:
    servers = IceServers((TURN, STUN, TURNS), b"s3cret", 3_600.0)
    stun, turn = servers.for_participant("p1", 1_790_000_000.9)
    assert stun == IceServer((STUN,))
    assert (turn.urls, turn.username) == ((TURN, TURNS), "1790003600:p1")
    # as coturn computes it
    digest = hmac.new(b"s3cret", b"1790003600:p1", hashlib.sha1).digest()
    assert turn.credential == base64.b64encode(digest).decode()


def test_without_servers_there_is_nothing_to_tell() -> None:
    assert IceServers().for_participant("p1", 1.0) == ()
    assert IceServers((STUN,)).for_participant("p1", 1.0) == (IceServer((STUN,)),)


@given(st.binary(min_size=1), st.text(), st.floats(0, 4e9))
def test_secrets_and_credentials_are_not_shown(secret: bytes, id: str, now: float) -> None:
    servers = IceServers((TURN,), secret)
    (turn,) = servers.for_participant(id, now)
    assert turn.credential
    assert "credential" not in repr(turn)
    assert "secret" not in repr(servers)


async def test_a_page_is_told_when_it_comes_and_anew_when_it_comes_back(autojump_clock: MockClock) -> None:
    async with open_house(ice_servers=IceServers((STUN, TURN), b"s3cret", 600.0)) as house:
        ada = house.knock("Ada")
        joined = await ada.next("joined")
        stun, turn = joined["ice_servers"]
        assert stun == {"urls": [STUN]}, "no null, which a browser takes for a name"
        assert (turn["urls"], turn["username"]) == ([TURN], f"600:{joined['you']}")
        await trio.sleep(3)
        again = await house.come_back(ada).next("resumed")
        assert again["ice_servers"][1]["username"] == f"603:{joined['you']}"
        assert again["ice_servers"][1]["credential"] != turn["credential"]


async def test_a_page_that_stays_is_told_new_ones_before_those_it_has_expire(autojump_clock: MockClock) -> None:
    async with open_house(ice_servers=IceServers((STUN, TURN), b"s3cret", 600.0)) as house:
        ada = house.live(await house.join("Ada"))
        for told in (450, 900):
            renewed = await ada.next("ice_servers")
            assert trio.current_time() == pytest.approx(told, abs=1)
            assert renewed["ice_servers"][1]["username"] == f"{told + 600}:{ada.me}"


async def test_where_nothing_expires_nothing_is_renewed(autojump_clock: MockClock) -> None:
    async with open_house(ice_servers=IceServers((STUN,), ttl=600.0)) as house:
        ada = house.live(await house.join("Ada"))
        await trio.sleep(4_000)
        assert "ice_servers" not in [event["type"] for event in ada.events]
