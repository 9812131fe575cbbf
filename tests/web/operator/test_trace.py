"""Traces as an operator sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import trio

from tests.web.operator.operated import operated
from tests.web.operator.test_commands import type_in
from tests.web.operator.test_tree import join
from tests.web.served import eventually
from web.operator import terminal


@pytest.mark.parametrize("who", ["Ada", "an id"])
async def test_chatroom_trace_follows_a_person_and_ends(who: str, tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        ada = await join(server, "Ada")
        await join(server, "Bob")
        known = ada.about["participant"]
        lines: list[str] = []

        async def trace() -> None:
            result = await type_in(
                *("trace", known if who == "an id" else "ADA", "--count", 3, "--seconds", 30, "--runtime-dir", tmp_path)
            )
            assert result.exit_code == 0, result.output
            lines.extend(result.output.splitlines())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trace)
            await eventually(lambda: ada.trace is not None)
            ada.feed('{"type":"chat","text":"a secret","ref":"7"}')
        assert [re.sub(r"^\S+  ", "", line) for line in lines] == [
            f"blue/{known}  -> chat  text <8 characters>",
            lines[1][14:],
            f"blue/{known}  <- ok  ",
            "-- as many as were asked for: 3 entries, 0 left out",
        ]
        assert "<- chat  seq " in lines[1]
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3}  ", lines[0])
        await eventually(lambda: ada.trace is None)


async def test_a_room_is_followed_as_json_and_until_the_time_is_up(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        ada = await join(server, "Ada")
        async with trio.open_nursery() as nursery:

            async def trace() -> None:
                result = await type_in("trace", "--room", "blue", "--seconds", 0.5, "--json", "--runtime-dir", tmp_path)
                said = [json.loads(line) for line in result.output.splitlines()]
                items = [each for each in said if each["kind"] == "item"]
                assert [(each["kind"], each.get("type")) for each in said if each not in items] == [
                    *(("command", "update"), ("event", "participant_updated"), ("end", None))
                ]
                assert said[1]["participant"] is None
                assert "the time is up" in said[-1]["words"]
                # what it became on its way through the stages
                assert items[0]["type"] == "judge Changed"
                assert items[0]["participant"] == ada.about["participant"]
                assert items[0]["body"]["person"]["microphone"] is False
                assert {each["type"] for each in items[1:]} == {"people updated", "log updated", "problems updated"}
                assert "::" in terminal.entry(items[0])

            nursery.start_soon(trace)
            await eventually(lambda: ada.trace is not None)
            ada.feed('{"type":"update","microphone":false}')


async def test_a_reader_that_goes_ends_its_trace(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        ada = await join(server, "Ada")
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        ask = f"GET /api/trace?who=Ada HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
        await stream.send_all(ask.encode())
        await eventually(lambda: ada.trace is not None)
        await stream.aclose()
        await eventually(lambda: ada.trace is None)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], "answered 404: There is nobody of that id or name."),
        (["Twin"], "answered 409: There are 2 of that name: take an id."),
        (["Twin", "--room", "red"], "answered 404"),
        (["--room", "blue", "--count", "0"], "answered 400: count is up to 100000"),
        (["--room", "blue", "--seconds", "1e9"], "answered 400"),
        ([], "say WHO, or --room."),
    ],
)
async def test_what_cannot_be_followed_is_said(arguments: list[str], words: str, tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        await join(server, "Twin")
        await join(server, "Twin")
        result = await type_in("trace", *arguments, "--runtime-dir", tmp_path)
        assert result.exit_code
        assert words in result.output
        assert (await server.ask("/api/trace?who=Twin&count=x"))[0] == 400
        assert (await server.ask("/api/trace"))[0] == 400
