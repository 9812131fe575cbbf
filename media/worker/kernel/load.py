"""Finds the compiled kernel."""

from __future__ import annotations

import importlib
from typing import Any

from media.worker.kernel import build


class KernelMissingError(Exception):
    """There is no compiled kernel that could be used; the message says why."""


def load() -> Any:
    """Return the compiled module. Raises KernelMissingError."""
    try:
        module = importlib.import_module(f"media.worker.kernel.{build.MODULE}")
    except ModuleNotFoundError:
        raise KernelMissingError("it was not compiled") from None
    except ImportError as error:  # for another machine, or another C library
        raise KernelMissingError(str(error)) from error
    found = module.ffi.string(module.lib.FINGERPRINT).decode()
    if found != build.fingerprint():
        raise KernelMissingError("it was compiled from other sources")
    return module
