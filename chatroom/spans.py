"""Where the operations of a server begin and end, for whoever traces them: see `web.otel`. Without anybody it costs
nothing worth counting.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]


class Span(Protocol):
    """An operation that goes on."""

    def note(self, **attributes: str | float | bool) -> None:
        """Say what was not known at the beginning."""
        ...


class _Nobodys:
    def note(self, **attributes: str | float | bool) -> None:
        pass

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_: object) -> None:
        pass


#: Begins an operation; it ends with the context.
Start = Callable[[str, Attributes], AbstractContextManager[Span]]

_NOBODYS = _Nobodys()
_start: Start | None = None


def span(name: str, **attributes: str | float | bool) -> AbstractContextManager[Span]:
    """Begin an operation, inside the one that this task is at. Its end may come by an error, or a cancellation."""
    return _NOBODYS if _start is None else _start(name, attributes)


@contextmanager
def traced_by(start: Start) -> Generator[None]:
    """Have ``start`` begin the operations of this process for as long as the context lasts."""
    global _start
    before, _start = _start, start
    try:
        yield
    finally:
        _start = before
