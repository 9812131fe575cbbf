"""Chooses between the fan-outs."""

from __future__ import annotations

from media.worker.counters import Counters
from media.worker.fanout import Fanout, PureFanout
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.load import KernelMissingError, load


def choose(counters: Counters, *, kernel: bool) -> tuple[Fanout, str]:
    """Return the compiled fan-out if it is there and ``kernel`` allows it, or that in Python and the reason why."""
    if not kernel:
        return PureFanout(counters), "not wanted"
    try:
        return KernelFanout(load(), counters), ""
    except KernelMissingError as error:
        return PureFanout(counters), str(error)
