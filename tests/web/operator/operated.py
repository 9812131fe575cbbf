"""A server with an operator's listener, inside the test."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from chatroom.limits import Limits
from chatroom.testing import FakeMedia
from tests.web.served import Served, serving_app
from web.app import create_app
from web.operator.runtime import Notice, notices
from web.operator.token import Token
from web.settings import Settings


@attrs.define(eq=False)
class Operated:
    """A running server and how its operator reaches it."""

    served: Served
    notice: Notice
    token: str

    @property
    def port(self) -> int:
        return int(self.notice.url.rpartition(":")[2])

    async def ask(self, path: str, method: str = "GET", token: str | None = None, **headers: str) -> tuple[int, Any]:
        """Ask with the token, or another one; the answer's JSON, or its text."""
        asked = {"Authorization": f"Bearer {self.token if token is None else token}", **headers}

        def request() -> tuple[int, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request(method, path, headers=asked)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()

        status, body = await trio.to_thread.run_sync(request)
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body.decode()


@asynccontextmanager
async def operated(
    directory: Path, limits: Limits | None = None, media: FakeMedia | None = None, **settings: Any
) -> AsyncGenerator[Operated, None]:
    """Serve with a fake media plane and an operator's listener."""
    chosen = Settings(port=0, operator_port=0, runtime_dir=directory, limits=limits or Limits(), **settings)
    async with serving_app(create_app(chosen, media or FakeMedia()), chosen) as served:
        (notice,) = notices(directory)
        yield Operated(served, notice, Token.read(Path(notice.token_file)).text)
