"""All metrics of a node."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from web.metrics.families import counter, gauge
from web.metrics.media import of_bridge, of_processes, of_workers
from web.metrics.server import of_loop, of_rooms, of_sockets, of_stages
from web.metrics.webhooks import of_webhooks
from web.node import Node, State


class NodeCollector(Collector):
    """Reads a node's statistics. In the loop's thread."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        node = self._node
        statistics = node.statistics()
        yield gauge("info", "The release.", {version("chatroom"): 1}, "version")
        states = {state: state == statistics.state for state in get_args(State)}
        yield gauge("state", "What the server is at.", states, "state")
        yield from of_rooms(statistics.rooms)
        yield from of_sockets(statistics.sockets, node.traffic_statistics())
        yield gauge("media_available", "Whether there is a media worker.", statistics.media)
        bridge = node.bridge
        if bridge is not None:
            yield from of_bridge(bridge.statistics())
            yield from of_workers(bridge.figures())
            yield from of_processes(statistics.workers)
        yield from of_loop(node.observer.watchdog_statistics())
        quality = node.quality.statistics()
        yield from of_stages(quality.stages)
        yield counter("quality_inputs_missed", "Inputs to the judge that there was no room for.", quality.missed)
        yield gauge("problems", "What is wrong now in calls, by kind.", node.problems.now(), "kind")
        yield counter("problems_began", "What was found to be wrong, by kind.", node.problems.began(), "kind")
        yield from of_webhooks(statistics.webhooks)


def registry_of(node: Node) -> CollectorRegistry:
    """A registry with what a node and its process say."""
    registry = CollectorRegistry()
    registry.register(NodeCollector(node))
    ProcessCollector(registry=registry)
    return registry
