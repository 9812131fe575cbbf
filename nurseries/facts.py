"""What the owner of a task tells about it: queue depths, restarts, whatever its ``statistics()`` has.

::

    async def pump(channel):
        provide_facts("inbox", channel.statistics)
        ...

They are asked for when somebody looks, and forgotten with the task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary

import attrs
import trio

#: What JSON can say.
Fact = Any
Provider = Callable[[], object]

_providers: WeakKeyDictionary[trio.lowlevel.Task, dict[str, Provider]] = WeakKeyDictionary()


def provide_facts(name: str, statistics: Provider, task: trio.lowlevel.Task | None = None) -> None:
    """Have ``statistics()`` shown with a task, by default the calling one. The last one of a name counts.

    It is called while somebody looks, between two steps, so it must be quick and must not wait.
    """
    _providers.setdefault(task or trio.lowlevel.current_task(), {})[name] = statistics


def facts_of(task: trio.lowlevel.Task) -> dict[str, Fact]:
    """Ask all that is provided for a task."""
    return {name: _ask(statistics) for name, statistics in _providers.get(task, {}).items()}


def plain(value: object) -> Fact:
    """Say a value in what JSON has: attrs classes as objects, errors and what else there is by their ``repr``."""
    result: Fact
    kind: Any = type(value)
    if value is None or isinstance(value, (bool, int, str)):
        result = value
    elif isinstance(value, float):
        result = value if isfinite(value) else str(value)
    elif (names := _names(kind)) is not None:
        result = {name: plain(getattr(value, name)) for name in names}
    elif isinstance(value, Mapping):
        result = {str(key): plain(inner) for key, inner in value.items()}
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        result = [plain(inner) for inner in value]
    else:
        result = repr(value)
    return result


@lru_cache(1024)
def _names(kind: Any) -> tuple[str, ...] | None:
    """The names of an attrs class's fields; None for another class."""
    return tuple(field.name for field in attrs.fields(kind)) if attrs.has(kind) else None


def _ask(statistics: Provider) -> Fact:
    try:
        return plain(statistics())
    except Exception as error:  # noqa: BLE001 - whoever looks must not be what breaks it; the error is shown in its place
        return {"error": repr(error)}
