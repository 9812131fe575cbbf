"""Metrics of the server process: its rooms, its sockets, its loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

import trio
from prometheus_client.core import Metric

from chatroom.directory import DirectoryStatistics
from chatroom.model import LeaveReason
from nurseries import WatchdogStatistics
from nurseries.stages import StageStatistics
from web.metrics.families import counter, counter2, gauge
from web.traffic import TrafficStatistics


def of_rooms(rooms: DirectoryStatistics) -> Iterator[Metric]:
    """Who is there, who came and why they went."""
    present = rooms.participants - rooms.reconnecting
    people = {"present": present, "reconnecting": rooms.reconnecting}
    left = {reason: rooms.left.get(reason, 0) for reason in get_args(LeaveReason)}
    yield gauge("rooms", "Rooms that are open, those among them that everybody has just left.", rooms.rooms)
    yield gauge("participants", "People in rooms, by whether they are heard.", people, "state")
    yield counter("joins", "Stays that began.", rooms.admissions)
    yield counter("leaves", "Stays that ended, by why.", left, "reason")


def of_sockets(open: int, traffic: TrafficStatistics) -> Iterator[Metric]:
    """What passes between pages and the server, but for media."""
    closed = {str(code): number for code, number in traffic.closed.items()}
    yield gauge("sockets", "Websockets that are open.", open)
    yield counter("sockets_closed", "Websockets that ended, by close code; 1006: without one.", closed, "code")
    yield counter("commands", "Commands that pages sent.", traffic.commands)
    yield counter("commands_refused", "Commands that were answered with an error.", traffic.refused)
    yield counter("frames_posted", "Frames for pages.", traffic.posted)
    yield counter("frames_written", "Frames that were written to sockets.", traffic.written)
    yield counter("frames_overtaken", "Frames left out as a newer one made them void.", traffic.overtaken)
    yield gauge("outbox_frames", "Frames that wait for pages to read.", traffic.waiting_frames)
    yield gauge("outbox_bytes", "Bytes that wait for pages to read.", traffic.waiting_bytes)
    yield gauge("outbox_fullest_bytes", "Bytes that wait for the page with most of them.", traffic.fullest_bytes)


def of_loop(watchdog: WatchdogStatistics | None) -> Iterator[Metric]:
    """How well tasks get their turns."""
    longest = None if watchdog is None else watchdog.longest
    yield gauge("tasks", "Tasks that live.", trio.lowlevel.current_statistics().tasks_living)
    yield counter("steps", "Turns that tasks had.", 0 if watchdog is None else watchdog.steps)
    yield counter("slow_steps", "Turns in which a task held all others up.", 0 if watchdog is None else watchdog.slow)
    yield gauge("step_longest_seconds", "The longest of all turns.", 0.0 if longest is None else longest.seconds)


def of_stages(stages: tuple[StageStatistics, ...]) -> Iterator[Metric]:
    """What passes through the stages that events run through."""
    drops = {(stage.name, reason): number for stage in stages for reason, number in _drops(stage).items()}
    yield counter("stage_items", "Items that a stage took.", {each.name: each.received for each in stages}, "stage")
    yield counter("stage_sent", "Items that a stage passed on.", {each.name: each.sent for each in stages}, "stage")
    yield gauge("stage_pending", "Items that nobody asked for yet.", {s.name: s.pending for s in stages}, "stage")
    yield counter("stage_failures", "Batches that a stage failed at.", {s.name: s.failures for s in stages}, "stage")
    yield counter("stage_busy_seconds", "Time in a stage's function.", {s.name: s.busy for s in stages}, "stage")
    yield counter2("stage_dropped", "Items that were left out, by why.", ("stage", "reason"), drops)


def _drops(stage: StageStatistics) -> Mapping[str, int]:
    """What a stage has left out itself, and what the buffers before it have."""
    # Two are there from the beginning, or their first would be no increase.
    dropped = Counter({"failed": 0, "full": 0, **stage.dropped})
    for before in (stage.buffer, *stage.subscriptions):
        dropped.update({} if before is None else before.dropped)
    return dropped
