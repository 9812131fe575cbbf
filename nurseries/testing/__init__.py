"""Tools for tests that want certainty about concurrent code. How to test with them is told in docs/testing.md.

* `cancel_at_every_checkpoint`, `fail_at_every_checkpoint`: every place where a task can be torn.
* `deterministic`, `try_schedules`: the same schedule again, and many of them.
* `every_schedule`, `replay`: all of them, of a small scenario.
* `Host`: a run that plain code takes forward, such as a state machine of Hypothesis.
* `no_tasks_left`, `tasks_in`: who is there, and who should not be.

The fixtures are in `nurseries.testing.fixtures`, which needs pytest.
"""

from nurseries.testing.checkpoints import Injected, Victim, Which, cancel_at_every_checkpoint, fail_at_every_checkpoint
from nurseries.testing.exhaustive import every_schedule, replay
from nurseries.testing.host import Host, Stuck
from nurseries.testing.schedules import MakeClock, Scenario, deterministic, try_schedules
from nurseries.testing.tasks import no_tasks_left, tasks_in

__all__ = [
    "Host",
    "Injected",
    "MakeClock",
    "Scenario",
    "Stuck",
    "Victim",
    "Which",
    "cancel_at_every_checkpoint",
    "deterministic",
    "every_schedule",
    "fail_at_every_checkpoint",
    "no_tasks_left",
    "replay",
    "tasks_in",
    "try_schedules",
]
