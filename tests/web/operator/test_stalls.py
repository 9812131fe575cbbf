"""A stall is told of while it lasts."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from pathlib import Path

import trio
import trio.lowlevel

from tests import certificates
from tests.conftest import Measured
from tests.web.operator.operated import operated
from tests.web.served import PATIENCE, eventually
from web.operator.stalls import HEARERS

#: Seconds that the test's stall lasts; it is told of after half a second.
STALL = 1.2


async def test_who_holds_the_loop_is_told_while_nothing_else_can_be_asked(tmp_path: Path, measured: Measured) -> None:
    heard: list[tuple[float, dict[str, object]]] = []
    async with operated(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as peer:
            ask = f"GET /api/stalls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n\r\n"
            peer.sendall(ask.encode())

            def listen() -> None:
                said = b""
                while not (told := [line for line in said.split(b"\n")[:-1] if b'"the culprit"' in line]):
                    said += peer.recv(65_536)  # on a busy machine of other steps, too
                heard.append((time.monotonic(), json.loads(told[0][told[0].index(b"{") : told[0].rindex(b"}") + 1])))

            async def stall() -> None:
                time.sleep(STALL)  # noqa: ASYNC251 - that is what is to be found

            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.to_thread.run_sync, listen)
                await eventually(lambda: bool(server.served.node.observer.hearers))
                began = time.monotonic()
                nursery.start_soon(stall, name="the culprit")
                await trio.lowlevel.checkpoint()
            ended = time.monotonic()
        ((at, step),) = heard
        assert at < ended
        assert step["task"] == "the culprit"
        assert "tests/web/operator/test_stalls.py" in str(step["words"])
        measured(f"a step that still holds the loop is told of after {at - began:.2f} s")
        await eventually(lambda: not server.served.node.observer.hearers)


async def test_those_who_listen_are_few(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        server.served.node.observer.hearers.update(lambda _, number=number: None for number in range(HEARERS))  # type: ignore[misc]
        assert (await server.ask("/api/stalls"))[0] == 503


async def test_over_tls_it_is_said_why_not_and_what_to_do_instead(tmp_path: Path) -> None:
    certfile, keyfile = certificates.make(tmp_path)
    everywhere = "0.0.0.0"  # on a loopback address there is no TLS
    async with operated(tmp_path / "run", operator_host=everywhere, certfile=certfile, keyfile=keyfile) as server:
        assert server.notice.url.startswith("https://")

        def ask(path: str) -> tuple[int, str]:
            trusted = ssl.create_default_context(cafile=certfile)
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE, context=trusted)
            connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
            answer = connection.getresponse()
            try:
                return answer.status, answer.read().decode()
            finally:
                connection.close()

        assert (await trio.to_thread.run_sync(ask, "/api/timeline"))[0] == 200
        status, words = await trio.to_thread.run_sync(ask, "/api/stalls")
        assert status == 501
        assert "over TLS" in words
        assert "ssh -L" in words
        assert not server.served.node.observer.hearers
