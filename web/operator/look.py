"""One look at the running tasks: the tree, those that lead in something, and what happened lately."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import attrs
import trio

from nurseries import Found, Place, TaskReport, facts_of, plain
from web.node import Node
from web.operator.figures import Figures, figures
from web.operator.selection import Wish, select

Order = Literal["cpu", "queues", "messages", "steps", "age"]
ORDERS: tuple[Order, ...] = get_args(Order)


def row(report: TaskReport, figure: Figures, cpu: float | None) -> dict[str, Any]:
    """A task as JSON has it. ``cpu`` is the part of a core that it used while it was metered; None: it was not."""
    return {
        "id": report.id,
        "parent": report.parent,
        "nursery": report.nursery,
        "depth": report.depth,
        "name": report.name,
        "state": report.state,
        "age": round(report.age, 3),
        "older": report.older,
        "steps": report.steps,
        "waits": _place(report.waits),
        "own": _place(report.own),
        "deadline": None if report.deadline is None else round(report.deadline, 3),
        "cancelled": report.cancelled,
        "children": report.children,
        "stack": [_place(each) for each in report.stack],
        "facts": report.facts,
        "figures": attrs.asdict(figure),
        "cpu": cpu,
    }


def tree(node: Node, wish: Wish, under: str = "", stacks: bool = False) -> dict[str, Any]:
    """The tasks that are wished for. With ``under`` only those of a task, by its id or its name, or the end of it."""
    watch = node.observer.watch
    tasks = watch.walk()
    if under:
        root = _named(tasks, under)
        tasks = [] if root is None else watch.walk(root)
    selection = select(tasks, wish, _matches)
    return {
        "total": len(tasks),
        "left_off": selection.left_off,
        "tasks": [{**_row(node, each, stacks), "folded": each.id in selection.hidden} for each in selection.shown],
    }


def top(node: Node, by: Order, number: int) -> list[dict[str, Any]]:
    """The tasks that lead: in CPU or steps while metered, in octets that wait, in items that passed, or in age."""
    watch, readings = node.observer.watch, node.observer.meter.readings()
    counted: list[tuple[tuple[float, ...], Found]] = []
    for each in watch.walk():
        reading = readings.get(each.id)
        key: tuple[float, ...] = ()
        if by == "cpu":
            key = (0,) if reading is None else (reading.cpu,)
        elif by == "steps":
            key = (0,) if reading is None else (reading.steps,)
        elif by == "age":
            key = (watch.age(each.task),)
        elif facts := facts_of(each.task):
            figure = figures(facts)
            key = (figure.bytes, figure.waiting, figure.dropped) if by == "queues" else (figure.passed,)
        if any(key):
            counted.append((key, each))
    counted.sort(key=lambda pair: pair[0], reverse=True)
    return [_row(node, each, False) for _, each in counted[:number]]


def overview(node: Node) -> dict[str, Any]:
    """How the server is as a whole. ``cpu`` is in seconds, of this process, since it began; ``memory`` in octets."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    run = trio.lowlevel.current_statistics()
    observer = node.observer
    statistics: dict[str, Any] = plain(node.statistics())
    return {
        "at": time.time(),
        "up": round(observer.up, 3),
        "node": statistics,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": _memory(),
        "tasks": {"living": run.tasks_living, "runnable": run.tasks_runnable},
        "watchdog": plain(observer.watchdog.statistics()),
        "meter": plain(observer.meter.statistics()),
    }


def timeline(node: Node, after: int) -> list[dict[str, Any]]:
    """What happened since the entry of that number."""
    return [attrs.asdict(each) for each in node.observer.timeline.after(after)]


def _row(node: Node, found: Found, stacks: bool) -> dict[str, Any]:
    report = node.observer.watch.report(found, stacks=stacks)
    return row(report, figures(report.facts), node.observer.cpu(found.id))


def _matches(found: Found, text: str) -> bool:
    if text in found.task.name.lower():
        return True
    facts = facts_of(found.task)
    return bool(facts) and text in json.dumps(facts, ensure_ascii=False).lower()


def _named(tasks: Sequence[Found], under: str) -> trio.lowlevel.Task | None:
    for fits in (
        lambda each: str(each.id) == under,
        lambda each: each.task.name == under,
        lambda each: each.task.name.endswith(f":{under}"),
        lambda each: under in each.task.name,
    ):
        for each in tasks:
            if fits(each):
                return each.task
    return None


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else {"file": place.file, "line": place.line, "function": place.function}


def _memory() -> int:
    """What the process has in memory now, or had at the most where that is not told."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1_024)
