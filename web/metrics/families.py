"""Short ways to say what Prometheus is told."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX = "chatroom_"
#: A value for each value of one label, or for none.
Values = float | Mapping[str, float]


def gauge(name: str, help: str, values: Values, label: str = "") -> Metric:
    """What goes up and down."""
    return _filled(GaugeMetricFamily(PREFIX + name, help, labels=[label] if label else []), values)


def counter(name: str, help: str, values: Values, label: str = "") -> Metric:
    """What only grows, until the server, or whatever it is of, is started anew."""
    return _filled(CounterMetricFamily(PREFIX + name, help, labels=[label] if label else []), values)


def counter2(name: str, help: str, labels: tuple[str, str], values: Mapping[tuple[str, str], float]) -> Metric:
    """The same by two labels."""
    family = CounterMetricFamily(PREFIX + name, help, labels=labels)
    for pair, value in values.items():
        family.add_metric(list(pair), value)
    return family


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    if isinstance(values, Mapping):
        for name, value in values.items():
            family.add_metric([name], value)
    else:
        family.add_metric([], values)
    return family
