"""What a supervisor is told about a child, and what it tells about it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Generic, Literal, Protocol, TypeVar

import attrs
import trio

from nurseries.restarts import Action, Ending, Restart
from nurseries.strategies import Strategy

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

State = Literal["starting", "running", "waiting", "stopping"]

_log = logging.getLogger("nurseries.supervisor")


class Run(Protocol[T_co]):
    """An async function that calls ``task_status.started(value)`` when it is ready, and then does its work."""

    def __call__(self, *, task_status: trio.TaskStatus[T_co]) -> Awaitable[None]: ...


def _one_name(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if not value or "/" in value:
        raise ValueError(f"{attribute.name} must not be empty nor hold a slash: {value!r}")


def _seconds(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{attribute.name} must not be negative, not {value!r}")


@attrs.frozen
class ChildSpec(Generic[T]):
    """A child and when it is run again. ``name`` is unique among the supervisor's living children.

    ``shutdown`` is for how many seconds a supervisor waits for it, after cancelling it, before it turns to the next
    one to stop and reports an overrun. `math.inf` is for a child that is a supervisor itself, and has deadlines of its
    own below it; 0 does not wait, and is no overrun.
    """

    name: str = attrs.field(validator=_one_name)
    run: Run[T]
    restart: Restart = attrs.field(
        default="permanent", validator=attrs.validators.in_(("permanent", "transient", "temporary"))
    )
    shutdown: float = attrs.field(default=5.0, validator=_seconds)


@attrs.frozen
class ChildReport:
    """A child ended by itself, or does not end in time, and this is done about it.

    ``error`` is what it raised, complete: a nursery inside it makes it an ExceptionGroup. ``action`` is ``"stop"`` when
    the child was being stopped anyway; ``delay`` is how many seconds a restart waits. ``others`` are the neighbours
    that are stopped because of it, in that order.

    ``ending`` is ``"overran"`` when a child that was told to end has not done so for ``delay`` seconds. It cannot be
    killed: it is still there, and the supervisor does not end before it does.
    """

    path: str
    ending: Ending | Literal["overran"]
    error: Exception | None
    action: Action | Literal["stop"]
    delay: float
    others: tuple[str, ...] = ()


@attrs.frozen
class ChildStatistics:
    """One child as it is now. ``since`` is when it came into its state, in `trio.current_time` seconds.

    ``restarts`` is how many times it was run again, for its own sake or a neighbour's.
    """

    name: str
    state: State
    restarts: int
    since: float
    last_error: Exception | None


@attrs.frozen
class SupervisorStatistics:
    """A supervisor as it is now. The totals are since it was opened and count children that are gone, too.

    ``overruns`` is how many times a child was told to end and took longer than its ``shutdown``.
    """

    path: str
    children: tuple[ChildStatistics, ...]
    restarts: int
    failures: int
    last_failure: ChildReport | None
    strategy: Strategy
    overruns: int


def log_report(report: ChildReport) -> None:
    """Say it to the logger ``nurseries.supervisor``: an error with its traceback, an overrun as a warning, a return as
    information.
    """
    if report.ending == "overran":
        _log.warning("%s was told to end and has not done so for %g s", report.path, report.delay)
        return
    what_next = f"restart in {report.delay:.2f} s" if report.action == "restart" else report.action
    if report.others:
        what_next += f", together with {', '.join(reversed(report.others))}"
    if report.error is None:
        _log.info("%s returned: %s", report.path, what_next)
    else:
        _log.error("%s failed: %s", report.path, what_next, exc_info=report.error)
