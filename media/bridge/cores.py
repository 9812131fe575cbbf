"""How many cores this process may use."""

from __future__ import annotations

import os
from pathlib import Path

#: What a container may use, in microseconds of every so many, or "max" (cgroup v2, cpu.max).
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Those that the scheduler gives us, and no more than a container's share is worth; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text().split()
        cores = min(cores, round(int(allowed) / int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        pass  # no container, or no bound: "max" is no number
    return max(1, cores)
