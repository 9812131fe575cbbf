from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.asyncio.server import ServerConnection, unix_serve

from media.messages import (
    Done,
    ErrorFrame,
    Join,
    LegChanged,
    Ready,
    Request,
    Result,
    ResultFrame,
    decode_reply,
    encode_request,
)
from media.worker.control import MAX_WAITING_FRAMES, Control
from media.worker.errors import RequestError

JOIN = Join("room", "alice", 1)
EVENT = LegChanged("room", "alice", 1, "publish", "connected")


def converse(
    folder: Path,
    handler: Callable[[Control], Callable[[Request], Result]],
    client: Callable[[ClientConnection], Coroutine[Any, Any, None]],
) -> None:
    """Serve one connection with a Control, and have it out with the client; both must end."""

    async def main() -> None:
        served = asyncio.Event()

        async def on_connection(connection: ServerConnection) -> None:
            control = Control(connection)
            await control.serve(handler(control))
            served.set()

        path = str(folder / "control")
        async with unix_serve(on_connection, path, compression=None):
            async with unix_connect(path, compression=None) as connection:
                await client(connection)
            await asyncio.wait_for(served.wait(), 5)

    asyncio.run(main())


def test_a_reply_goes_before_what_the_request_led_to(tmp_path: Path) -> None:
    def handler(control: Control) -> Callable[[Request], Result]:
        def handle(request: Request) -> Result:
            assert request == JOIN
            control.emit(EVENT)
            return Done()

        return handle

    async def client(connection: ClientConnection) -> None:
        await connection.send(encode_request(7, JOIN))
        assert decode_reply(await connection.recv()) == ResultFrame(7, {})
        assert decode_reply(await connection.recv()) == EVENT

    converse(tmp_path, handler, client)


def test_refusals_and_bugs_are_answered_and_the_next_request_is_served(tmp_path: Path) -> None:
    outcomes: list[Result | Exception] = [RequestError("bad_sdp", "No."), ZeroDivisionError(), Done()]

    def handler(control: Control) -> Callable[[Request], Result]:
        def handle(request: Request) -> Result:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return handle

    async def client(connection: ClientConnection) -> None:
        await connection.send("nonsense")
        await connection.send('{"id": 1}')
        for number in (2, 3, 4):
            await connection.send(encode_request(number, JOIN))
        replies = [decode_reply(await connection.recv()) for _ in range(4)]
        assert [r.code if isinstance(r, ErrorFrame) else "" for r in replies] == [
            "invalid_request",
            "bad_sdp",
            "internal",
            "",
        ]
        assert [getattr(r, "id", None) for r in replies] == [1, 2, 3, 4]

    converse(tmp_path, handler, client)


def test_a_bridge_that_does_not_read_is_given_up(tmp_path: Path) -> None:
    def handler(control: Control) -> Callable[[Request], Result]:
        def handle(request: Request) -> Result:
            for _ in range(MAX_WAITING_FRAMES + 1):
                control.emit(Ready(1, ["x" * 5_000]))
            return Done()

        return handle

    async def client(connection: ClientConnection) -> None:
        await connection.send(encode_request(1, JOIN))
        await connection.wait_closed()
        assert connection.close_code == 1006

    converse(tmp_path, handler, client)
