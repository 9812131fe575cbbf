"""The seam between rooms and the pipeline: what a room tells it, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from chatroom.model import Participant
from chatroom.quality.events import QualityEvent
from chatroom.quality.inputs import Input
from nurseries.stages import Tap


class Quality(Protocol):
    """What judges how calls are."""

    def post(self, said: Input) -> None:
        """Take what is said, synchronously, without waiting and without an error."""
        ...

    def follow(
        self, room: str, people: Callable[[], Sequence[Participant]], show: Callable[[QualityEvent], None]
    ) -> AbstractContextManager[None]:
        """Be told what is wrong in a room for as long as the context lasts.

        ``people`` returns who is there, and is asked when something of it may have been missed. ``show`` is called
        synchronously with what people are to be shown, and must not block.
        """
        ...

    def tap(self, take: Tap[object] | None) -> None:
        """Show each batch that a stage is about to handle, with the stage's name, from now on; None ends that."""
        ...


class NoQuality:
    """Judges nothing, and says nothing."""

    def post(self, said: Input) -> None:
        """Forget it."""

    def tap(self, take: Tap[object] | None) -> None:
        """There is nothing to see."""

    def follow(
        self,
        room: str,  # noqa: ARG002
        people: Callable[[], Sequence[Participant]],  # noqa: ARG002
        show: Callable[[QualityEvent], None],  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Tell nothing."""
        return _nothing()


@contextmanager
def _nothing() -> Generator[None]:
    yield
