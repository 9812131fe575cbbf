"""Whose fault it is.

::

    Exception
    ├── UserError        a command that is refused: answered with ``error``, and everything goes on
    └── ProtocolError    a frame that is broken: the socket is closed, with a code that says why

Anything else is a bug of ours: it is logged with the task's place, the scope it happened in ends, the server lives.
"""

from __future__ import annotations


class UserError(Exception):
    """A refused command. ``code`` is for programs, ``message`` is a sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProtocolError(Exception):
    """A broken frame. ``close_code`` is the websocket close code (RFC 6455, section 7.4)."""

    def __init__(self, close_code: int, message: str) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.message = message
