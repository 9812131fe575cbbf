"""The impairments that are on in a worker: each of one participant's, and over by itself.

What is not impaired passes by all of this: an impairment stands in the place of a function or of a path while it lasts.
A participant who connects anew meanwhile has it on the new connection, too, from the next tick on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import attrs

from media.simulation import LONGEST, Impaired, Simulate
from media.worker.errors import RequestError
from media.worker.impairment import Gate
from media.worker.router import Participant
from media.worker.transport import Transport

logger = logging.getLogger(__name__)

#: As many as somebody could want to look at.
MOST = 100


@attrs.define(eq=False)
class _Running:
    participant: Participant
    what: Impaired
    gate: Gate
    until: float
    #: What has it now, and how that is put right.
    on: object | None = None
    undo: Callable[[], None] = lambda: None


class Simulations:
    """All that are on. `handle` begins and ends one, `tick` is told the time."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, Impaired], _Running] = {}

    def handle(self, request: Simulate, participant: Participant, now: float) -> None:
        """Impair, in place of what was before. Raises RequestError."""
        if not 0.0 <= request.seconds <= LONGEST:
            raise RequestError("not_allowed", f"It lasts from 0 to {LONGEST:g} seconds.")
        if not 0.0 <= request.loss <= 1.0 or (request.kbits is not None and request.kbits < 0):
            raise RequestError("not_allowed", "A loss is a share from 0 to 1, and a rate is not negative.")
        key = (participant.about, request.what)
        self._end(key)
        if request.seconds == 0.0:
            return
        if len(self._running) >= MOST:
            raise RequestError("not_allowed", f"No more than {MOST} simulations run at a time.")
        gate = Gate(request.loss, request.kbits, request.seed)
        running = self._running[key] = _Running(participant, request.what, gate, now + request.seconds)
        self._apply(running)
        kbits = "any" if request.kbits is None else request.kbits
        logger.warning(
            "simulation begun %s what=%s seconds=%g loss=%g kbits=%s",
            *(participant.about, request.what, request.seconds, request.loss, kbits),
        )

    def forget(self, participant: Participant) -> None:
        """End all of somebody who leaves."""
        for key, running in list(self._running.items()):
            if running.participant is participant:
                self._end(key)

    def tick(self, now: float) -> None:
        """End what is over, and follow those who connected anew."""
        for key, running in list(self._running.items()):
            if now >= running.until:
                self._end(key)
            else:
                self._apply(running)

    def close(self) -> None:
        """End all."""
        for key in list(self._running):
            self._end(key)

    def _end(self, key: tuple[str, Impaired]) -> None:
        running = self._running.pop(key, None)
        if running is not None:
            running.undo()
            logger.warning(
                "simulation ended %s what=%s passed=%d dropped=%d",
                *(running.participant.about, running.what, running.gate.passed, running.gate.dropped),
            )

    def _apply(self, running: _Running) -> None:
        participant = running.participant
        transport: Transport | None
        if running.what == "downlink":
            transport = participant.subscribe_leg.transport
        else:
            transport = None if participant.publish_leg is None else participant.publish_leg.transport
        if transport is running.on:
            return
        running.undo()
        running.on, running.undo = transport, lambda: None
        if transport is None:
            return
        match running.what:
            case "uplink":
                running.undo = transport.impair_incoming(running.gate.takes)
            case "downlink":
                running.undo = transport.impair_outgoing(running.gate.takes)
            case "microphone":
                assert participant.publish_leg is not None
                running.undo = participant.publish_leg.silence_microphone()
