"""Traces for OpenTelemetry, by OTLP over HTTP: what `chatroom.spans` marks. Only imported where an endpoint is set.

Spans are sent by a thread of the exporter's own, from a bounded queue; what there is no room for is dropped there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from urllib.parse import urlsplit

import attrs
import trio

from chatroom.errors import UserError
from chatroom.spans import Attributes, traced_by

#: Where OTLP wants traces (OpenTelemetry Protocol specification, OTLP/HTTP request).
PATH = "/v1/traces"
#: Spans that wait, and seconds until they are sent and at the end for the last ones.
QUEUE = 2_048
DELAY = 2.0
FLUSH = 2.0
#: Seconds for an answer.
TIMEOUT = 5.0


def is_installed() -> bool:
    """Whether the extra ``chatroom[otel]`` is there."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def traces_url(endpoint: str) -> str:
    """Where to send, when ``endpoint`` is a collector or already the place of its traces."""
    return endpoint.rstrip("/") + PATH if urlsplit(endpoint).path in {"", "/"} else endpoint


@asynccontextmanager
async def traces(endpoint: str) -> AsyncGenerator[None]:
    """Send traces for as long as the context lasts. ``OTEL_EXPORTER_OTLP_HEADERS`` and the like are heeded."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "chatroom", "service.version": version("chatroom")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=traces_url(endpoint), timeout=TIMEOUT)
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=QUEUE, schedule_delay_millis=int(DELAY * 1_000))
    )
    tracer = provider.get_tracer("chatroom")

    @contextmanager
    def start(name: str, attributes: Attributes) -> Generator[_Span]:
        named = {f"chatroom.{key}": value for key, value in attributes.items()}
        with tracer.start_as_current_span(name, attributes=named, record_exception=False) as span:
            try:
                yield _Span(span)
            except UserError as error:
                span.set_attribute("chatroom.refused", error.code)
                raise
            except trio.Cancelled:
                span.set_status(trace.StatusCode.ERROR, "cancelled")
                raise

    try:
        with traced_by(start):
            yield
    finally:
        with trio.move_on_after(FLUSH, shield=True):
            await trio.to_thread.run_sync(provider.shutdown, abandon_on_cancel=True)


@attrs.frozen
class _Span:
    """Implements `chatroom.spans.Span`."""

    _span: object

    def note(self, **attributes: str | float | bool) -> None:
        for key, value in attributes.items():
            self._span.set_attribute(f"chatroom.{key}", value)  # type: ignore[attr-defined]
