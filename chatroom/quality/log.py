"""What is wrong, in the log: one line for each beginning and each end, with room, participant and epoch."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from chatroom.quality.events import QualityEvent, Trouble, Unpublished

_log = structlog.stdlib.get_logger("chatroom.quality")


def write(events: Sequence[QualityEvent]) -> None:
    """Write what is not in the log already: rooms and legs say the rest."""
    for event in events:
        if not isinstance(event, (Trouble, Unpublished)):
            continue
        log = _log.bind(room=event.room, participant=event.participant, epoch=event.epoch)
        if isinstance(event, Unpublished):
            log.info(event.name, source=event.source)
            continue
        more = {
            "direction": event.direction,
            "source": event.source,
            "severity": event.severity,
            "concerns": list(event.concerns) or None,
            **event.figures,
        }
        if event.over:
            more["seconds"] = round(event.at - event.since, 1)
        level = log.warning if event.participant is None and not event.over else log.info
        level(event.name, **{name: value for name, value in more.items() if value is not None})
