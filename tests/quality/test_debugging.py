"""The failures of docs/debugging.md, each made by the command that stands there, and found by the tools that do.

A real server, three people without browsers, and no network but the loopback.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.network.relay import relaying
from tests.ports import free_port
from tests.processes import Server, running_server
from tests.quality.member import Member, joining
from web.cli import main
from web.operator.client import Client

pytestmark = [pytest.mark.process, pytest.mark.network]

#: Seconds in which it is found, on a machine that is busy.
PATIENCE = 20.0
DOCS = Path(__file__).parents[2] / "docs" / "debugging.md"


def word(type: str, **fields: object) -> Callable[[dict[str, Any]], bool]:
    return lambda said: said["type"] == type and fields.items() <= said.items()


class Tools:
    """What an operator types, and reads."""

    def __init__(self, server: Server, directory: Path) -> None:
        self._server = server
        self._directory = str(directory)
        self.typed: list[str] = []

    async def type(self, command: str) -> Result:
        """Run a command; what it simulates is noted."""
        words = command.split()
        if words[0] == "simulate":
            self.typed.append(words[1])
        where = ["--url", self._server.url] if words[0] == "why" else ["--runtime-dir", self._directory]
        return await asyncio.to_thread(CliRunner().invoke, main, [*words, *where], prog_name="chatroom")

    async def simulate(self, command: str) -> None:
        result = await self.type(f"simulate {command}")
        assert result.exit_code == 0, result.output

    async def metric(self, name: str) -> float:
        """Read a metric."""
        client = Client.find(None, None, Path(self._directory))

        def read() -> str:
            with client.open("GET", "/metrics", {}) as answer:
                return answer.read().decode()

        found = re.search(rf"^{re.escape(name)} (\S+)$", await asyncio.to_thread(read), re.MULTILINE)
        assert found, name
        return float(found[1])

    async def line(self, event: str, **fields: object) -> dict[str, Any]:
        """Wait for a line of the log."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for text in self._server.output().splitlines():
                    if not text.startswith("{"):
                        continue
                    line = json.loads(text)
                    if re.search(event, line["event"]) and fields.items() <= line.items():
                        return dict(line)
                await asyncio.sleep(0.1)


async def links(tools: Tools, ada: Member, bob: Member, eve: Member) -> None:
    """Three failures of media at once: each is its own person's."""
    await tools.simulate("mute blue ada --seconds 60")
    await tools.simulate("lose-packets blue bob --loss 0.3 --seconds 60")
    await tools.simulate("cap-downlink blue eve --kbits 150 --seconds 60")
    await eve.until(word("problem", kind="microphone_silent", participant=ada.id), PATIENCE)
    await ada.until(word("problem", kind="network_slow", participant=bob.id, direction="uplink"), PATIENCE)
    await eve.until(word("problem", kind="network_slow", participant=eve.id, direction="downlink"), PATIENCE)
    for person, kind in ((ada, "microphone_silent"), (bob, "network_slow"), (eve, "network_slow")):
        line = await tools.line(f"^{kind}$", participant=person.id)
        assert (line["room"], line["logger"]) == ("blue", "chatroom.quality")
        assert line["epoch"] > 0
    assert await tools.metric('chatroom_problems{kind="network_slow"}') >= 2
    assert await tools.metric('chatroom_problems{kind="microphone_silent"}') >= 1
    async with asyncio.timeout(PATIENCE):
        while True:  # a machine that is busy may answer late, and then that is what is said
            why = await tools.type("why blue ada bob")
            print(why.output)
            assert why.exit_code == 1
            if why.output.startswith("ada’s microphone is on, but their browser sends nothing of it."):
                break
    for command in ("mute blue ada", "lose-packets blue bob", "cap-downlink blue eve --kbits 0"):
        await tools.simulate(f"{command} --seconds 0")


async def the_rest(tools: Tools, ada: Member, bob: Member, eve: Member) -> None:
    await tools.simulate("stall blue ada --milliseconds 400")
    line = await tools.line(f"participant:{ada.id} held the loop")
    assert "in hold_the_loop" in line["event"]
    assert await tools.metric("chatroom_slow_steps_total") >= 1

    await tools.simulate("freeze-worker worker:0 --seconds 10")
    await tools.line("worker:0 is lost: it said nothing for 1 s")
    for person in (ada, eve):
        await person.until(word("media_lost"), PATIENCE)
        await person.until(word("media_restored"), PATIENCE)
    assert await tools.metric('chatroom_worker_restarts_total{worker="worker:0"}') >= 1

    await tools.simulate("drop-socket blue bob")
    await tools.line("^socket lost$", room="blue", participant=bob.id)
    await ada.until(lambda said: said["type"] == "participant_updated" and _reconnecting(said, bob), PATIENCE)
    assert await tools.metric('chatroom_sockets_closed_total{code="1006"}') == 1


def _reconnecting(said: dict[str, Any], person: Member) -> bool:
    return bool(said["participant"]["id"] == person.id and said["participant"]["connection"] == "reconnecting")


def test_each_is_found_by_what_the_page_says(tmp_path: Path) -> None:
    async def scenario(server: Server, port: int) -> list[str]:
        tools = Tools(server, tmp_path)
        names = ["ada", "bob", "eve"]
        async with relaying(names, ("127.0.0.1", port)) as lines, joining(server.url, "blue", lines) as people:
            three = [people[name] for name in names]
            for one in three:
                for other in three:
                    await one.until(word("signal", participant=other.id, uplink=4, downlink=4), PATIENCE)
            await links(tools, *three)
            await the_rest(tools, *three)
        return tools.typed

    port = free_port()
    options = ["--media-port", str(port), "--media-address", "127.0.0.1", "--operator-port", "0"]
    options += ["--runtime-dir", str(tmp_path), "--allow-simulate", "--log-format", "json"]
    with running_server(*options) as server:
        typed = asyncio.run(scenario(server, port))
    told = re.findall(r"^    chatroom simulate (\S+)", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(told) >= 6
    assert set(told) <= set(typed) | {"kill-worker"}
