"""Traces as a collector gets them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
import pytest
import trio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chatroom import spans
from chatroom.testing import FakeMedia
from tests.ports import free_port
from tests.web.offer import OFFER
from tests.web.page import page
from tests.web.served import PATIENCE, serving_app
from web import otel
from web.app import create_app
from web.settings import BadSettings, Settings, load


@attrs.frozen
class Told:
    """A span as it was told."""

    name: str
    id: bytes
    parent: bytes
    trace: bytes
    attributes: dict[str, Any]


@attrs.define
class Collector:
    """Takes what is sent by OTLP over HTTP."""

    port: int = 0
    path: str = ""
    service: str = ""
    spans: list[Told] = attrs.field(factory=list)

    def take(self, path: str, body: bytes) -> None:
        self.path = path
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.service = names["service.name"]
            for scope in resource.scope_spans:
                for span in scope.spans:
                    named = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
                    self.spans.append(Told(span.name, span.span_id, span.parent_span_id, span.trace_id, named))

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def collecting() -> Generator[Collector, None, None]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/x-protobuf"
            collector.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


async def test_what_a_stay_does_is_one_trace() -> None:
    with collecting() as collector:
        settings = Settings(port=0, otlp_endpoint=f"http://127.0.0.1:{collector.port}")
        async with serving_app(create_app(settings, FakeMedia()), settings) as served:
            async with page(served.port, "Ada") as ada:
                await ada.send("publish", ref="p", sdp=OFFER, tracks={"0": "microphone"})
                await ada.next("published")
                await ada.send("publish", ref="q", sdp="nonsense", tracks={})
                await ada.next("error")
            served.stop.set()
            await served.ended.wait()
    assert (collector.path, collector.service) == ("/v1/traces", "chatroom")
    (join,) = collector.named("join")
    stay = {"chatroom.room": "blue", "chatroom.participant": ada.id, "chatroom.epoch": 1}
    assert join.attributes == stay
    published, refused = collector.named("publish")
    assert published.attributes == stay
    assert refused.attributes == {**stay, "chatroom.refused": "bad_sdp"}
    assert {published.parent, refused.parent} == {join.id}
    assert {published.trace, refused.trace} == {join.trace}
    (drain,) = collector.named("drain")
    assert drain.parent == b""
    assert spans._start is None


async def test_a_collector_that_is_not_there_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(port=0, otlp_endpoint=f"http://127.0.0.1:{free_port()}")
    async with serving_app(create_app(settings, FakeMedia()), settings) as served:
        async with page(served.port, "Ada") as ada:
            assert await ada.echo() < PATIENCE
        before = trio.current_time()
        served.stop.set()
        await served.ended.wait()
        assert trio.current_time() - before < PATIENCE


def test_without_an_endpoint_nothing_is_marked_and_nothing_imported() -> None:
    assert spans.span("join") is spans.span("publish", room="blue")
    with spans.span("join") as span:
        span.note(room="blue")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
        ("https://otel.example/otlp/v1/traces", "https://otel.example/otlp/v1/traces"),
    ],
)
def test_where_traces_go(endpoint: str, url: str) -> None:
    assert otel.traces_url(endpoint) == url


def test_without_what_it_needs_it_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    load(options={"otlp_endpoint": "http://127.0.0.1:4318"})
    with pytest.raises(BadSettings, match="'otlp_endpoint' takes a URL"):
        load(options={"otlp_endpoint": "localhost"})
    monkeypatch.setattr(otel, "is_installed", lambda: False)
    with pytest.raises(BadSettings, match=r"chatroom\[otel\]"):
        load(options={"otlp_endpoint": "http://127.0.0.1:4318"})
