"""A worker whose loop is held for a while when anybody asks what flows in the room ``stall``; run with ``-m``."""

from __future__ import annotations

import sys
import time

from media.messages import GetMediaStatistics, MediaStatistics
from media.worker.__main__ import main
from media.worker.worker import Worker

#: Seconds: of the name of the room.
STALLS = {"stall": 0.4, "stall for long": 60.0}

_media_statistics = Worker.media_statistics


def stalling(self: Worker, request: GetMediaStatistics, now: float) -> MediaStatistics:
    time.sleep(STALLS.get(request.router, 0.0))  # the stall
    return _media_statistics(self, request, now)


if __name__ == "__main__":
    Worker.media_statistics = stalling  # type: ignore[method-assign]
    sys.exit(main())
