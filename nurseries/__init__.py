"""How tasks live and die. Begin with the head of `nurseries.supervisor`; for streams of items, with that of
`nurseries.stages`; for tests there is `nurseries.testing`.

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
from nurseries.facts import Fact, facts_of, plain, provide_facts
from nurseries.metering import Meter, MeterStatistics, Reading
from nurseries.paths import child_path
from nurseries.places import Place, below
from nurseries.restarts import Action, Backoff, Decision, Ending, Policy, Restart, decide
from nurseries.stages import (
    Buffer,
    Dispatcher,
    Overflow,
    QueueStatistics,
    Sink,
    Source,
    Stage,
    StageStatistics,
    Subscription,
    SubscriptionStatistics,
    balance,
    broadcast,
    partition,
)
from nurseries.strategies import Strategy
from nurseries.supervisor import Supervisor, TooManyRestarts, open_supervisor
from nurseries.timeline import Happening, Timeline, TimelineStatistics, recording, remark
from nurseries.tree import Found, TaskReport, TaskState, Watch, find_task, watching
from nurseries.watchdog import SlowStep, Watchdog, WatchdogStatistics, log_slow_step, watched_for_slow_steps

__all__ = [
    "Action",
    "Backoff",
    "Buffer",
    "ChildReport",
    "ChildSpec",
    "ChildStatistics",
    "Decision",
    "Dispatcher",
    "Ending",
    "Fact",
    "Found",
    "Happening",
    "Meter",
    "MeterStatistics",
    "Overflow",
    "Place",
    "Policy",
    "QueueStatistics",
    "Reading",
    "Restart",
    "Run",
    "Sink",
    "SlowStep",
    "Source",
    "Stage",
    "StageStatistics",
    "State",
    "Strategy",
    "Subscription",
    "SubscriptionStatistics",
    "Supervisor",
    "SupervisorStatistics",
    "TaskReport",
    "TaskState",
    "Timeline",
    "TimelineStatistics",
    "TooManyRestarts",
    "Watch",
    "Watchdog",
    "WatchdogStatistics",
    "balance",
    "below",
    "broadcast",
    "child_path",
    "decide",
    "facts_of",
    "find_task",
    "log_report",
    "log_slow_step",
    "open_supervisor",
    "partition",
    "plain",
    "provide_facts",
    "recording",
    "remark",
    "watched_for_slow_steps",
    "watching",
]
