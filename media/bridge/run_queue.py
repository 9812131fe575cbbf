"""How long a process of this machine has waited for a core, by what Linux tells of its first thread."""

from __future__ import annotations

from pathlib import Path

import attrs


@attrs.define
class RunQueue:
    """The waits of one process. ``folder`` is what ``/proc`` has of it."""

    folder: Path
    _total: float = 0.0
    #: Nanoseconds that it ran and waited at the last look, if it wanted to run then, and since when it does.
    _seen: tuple[int, int] | None = None
    _since: float = 0.0

    def waited(self, now: float) -> float:
        """Seconds until ``now`` since its start; what was known last if it is gone, or the kernel does not count this.

        The kernel counts a wait when it is over (Documentation/scheduler/sched-stats.rst), and on a busy machine one
        alone can take more than a second. So whoever wants to run at two looks and did not run meanwhile has waited.
        """
        try:
            ran, waited, _ = map(int, (self.folder / "schedstat").read_text().split())
            wants_to_run = (self.folder / "stat").read_text().rpartition(")")[2].split()[0] == "R"
        except (OSError, ValueError, IndexError):
            return self._total
        seen = (ran, waited) if wants_to_run else None
        if seen is None or seen != self._seen:
            self._seen, self._since = seen, now
        self._total = max(self._total, waited * 1e-9 + now - self._since)
        return self._total
