"""What keeps webhooks from working at all; the messages are for the operator."""

from __future__ import annotations


class BadSecret(ValueError):
    """The file of secrets holds something else."""


class OutboxUnusable(Exception):
    """There is no outbox on disk: no directory, or another server has it."""


class OutboxFull(Exception):
    """The disk, or the file's own bound, does not take any more just now."""


class OutboxBroken(Exception):
    """The outbox on disk makes no sense any more."""
