"""``/metrics``, for Prometheus."""

from __future__ import annotations

from prometheus_client.exposition import choose_encoder
from quart import Blueprint, Response, request

from web.metrics import registry_of
from web.node import Node


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("metrics", __name__)
    registry = registry_of(node)

    @routes.get("/metrics")
    async def metrics() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    return routes
