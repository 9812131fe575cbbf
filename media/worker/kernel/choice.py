"""Chooses between the fan-outs."""

from __future__ import annotations

import logging

from media.serving import Cell
from media.worker.counters import Counters
from media.worker.fanout import Fanout, PureFanout
from media.worker.inlet import Inlet, InletSelector, NoInlet
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.inlet import KernelInlet
from media.worker.kernel.load import KernelMissingError, load

logger = logging.getLogger(__name__)


def choose(
    counters: Counters, *, kernel: bool, serving: Cell, selector: InletSelector | None = None
) -> tuple[Fanout, Inlet, str]:
    """Return the compiled fan-out if it is there and ``kernel`` allows it, or that in Python and the reason why.

    With the compiled one there is an inlet, if the loop has a ``selector`` that knows of such.
    """
    if not kernel:
        return PureFanout(counters), NoInlet(), "not wanted"
    try:
        module = load()
    except KernelMissingError as error:
        return PureFanout(counters), NoInlet(), str(error)
    fanout = KernelFanout(module, counters)
    if selector is None:
        return fanout, NoInlet(), ""
    try:
        selector.inlet = inlet = KernelInlet(module, fanout, counters, serving, selector.fileno())
    except OSError as error:  # there is no descriptor left
        logger.warning("every packet waits for Python reason=%r", str(error))
        return fanout, NoInlet(), ""
    return fanout, inlet, ""
