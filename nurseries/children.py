"""What a supervisor is told about a child, and what it tells about it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Generic, Literal, Protocol, TypeVar

import attrs
import trio

from nurseries.restarts import Action, Ending, Restart

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


@attrs.frozen
class ChildSpec(Generic[T]):
    """A child and when it is run again. ``name`` is unique among the supervisor's living children."""

    name: str = attrs.field(validator=_one_name)
    run: Run[T]
    restart: Restart = attrs.field(
        default="permanent", validator=attrs.validators.in_(("permanent", "transient", "temporary"))
    )


@attrs.frozen
class ChildReport:
    """A child ended by itself, and this is done about it.

    ``error`` is what it raised, complete: a nursery inside it makes it an ExceptionGroup. ``action`` is ``"stop"`` when
    the child was being stopped anyway; ``delay`` is in seconds.
    """

    path: str
    ending: Ending
    error: Exception | None
    action: Action | Literal["stop"]
    delay: float


@attrs.frozen
class ChildStatistics:
    """One child as it is now. ``since`` is when it came into its state, in `trio.current_time` seconds."""

    name: str
    state: State
    restarts: int
    since: float
    last_error: Exception | None


@attrs.frozen
class SupervisorStatistics:
    """A supervisor as it is now. The totals are since it was opened and count children that are gone, too."""

    path: str
    children: tuple[ChildStatistics, ...]
    restarts: int
    failures: int
    last_failure: ChildReport | None


def log_report(report: ChildReport) -> None:
    """Say it to the logger ``nurseries.supervisor``: an error with its traceback, a return as information."""
    what_next = f"restart in {report.delay:.2f} s" if report.action == "restart" else report.action
    if report.error is None:
        _log.info("%s returned: %s", report.path, what_next)
    else:
        _log.error("%s failed: %s", report.path, what_next, exc_info=report.error)
