"""The diagnosis of a served room: whom it asks, what it answers, and to whom it does not."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from click.testing import CliRunner

from chatroom.media import LegChanged, MediaUnavailable
from chatroom.testing import FakeMedia
from media.statistics import MediaStatistics
from tests.web.diagnosis.samples import call, report
from tests.web.page import Page, connect, page
from tests.web.served import Served, serving
from web.cli import main
from web.diagnosis import gather
from web.diagnosis.evidence import Evidence
from web.diagnosis.route import BURST, RATE, REMEMBERED, Turns

Answer = tuple[int, dict[str, Any]]


@attrs.define(eq=False)
class Room:
    """Ada and Bob in a served room, and a media plane that tells what ``evidence`` has of it."""

    served: Served
    ada: Page
    bob: Page
    evidence: Evidence = attrs.field(factory=call)
    asked: list[str] = attrs.field(factory=list)

    async def figures(self, room: str, participant: str) -> MediaStatistics:
        assert room == "blue"
        both = {self.ada.id, self.bob.id}
        flow = self.evidence.before if len(self.asked) < 2 else self.evidence.flow
        self.asked.append(participant)
        assert {*self.asked} <= both
        assert flow.publish is not None
        assert flow.producer is not None
        assert flow.subscribe is not None
        assert flow.consumer is not None
        if participant == self.bob.id:
            return MediaStatistics([flow.publish], [flow.producer], [], complete=True)
        consumer = attrs.evolve(flow.consumer, of=self.bob.id)
        return MediaStatistics([flow.subscribe], [], [consumer], complete=True)

    async def diagnose(self, sender: str = "Bob", receiver: str = "Ada", **query: str) -> Answer:
        return await get(self.served.port, "blue", {"from": sender, "to": receiver, **query})


async def get(port: int, room: str, query: dict[str, str], **headers: str) -> Answer:
    address = f"http://127.0.0.1:{port}/api/rooms/{urllib.parse.quote(room)}/diagnose?{urllib.parse.urlencode(query)}"

    def ask() -> Answer:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await trio.to_thread.run_sync(ask)


@asynccontextmanager
async def room_of_two() -> AsyncGenerator[Room, None]:
    async with serving() as served, trio.open_nursery() as nursery:
        ada, bob = [await connect(nursery, served.port) for _ in range(2)]
        await ada.join("Ada")
        await bob.join("Bob")
        room = Room(served, ada, bob)
        served.node.figures = room.figures
        yield room
        for each in (ada, bob):
            each.stream.socket.close()
        nursery.cancel_scope.cancel()


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look twice in a moment, and wait for nobody who will not answer; but where that is what is tested."""
    if "promised" not in request.node.name:
        monkeypatch.setattr(gather, "BETWEEN", 0.02)
        monkeypatch.setattr(gather, "PAGE_PATIENCE", 5.0 if "asked" in request.node.name else 0.02)


def code(answer: Answer) -> str:
    status, body = answer
    assert status == 200, body
    return str(body["verdict"]["code"])


async def says(who: Page, **changes: Any) -> None:
    """Have a page report when it is asked to."""
    await who.next("report_wanted")
    said = attrs.asdict(report(**changes))
    await who.send("report", **said)


async def test_both_pages_are_asked_and_a_verdict_is_given() -> None:
    async with room_of_two() as room:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: says(room.bob))
            nursery.start_soon(lambda: says(room.ada, sound="blocked"))
            status, answer = await room.diagnose()
        assert status == 200
        assert (answer["room"], answer["kind"], answer["from"], answer["to"]) == ("blue", "audio", "Bob", "Ada")
        verdict = answer["verdict"]
        assert verdict["code"] == "playback_blocked"
        assert verdict["whose"] == "to"
        assert "Ada’s browser plays no sound" in verdict["says"]
        assert {hop["name"]: hop["state"] for hop in answer["hops"]}["packets_in"] == "ok"
        assert room.asked.count(room.ada.id) == room.asked.count(room.bob.id) == 2
        assert answer["seconds"] < 3
        text = json.dumps(answer)
        assert room.ada.id not in text
        assert "127.0.0.1" not in text
        # who has just reported is not asked again
        room.asked.clear()
        assert code(await room.diagnose(room.bob.id, "ada")) == "playback_blocked"
        await room.ada.nothing("report_wanted")


async def test_pages_that_say_nothing_are_not_waited_for_longer_than_promised() -> None:
    async with room_of_two() as room:
        began = trio.current_time()
        _, answer = await room.diagnose()
        assert trio.current_time() - began < 3
        assert answer["verdict"]["code"] == "fine"
        assert not answer["verdict"]["certain"]


async def test_a_worker_that_is_lost_or_does_not_answer_is_the_cause() -> None:
    async with room_of_two() as room:

        async def lost(room: str, participant: str) -> MediaStatistics:
            raise MediaUnavailable

        async def silent(room: str, participant: str) -> MediaStatistics:
            await trio.sleep_forever()
            raise AssertionError

        for figures in (lost, silent, None):
            room.served.node.figures = figures
            assert code(await room.diagnose()) == "worker_lost"


