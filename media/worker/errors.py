"""What can be wrong with a request of the bridge."""

from __future__ import annotations

from media.messages import ErrorCode


class RequestError(Exception):
    """A request that is refused: ``code`` is for programs, ``message`` a sentence for a person."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
