"""What makes items of other items."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, Literal, TypeVar

from nurseries.stages.dispatchers import Dispatcher
from nurseries.stages.downstream import Downstream
from nurseries.stages.upstream import Upstream

T = TypeVar("T")
U = TypeVar("U")


class Stage(Downstream[T, Iterable[U]], Upstream[U], Generic[T, U]):
    """Has ``handle`` make of each batch the items it gives out: as many, fewer or more.

    ``handle`` is an async or a plain function. It is called only when there is demand for what it returns. What it
    returns goes out as a whole when it has returned, and not at all when it raises. ``attempts`` is as of a `Sink`.
    """

    kind: Literal["stage"] = "stage"

    def __init__(
        self,
        name: str,
        handle: Callable[[list[T]], Awaitable[Iterable[U]] | Iterable[U]],
        *,
        dispatch: Dispatcher[U] | None = None,
        attempts: float = 1,
    ) -> None:
        Upstream.__init__(self, name, dispatch)
        self._set_up(handle, attempts)

    def _may_take(self) -> int:
        self._outlet.flush()
        return self._outlet.demand

    def _is_empty(self) -> bool:
        return not self._outlet.pending

    def _finish(self, result: Iterable[U]) -> Callable[[], None]:
        items = list(result)
        return lambda: self._outlet.send(items)

    def _end(self) -> None:
        self._outlet.end()
