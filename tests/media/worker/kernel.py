"""The compiled kernel, for tests: they compile it, if it is not there or of other sources."""

from __future__ import annotations

import functools
import importlib
from typing import Any

import pytest

from media.worker.counters import Counters
from media.worker.fanout import Fanout, PureFanout
from media.worker.kernel import build
from media.worker.kernel.fanout import KernelFanout
from media.worker.kernel.load import KernelMissingError, load

FANOUTS = ("pure", "kernel")


@functools.cache
def kernel() -> Any:
    """Return the compiled module. A test that needs it fails where it cannot be compiled."""
    try:
        return load()
    except KernelMissingError as error:
        assert "other sources" not in str(error), "Compile it again: python -m media.worker.kernel.build"
    try:
        build.build()
    except build.BuildError as error:
        pytest.fail(f"The kernel is not there, and cannot be compiled here: {error}")
    importlib.invalidate_caches()
    return load()


def make(name: str, counters: Counters) -> Fanout:
    """Make a fan-out of this name."""
    return PureFanout(counters) if name == "pure" else KernelFanout(kernel(), counters)
