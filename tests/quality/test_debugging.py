"""The failures of docs/debugging.md, each made by the command that stands there, and found by the tools that do.

A real server, three people without browsers, and no network but the loopback.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

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

    async def get(self, path: str) -> Any:
        """Ask the operator's listener."""
        return await asyncio.to_thread(Client.find(None, None, Path(self._directory)).get, path)

    async def why(self, who: str, begins: str) -> str:
        """Ask why, until the answer begins so: a busy machine may answer late, and then that is what is said."""
        async with asyncio.timeout(PATIENCE):
            while True:
                result = await self.type(f"why {who}")
                print(result.output)
                if result.exit_code == 1 and result.output.startswith(begins):
                    return result.output

    async def lines(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """The lines of the log about that."""
        written = [json.loads(text) for text in self._server.output().splitlines() if text.startswith("{")]
        return [line for line in written if re.search(event, line["event"]) and fields.items() <= line.items()]

    async def line(self, event: str, number: int = 1, **fields: object) -> dict[str, Any]:
        """Wait for the line of the log about that, or for the one of that number."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if len(found := await self.lines(event, **fields)) >= number:
                    return found[number - 1]
                await asyncio.sleep(0.1)

    async def told(self, name: str, person: Member, **fields: object) -> dict[str, Any]:
        """Wait for the line that says what is wrong with somebody, which has all that one filters by."""
        line = await self.line(f"^{name}$", 1, participant=person.id, **fields)
        assert (line["room"], line["logger"]) == ("blue", "chatroom.quality")
        assert line["epoch"] > 0
        return line


async def a_microphone(tools: Tools, ada: Member, bob: Member, eve: Member) -> None:
    await tools.simulate("mute blue ada --seconds 60")
    await eve.until(word("problem", kind="microphone_silent", participant=ada.id), PATIENCE)
    line = await tools.told("microphone_silent", ada)
    assert line["silent"] > 0
    assert await tools.metric('chatroom_problems{kind="microphone_silent"}') >= 1
    said = await tools.why("blue ada bob", "ada’s microphone is on, but their browser sends nothing of it.")
    assert re.search("✓ ada’s page publishes it +opus, in 1 size", said)
    assert re.search(r"✗ Packets of it come +0 packets a second, the last \d+\.\d s ago", said)
    await tools.simulate("mute blue ada --seconds 0")
    await tools.told("microphone_ok", ada)
    await eve.until(word("problem_over", kind="microphone_silent", participant=ada.id), PATIENCE)


async def two_links(tools: Tools, ada: Member, bob: Member, eve: Member) -> None:
    """Two failures of media at once: each is its own person's."""
    await tools.simulate("lose-packets blue bob --direction uplink --loss 0.3 --seconds 60")
    await tools.simulate("cap-downlink blue eve --kbits 150 --seconds 60")
    await ada.until(word("problem", kind="network_slow", participant=bob.id, direction="uplink"), PATIENCE)
    await eve.until(word("problem", kind="network_slow", participant=eve.id, direction="downlink"), PATIENCE)
    line = await tools.told("network_slow", bob, direction="uplink")
    assert line["loss"] > 0.1
    assert {"delay", "bitrate"} <= set(line)
    line = await tools.told("network_slow", eve, direction="downlink", paused=ANY)  # it is mild at first
    assert "bitrate" in line
    assert await tools.metric('chatroom_problems{kind="network_slow"}') >= 2
    said = await tools.why("blue ada eve --kind video", "eve’s connection ")
    assert re.search(r"takes (some )?\d+ kbit/s", said)
    for command in ("lose-packets blue bob", "cap-downlink blue eve --kbits 0"):
        await tools.simulate(f"{command} --seconds 0")


async def a_stall(tools: Tools, ada: Member) -> None:
    await tools.simulate("stall blue ada --milliseconds 400")
    line = await tools.line(f"participant:{ada.id} held the loop")
    assert "in hold_the_loop" in line["event"]
    assert await tools.metric("chatroom_slow_steps_total") >= 1
    (step,) = [each for each in (await tools.get("/api/timeline"))["timeline"] if "in hold_the_loop" in each["words"]]
    assert step["task"].endswith(f"/participant:{ada.id}")
    top = await tools.type("top --by cpu --once --every 0.5")
    assert top.exit_code == 0
    assert "serve/" in top.output


async def lost_workers(tools: Tools, people: list[Member]) -> None:
    """One that hangs, and one that ends by itself."""
    for number, (command, why) in enumerate(
        [
            ("freeze-worker worker:0 --seconds 10", "worker:0 is lost: it said nothing for 1 s; .* another in"),
            (
                "kill-worker worker:0",
                r"worker:0 is lost: its? (process is gone|closed the connection); it was killed by SIGKILL: another in",
            ),
        ],
        1,
    ):
        began = time.monotonic()
        await tools.simulate(command)
        await tools.line(why)
        for person in people:
            await person.until(word("media_lost"), PATIENCE, since=began)
            await person.until(word("media_restored"), PATIENCE, since=began)
        await tools.line("^worker_lost$", number, room="blue")
        assert (await tools.line("^worker_restored$", number, room="blue"))["seconds"] > 0
        assert await tools.metric('chatroom_worker_restarts_total{worker="worker:0"}') >= number
    assert not await tools.lines("^left$")


async def a_socket(tools: Tools, server: Server, ada: Member, bob: Member) -> None:
    await tools.simulate("drop-socket blue bob")
    lost = await tools.line("^socket lost$", room="blue", participant=bob.id)
    await ada.until(lambda said: said["type"] == "participant_updated" and _reconnecting(said, bob), PATIENCE)
    assert await tools.metric('chatroom_sockets_closed_total{code="1006"}') == 1
    async with bob.resumed(server.url, "blue"):
        resumed = await tools.line("^resumed$", room="blue", participant=bob.id)
        assert (resumed["epoch"], resumed["sockets"]) == (lost["epoch"], 2)
        assert not await tools.lines("^left$")


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
            await a_microphone(tools, *three)
            await two_links(tools, *three)
            await a_stall(tools, three[0])
            await lost_workers(tools, three)
            await a_socket(tools, server, three[0], three[1])
        return tools.typed

    port = free_port()
    options = ["--media-port", str(port), "--media-address", "127.0.0.1", "--operator-port", "0"]
    options += ["--runtime-dir", str(tmp_path), "--allow-simulate", "--log-format", "json"]
    with running_server(*options) as server:
        typed = asyncio.run(scenario(server, port))
    told = re.findall(r"^    chatroom simulate (\S+)", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(told) >= 6
    assert set(told) <= set(typed)
