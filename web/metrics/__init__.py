"""Metrics for Prometheus. They are read from the parts' ``statistics()`` when they are asked for: no event costs more
for them. None is of a room or of a person, so their number does not grow with the server's use.
"""

from __future__ import annotations

from web.metrics.collector import NodeCollector as NodeCollector
from web.metrics.collector import registry_of as registry_of
