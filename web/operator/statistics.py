"""What lives in the node, in figures."""

from __future__ import annotations

import attrs
from quart import Blueprint

from web.node import Node


def blueprint(node: Node) -> Blueprint:
    routes = Blueprint("statistics", __name__)

    @routes.get("/api/statistics")
    async def statistics() -> dict[str, object]:
        return attrs.asdict(node.statistics())

    return routes
