"""A consumer and the producer it is of."""

from __future__ import annotations

import attrs

from media.messages import PauseReason
from media.terms import Agreement
from media.worker.consumer import Consumer
from media.worker.producer import Producer


@attrs.define(eq=False)
class Subscription:
    """One track for one subscriber."""

    producer: Producer
    consumer: Consumer
    #: Why it is not sent, if it is not: as it was told last.
    paused: PauseReason | None = None
    #: What the page said to it.
    agreement: Agreement = "offered"
