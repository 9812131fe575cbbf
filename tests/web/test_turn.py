"""What pages are told of a TURN server is what coturn takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from tests.ports import free_port
from tests.turn import Turn, running_turn
from web.settings import Settings, ice_servers

pytestmark = pytest.mark.process


@pytest.fixture
def turn(tmp_path: Path) -> Generator[Turn, None, None]:
    with running_turn(tmp_path, "127.0.0.1", free_port(), peers="127.0.0.1") as started:
        yield started


def test_a_credential_opens_relays_until_it_expires_and_no_other_does(turn: Turn) -> None:
    settings = Settings(ice_servers=(turn.url("udp"), turn.url("tcp")), turn_secret_file=turn.secret_file, turn_ttl=60)
    servers = ice_servers(settings)

    async def opens(at: float, transport: str, change: str = "") -> bool:
        (server,) = servers.for_participant("0123456789abcdef", at)
        assert server.username is not None
        try:
            relay, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                (turn.address, turn.port),
                server.username + change,
                server.credential,
                transport=transport,
            )
        except TransactionFailed as error:
            assert error.response.attributes["ERROR-CODE"][0] == 401
            return False
        relay.close()
        await asyncio.sleep(0.1)  # it says goodbye
        return True

    async def main() -> None:
        now = time.time()
        assert await opens(now, "udp")
        assert await opens(now, "tcp")
        assert not await opens(now - 61, "udp")
        assert not await opens(now, "udp", change="0")

    asyncio.run(main())
