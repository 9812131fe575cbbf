"""The media worker, with a bug: it crashes on what a room sends. Run as ``-m`` with the arguments of ``media.worker``.

An offer with the word *crash* in it is bad memory; one with the word *hang* is an endless loop; *idle* is an end from
outside, while it is at nobody's.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from media.worker import __main__, router


def publish(participant: router.Participant, text: str, *_: Any) -> str:
    if "crash" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    while "hang" in text:
        pass
    if "idle" in text:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, 0.02)
    return ""


if __name__ == "__main__":
    router.Participant.publish = publish  # type: ignore[method-assign,assignment]
    sys.exit(__main__.main())
