"""What a worker answers to a request that asks for something to be done; see `media.messages`."""

from __future__ import annotations

import attrs


@attrs.frozen
class Done:
    """The request was carried out and there is nothing to tell."""


@attrs.frozen
class Answer:
    """The worker's SDP answer for a publish leg."""

    sdp: str
