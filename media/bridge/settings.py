"""Where the media plane listens, and how long the bridge waits for what."""

from __future__ import annotations

import attrs


@attrs.frozen
class MediaSettings:
    """What the operator says: one UDP ``port``, the ``addresses`` to bind, and those to ``announce`` in their stead.

    Empty ``addresses`` leave the choice to the worker. Of each room's microphones the ``loudest`` are forwarded, 0 for
    all.
    """

    port: int
    addresses: tuple[str, ...] = ()
    announce: tuple[str, ...] = ()
    loudest: int = 6

    def arguments(self) -> list[str]:
        """The settings as the worker's command line takes them."""
        arguments = ["--port", str(self.port), "--loudest", str(self.loudest)]
        for address in self.addresses:
            arguments += ["--address", address]
        for address in self.announce:
            arguments += ["--announce", address]
        return arguments


@attrs.frozen
class Deadlines:
    """How long the bridge waits, in seconds."""

    #: from the start of the process to its ``ready``
    start: float = 15.0
    #: for the answer to a request
    request: float = 5.0
    #: for the answer to the leave of a participant, which is waited for in a shielded scope
    leave: float = 1.0
    #: between two questions whether the worker still answers, and for each answer
    heartbeat: float = 5.0
    #: for the process to end: after its connection was closed, and again after SIGTERM
    stop: float = 1.0
