"""What `chatroom tree` and `chatroom top` show, as text: plain functions of what the server said."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

#: Columns of a terminal whose width is not known.
WIDTH = 120

Task = Mapping[str, Any]


def duration(seconds: float) -> str:
    """Say a time, in as many digits as help."""
    for unit, length, until in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < until:
            return f"{seconds / length:.1f} {unit}" if seconds / length < 10 else f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.1f} d"


def octets(number: float) -> str:
    if number < 1_000:
        return f"{number:.0f} B"
    return f"{number / 1e3:.1f} kB" if number < 1e6 else f"{number / 1e6:.1f} MB"


def place(where: Mapping[str, Any] | None) -> str:
    return "" if where is None else f"{where['file']}:{where['line']} {where['function']}"


def label(task: Task) -> str:
    """Who a task is for: what its owner tells, in a word."""
    facts = task["facts"]
    if (stay := facts.get("stay")) is not None:
        words = str(stay["name"])
        return words if stay["lease"] == "present" else f"{words}, {stay['lease']}"
    if (room := facts.get("room")) is not None:
        return f"{room['log']['present']} here"
    if (socket := facts.get("socket")) is not None:
        return f"socket of {socket['participant']}" if "participant" in socket else "socket, not in a room"
    return ""


def tree_lines(answer: Mapping[str, Any], *, stacks: bool = False, width: int = WIDTH) -> list[str]:
    """Draw the tree: name, whose, age, what waits in it, restarts, and where it waits."""
    lines: list[str] = []
    names: dict[int, str] = {}
    for task in answer["tasks"]:
        names[task["id"]] = task["name"]
        above = names.get(task["parent"], "")
        name = task["name"]
        short = name[len(above) + 1 :] if above and name.startswith(f"{above}/") else name
        words = [f"{'  ' * task['depth']}{short}", label(task), ("> " if task["older"] else "") + duration(task["age"])]
        words += _marks(task)
        words.append(place(task["own"] or task["waits"]) if task["state"] == "parked" else task["state"])
        lines.append(cut("  ".join(word for word in words if word), width))
        if stacks:
            lines += [f"{'  ' * task['depth']}    {place(each)}" for each in task["stack"]]
    if answer["left_off"]:
        lines.append(f"… and {answer['left_off']} more of {answer['total']} tasks")
    return lines


def media_lines(answer: Mapping[str, Any], *, width: int = WIDTH) -> list[str]:
    """Draw what workers do: each connection and track in a line."""
    lines: list[str] = []
    for worker, rooms in answer["workers"].items():
        lines.append(f"{worker}  {answer['rooms'][worker]} rooms")
        for room, people in rooms.items():
            if isinstance(people, str):
                lines.append(f"  {room}  {people}")
                continue
            lines.append(f"  {room}  {len(people)} here")
            for person, parts in people.items():
                lines.append(f"    {person}")
                lines += [cut(f"      {name}  {_figures(part)}", width) for name, part in parts.items()]
    if answer["left_off"]:
        lines.append(f"… and {answer['left_off']} more rooms")
    return lines or ["no worker, or no such room"]


def _figures(part: Mapping[str, Any]) -> str:
    shown = []
    for name, value in part.items():
        if value is None or value in ({}, []):
            continue
        if name in {"bitrate", "budget", "estimate"}:
            value = f"{value / 1e3:.0f} kbit/s"
        shown.append(f"{name.replace('_', ' ')} {_short(value)}")
    return ", ".join(shown)


def top_lines(look: Mapping[str, Any], before: Mapping[str, Any] | None, *, width: int = WIDTH) -> list[str]:
    """Draw one screen: the server in three lines, its leaders in a table, and what happened last."""
    node, watchdog = look["node"], look["watchdog"]
    elapsed = 0.0 if before is None else look["at"] - before["at"]
    used = (look["cpu"] - before["cpu"]) / elapsed if before is not None and elapsed > 0 else None
    rooms = node["rooms"]
    workers = node["workers"]
    up = sum(worker["state"] in {"up", "spare"} for worker in workers)
    lines = [
        f"chatroom {node['state']}, up {duration(look['up'])}: {rooms['participants']} people in {rooms['rooms']} "
        f"rooms, {node['sockets']} sockets, {up} of {len(workers)} media workers",
        f"{look['tasks']['living']} tasks, {octets(look['memory'])}"
        + ("" if used is None else f", CPU {used:.1%}")
        + f", {watchdog['slow']} slow steps of more than {watchdog['limit']:g} s"
        + ("" if watchdog["longest"] is None else f", the longest {watchdog['longest']['seconds']:.2f} s"),
        "",
        f"{'CPU':>7} {'STEPS':>8} {'WAITING':>8} {'QUEUED':>9} {'PASSED':>8} {'AGE':>8}  TASK",
    ]
    for task in look["top"]:
        cpu = "" if task["cpu"] is None else f"{task['cpu']:.2%}"
        figures = task["figures"]
        whose = f"  ({label(task)})" if label(task) else ""
        where = place(task["own"] or task["waits"]) if task["state"] == "parked" else task["state"]
        row = (
            f"{cpu:>7} {task['steps']:>8} {figures['waiting']:>8} {octets(figures['bytes']):>9} "
            f"{figures['passed']:>8} {duration(task['age']):>8}  {task['name']}{whose}  {where}"
        )
        lines.append(cut(row, width))
    if not look["top"]:
        lines.append("nobody yet")
    if look["timeline"]:
        lines += ["", "LATELY"]
        lines += [cut(happening(each), width) for each in look["timeline"][-5:]]
    return lines


def happening(entry: Mapping[str, Any]) -> str:
    """Say one entry of the timeline."""
    words = str(entry["words"])
    return words if words.startswith(entry["task"]) else f"{entry['task']} {entry['kind']}: {words}"


#: What an entry of a trace is shown with: to the server, from it, to the media plane, from it; of a stage.
_SIGNS = {
    "command": "->",
    "event": "<-",
    "asked": "=>",
    "answered": "<=",
    "media": "<=",
    "closed": "xx",
    "item": "::",
    "end": "--",
}


def entry(said: Mapping[str, Any]) -> str:
    """Say one entry of a trace: when, whose, which way, and what."""
    at = time.strftime("%H:%M:%S", time.localtime(said["at"])) + f"{said['at'] % 1:.3f}"[1:]
    if said["kind"] == "end":
        return f"{at}  {_SIGNS['end']} {said['words']}"
    body = said["body"]
    words = ", ".join(f"{name} {_short(value)}" for name, value in body.items() if value is not None and name != "ref")
    return f"{at}  {said['room']}/{said['participant'] or 'everyone'}  {_SIGNS[said['kind']]} {said['type']}  {words}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _marks(task: Task) -> Sequence[str]:
    figures, facts = task["figures"], task["facts"]
    restarts = sum(fact.get("restarts", 0) for fact in facts.values() if isinstance(fact, dict))
    marks = [f"{figures['waiting']} waiting ({octets(figures['bytes'])})" if figures["waiting"] else ""]
    marks += [f"{figures['dropped']} dropped" if figures["dropped"] else ""]
    if (stalls := (facts.get("worker") or {}).get("stalls")) and stalls["number"]:
        marks.append(f"{stalls['number']} stalls, the last {stalls['last']}")
    marks += [f"{restarts} restarts" if restarts else "", "cancelled" if task["cancelled"] else ""]
    marks += [f"{task['children']} below" if task.get("folded") else ""]
    return marks
