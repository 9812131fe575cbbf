"""Tools for tests that want certainty about concurrent code. How to test with them is told in docs/testing.md.

* `cancel_at_every_checkpoint`, `fail_at_every_checkpoint`: every place where a task can be torn.
* `deterministic`, `try_schedules`: the same schedule again, and many of them.
"""

from nurseries.testing.checkpoints import Injected, Victim, Which, cancel_at_every_checkpoint, fail_at_every_checkpoint
from nurseries.testing.schedules import MakeClock, Scenario, deterministic, try_schedules

__all__ = [
    "Injected",
    "MakeClock",
    "Scenario",
    "Victim",
    "Which",
    "cancel_at_every_checkpoint",
    "deterministic",
    "fail_at_every_checkpoint",
    "try_schedules",
]
