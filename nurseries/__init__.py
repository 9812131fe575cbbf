"""How tasks live and die. Begin with the head of `nurseries.supervisor`; for tests there is `nurseries.testing`.

A library of its own: it needs Trio and attrs, and knows nothing of what the tasks are for.
"""

from nurseries.children import (
    ChildReport,
    ChildSpec,
    ChildStatistics,
    Run,
    State,
    SupervisorStatistics,
    log_report,
)
from nurseries.paths import child_path
from nurseries.restarts import Action, Backoff, Decision, Ending, Policy, Restart, decide
from nurseries.strategies import Strategy
from nurseries.supervisor import Supervisor, TooManyRestarts, open_supervisor

__all__ = [
    "Action",
    "Backoff",
    "ChildReport",
    "ChildSpec",
    "ChildStatistics",
    "Decision",
    "Ending",
    "Policy",
    "Restart",
    "Run",
    "State",
    "Strategy",
    "Supervisor",
    "SupervisorStatistics",
    "TooManyRestarts",
    "child_path",
    "decide",
    "log_report",
    "open_supervisor",
]
