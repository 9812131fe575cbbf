"""Where items end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, Literal, TypeVar

from nurseries.stages.downstream import Downstream
from nurseries.stages.node import Node

T = TypeVar("T")


def _nothing() -> None:
    pass


class Sink(Downstream[T, object], Generic[T]):
    """Has ``handle``, an async or a plain function, see to each batch.

    An error of it ends the run, for a supervisor to begin another. ``attempts`` says what becomes of the batch: it is
    dropped when so many have failed. With 1 no item is handled twice; a batch whose handling is cancelled is dropped,
    too. With more, such a batch comes first in the next run: some of it may be handled twice, and with `math.inf` none
    is lost.
    """

    kind: Literal["sink"] = "sink"

    def __init__(
        self, name: str, handle: Callable[[list[T]], Awaitable[object] | object], *, attempts: float = 1
    ) -> None:
        Node.__init__(self, name)
        self._set_up(handle, attempts)

    def _finish(self, result: object) -> Callable[[], None]:  # noqa: ARG002 - what it returned is its own affair
        return _nothing
