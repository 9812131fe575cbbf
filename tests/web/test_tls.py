"""The same over TLS."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import wrap_client_stream

from chatroom.testing import FakeMedia
from tests import certificates
from tests.web.page import Page
from tests.web.served import PATIENCE, eventually, serving_app, tasks
from web.app import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("tls")
    certfile, keyfile = certificates.make(folder)
    return Settings(port=0, certfile=certfile, keyfile=keyfile)


def context(certfile: Path | None) -> ssl.SSLContext:
    trusted = ssl.create_default_context(cafile=certfile)
    trusted.set_alpn_protocols(["h2", "http/1.1"])
    return trusted


@asynccontextmanager
async def secure_page(port: int, settings: Settings) -> AsyncGenerator[Page, None]:
    stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=context(settings.certfile))
    try:
        async with trio.open_nursery() as nursery:
            transport: Any = stream  # any stream will do, whatever the annotation there says
            page = Page(await wrap_client_stream(nursery, transport, "127.0.0.1", "/ws"), stream.transport_stream)
            await page.join("Ada")
            yield page
            nursery.cancel_scope.cancel()
    finally:
        stream.transport_stream.socket.close()


async def test_pages_and_sockets_are_served_and_stopped(settings: Settings) -> None:
    async with serving_app(create_app(settings, FakeMedia()), settings) as server:
        before = tasks()
        stream = await trio.open_ssl_over_tcp_stream(
            "127.0.0.1", server.port, https_compatible=True, ssl_context=context(settings.certfile)
        )
        await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b"".join([bytes(part) async for part in stream])
        await stream.aclose()
        assert stream.selected_alpn_protocol() == "http/1.1"
        assert answer.startswith(b"HTTP/1.1 200 ")
        await eventually(lambda: tasks() <= before)

        async with secure_page(server.port, settings) as page:
            await page.echo()
            await page.send_text("x" * 200_000)
            assert await page.closed() == 1009
        await eventually(
            lambda: tasks() <= before + 2
        )  # the room is kept for a while, and with it who tells its people

        async with secure_page(server.port, settings) as page:
            server.stop.set()
            assert await page.closed() == 1001
        with trio.fail_after(PATIENCE):
            await server.ended.wait()


async def test_what_is_no_tls_disturbs_nobody(settings: Settings) -> None:
    async with serving_app(create_app(settings, FakeMedia()), settings) as server:
        before = tasks()
        for data in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(10_000), b"\x16\x03\x01", b""):
            stream = await trio.open_tcp_stream("127.0.0.1", server.port)
            await stream.send_all(data)
            await stream.aclose()
        await eventually(lambda: tasks() <= before)
