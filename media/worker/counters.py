"""What has passed through the worker since its start."""

from __future__ import annotations

import attrs


@attrs.define
class Counters:
    """Datagrams, counted at the sockets.

    ``packets_dropped`` counts what was received and not used (unknown sender, failed authentication, malformed) and
    what could not be handed to the kernel.
    """

    packets_received: int = 0
    packets_sent: int = 0
    packets_dropped: int = 0
