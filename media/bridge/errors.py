"""How a worker fails."""

from __future__ import annotations


class MediaStartFailed(Exception):
    """The first worker could not be started. The message is for the operator."""


class WorkerLost(Exception):
    """A worker that was there, or that should come again, is gone: its process ended, or it no longer makes sense.

    ``died`` says whether that is its own doing, and not perhaps a network's.
    """

    def __init__(self, message: str, *, died: bool = True) -> None:
        super().__init__(message)
        self.died = died