async def test_the_state_of_the_room_and_of_others_counts() -> None:
    async with room_of_two() as room:
        await room.bob.send("update", camera=False)
        assert code(await room.diagnose(kind="video")) == "switched_off"
        room.asked.clear()
        room.evidence = call(publish={"checks": 0, "silent": None, "state": "connecting"})
        media = room.served.node.media
        assert isinstance(media, FakeMedia)
        for legs in media.attached.values():
            legs.post(LegChanged("publish", "connecting"))
        assert code(await room.diagnose()) == "media_port_unreachable"
        next(legs for legs in media.attached.values() if legs.participant == room.ada.id).post(
            LegChanged("publish", "connected")
        )
        room.asked.clear()
        assert code(await room.diagnose()) == "network_blocks"


async def test_who_has_left_is_said_with_the_reason() -> None:
    async with room_of_two() as room:
        await room.bob.close()
        await room.ada.next("participant_left")
        for sender, receiver, whose in (("Bob", "Ada", "from"), ("Ada", "Bob", "to")):
            status, answer = await room.diagnose(sender, receiver)
            assert status == 200
            assert (answer["verdict"]["code"], answer["verdict"]["whose"]) == ("gone", whose)
            assert "closed the page" in answer["verdict"]["says"]


async def test_what_cannot_be_answered_is_said() -> None:
    async with room_of_two() as room:
        assert await room.diagnose("Eve") == (404, {"error": "There is no 'Eve' in this room; there is Ada, Bob."})
        assert (await room.diagnose("Bob", "bob"))[0] == 400
        assert (await room.diagnose(kind="smell"))[0] == 400
        assert (await room.diagnose(""))[0] == 400
        assert (await get(room.served.port, "red", {"from": "a", "to": "b"}))[0] == 404
        assert (await get(room.served.port, "no room", {"from": "a", "to": "b"}))[0] == 404
        async with page(room.served.port, "Ada") as other:
            status, answer = await room.diagnose()
            assert status == 400
            assert room.ada.id in answer["error"]
            assert other.id in answer["error"]


async def test_an_address_may_ask_only_so_often() -> None:
    async with room_of_two() as room:
        query = {"from": "Nobody", "to": "Ada"}
        answers = [await get(room.served.port, "blue", query, **{"X-Forwarded-For": "192.0.2.7"}) for _ in range(12)]
        assert [status for status, _ in answers] == [404] * BURST + [429] * (12 - BURST)
        assert (await get(room.served.port, "blue", query, **{"X-Forwarded-For": "192.0.2.8"}))[0] == 404
        assert (await get(room.served.port, "blue", query))[0] == 404


def test_addresses_are_remembered_within_bounds() -> None:
    turns = Turns()
    for number in range(3 * REMEMBERED):
        assert turns.take(f"192.0.2.{number}", 0.0)
    assert len(turns._buckets) == REMEMBERED
    assert [turns.take("a", 0.0) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert turns.take("a", 1 / RATE)


@pytest.mark.parametrize(("changes", "status", "word"), [({}, 0, "✓"), ({"publish": {"silent": 5.0}}, 1, "✗")])
async def test_the_command_prints_it_and_says_by_its_code_whether_it_is_fine(
    changes: dict[str, Any], status: int, word: str
) -> None:
    async with room_of_two() as room:
        room.evidence = call(**changes)
        url = f"http://127.0.0.1:{room.served.port}"
        arguments = ["why", "blue", "Bob", "Ada", "--url", url]
        result = await trio.to_thread.run_sync(lambda: CliRunner().invoke(main, arguments))
        assert result.exit_code == status, result.output
        assert f"{word} Bob’s packets reach the server" in result.output
        room.asked.clear()
        result = await trio.to_thread.run_sync(lambda: CliRunner().invoke(main, [*arguments, "--json"]))
        assert json.loads(result.output)["room"] == "blue"


@pytest.mark.parametrize("where", ["http://127.0.0.1:9", "localhost:8000", "file:///etc"])
def test_a_server_that_cannot_be_asked_is_a_wrong_usage(where: str) -> None:
    result = CliRunner().invoke(main, ["why", "blue", "Bob", "Ada", "--url", where])
    assert result.exit_code == 2
    assert "Error: " in result.output


async def test_the_command_passes_on_what_the_server_says() -> None:
    async with room_of_two() as room:
        url = f"http://127.0.0.1:{room.served.port}/"
        arguments = ["why", "blue", "Eve", "Ada", "--url", url]
        result = await trio.to_thread.run_sync(lambda: CliRunner().invoke(main, arguments))
        assert result.exit_code == 2
        assert "There is no 'Eve' in this room" in result.output
