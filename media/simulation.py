"""The word for breaking something on purpose, in a worker that was started with ``--allow-simulate``."""

from __future__ import annotations

from typing import ClassVar, Literal

import attrs

from media.results import Done

#: What can be impaired of a participant: what they send, what they are sent, or their microphone alone.
Impaired = Literal["uplink", "downlink", "microphone"]
#: Seconds that an impairment may last: whoever forgets it has not broken a call for good.
LONGEST = 600.0


@attrs.frozen(kw_only=True)
class Simulate:
    """Impair one participant's media for ``seconds``; 0 ends what was begun.

    ``loss`` is the share of packets that are lost, chosen by ``seed``; above ``kbits`` (a thousand bits a second, null:
    no bound) all are. A microphone is silenced: nothing that it sends is forwarded. A worker that was not started for
    it answers ``not_allowed``.
    """

    method: ClassVar[str] = "simulate"
    result: ClassVar[type] = Done
    router: str
    participant: str
    epoch: int
    what: Impaired
    seconds: float
    loss: float = 0.0
    kbits: int | None = None
    seed: int = 0
