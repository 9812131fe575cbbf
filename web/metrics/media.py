"""Metrics of the media workers: as the bridge sees them, as they say in answer to its heartbeat, and as Linux does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import attrs
from prometheus_client.core import Metric

from media.bridge import BridgeStatistics, MemberStatistics, count_standings
from media.statistics import WorkerStatistics
from web.metrics.families import counter, counter2, gauge

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def of_bridge(bridge: BridgeStatistics) -> Iterator[Metric]:
    """What the bridge knows by itself."""
    members = bridge.members
    yield gauge("workers_ready", "Media workers that take requests.", bridge.ready)
    yield gauge("worker_up", "Whether a place has a worker that takes requests.", _each(members, _is_up), "worker")
    yield gauge("worker_spare", "Whether it is the spare.", _each(members, lambda m: m.state == "spare"), "worker")
    yield counter("worker_restarts", "Workers that were lost.", _each(members, lambda m: m.restarts), "worker")
    yield gauge("worker_rooms", "Rooms that live on it.", _each(members, lambda m: m.rooms), "worker")
    yield gauge("worker_participants", "People who are on it.", _each(members, lambda m: m.sessions), "worker")
    rtts = {each.name: each.rtt for each in members if each.rtt is not None}
    yield gauge("worker_heartbeat_seconds", "Time of its last answer to a heartbeat.", rtts, "worker")
    yield gauge("bridge_requests_pending", "Requests that workers have not answered.", bridge.pending)
    suspected = count_standings(bridge.suspects)
    yield gauge("rooms_suspected", "Rooms with which workers died, by what became of them.", suspected, "state")
    yield counter("bridge_events_dropped", "Words of workers for stays that are over.", bridge.events_dropped)


def of_workers(workers: Mapping[str, WorkerStatistics]) -> Iterator[Metric]:
    """What workers said in their last answers to a heartbeat; totals are since the worker's start."""
    each = workers.items()
    yield counter("packets_received", "Datagrams.", {name: w.packets_received for name, w in each}, "worker")
    yield counter("packets_sent", "Datagrams.", {name: w.packets_sent for name, w in each}, "worker")
    received = {name: w.octets_received for name, w in each}
    yield counter(
        "received_bytes", "What was in datagrams that came, without headers of UDP and IP.", received, "worker"
    )
    sent = {name: w.octets_sent for name, w in each}
    yield counter("sent_bytes", "What was in datagrams that went, without headers of UDP and IP.", sent, "worker")
    ahead = {name: w.packets_ahead for name, w in each}
    yield counter("packets_ahead", "Packets that the kernel dealt with before Python saw them.", ahead, "worker")
    drops = {(name, reason): number for name, worker in each for reason, number in _drops(worker).items()}
    yield counter2("packets_dropped", "Packets that were not used or not sent, by why.", ("worker", "reason"), drops)
    yield gauge("transports", "Connections for media.", {name: w.transports for name, w in each}, "worker")
    yield gauge("producers", "Tracks that come in.", {name: w.producers for name, w in each}, "worker")
    yield gauge("consumers", "Tracks that go out.", {name: w.consumers for name, w in each}, "worker")
    yield gauge("worker_compiled", "Whether the kernel is compiled.", {name: w.kernel for name, w in each}, "worker")
    stalls = {name: w.stalls for name, w in each}
    yield counter("worker_stalls", "Times that something held a worker's loop up.", stalls, "worker")
    longest = {name: w.stall_longest for name, w in each}
    yield gauge("worker_stall_longest_seconds", "The longest of these.", longest, "worker")
    tcp = {name: w.tcp_proven for name, w in each}
    yield gauge("tcp_connections", "Connections for media by TCP.", tcp, "worker")
    refused = {name: w.tcp_refused for name, w in each}
    yield counter("tcp_refused", "Connections by TCP that were refused or given up.", refused, "worker")


def of_processes(members: Iterable[MemberStatistics]) -> Iterator[Metric]:
    """What Linux says of the workers of this machine."""
    found = {each.name: usage for each in members if each.pid is not None and (usage := _usage(each.pid)) is not None}
    each = found.items()
    yield counter("worker_cpu_seconds", "Processor time.", {name: usage.cpu for name, usage in each}, "worker")
    yield gauge("worker_memory_bytes", "Memory that it has.", {name: usage.memory for name, usage in each}, "worker")
    yield gauge("worker_open_fds", "Files that it has open.", {name: usage.files for name, usage in each}, "worker")


@attrs.frozen
class _Usage:
    cpu: float
    memory: int
    files: int


def _usage(pid: int) -> _Usage | None:
    """See proc(5); None for a process that is gone, or where there is no /proc."""
    process = Path(f"/proc/{pid}")
    with suppress(OSError, ValueError, IndexError):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        return _Usage(cpu, int(fields[21]) * _PAGE, len(os.listdir(process / "fd")))  # noqa: PTH208 - a third of the time
    return None


def _is_up(member: MemberStatistics) -> bool:
    return member.state in {"up", "spare"}


def _each(members: tuple[MemberStatistics, ...], value: object) -> dict[str, float]:
    assert callable(value)
    return {member.name: float(value(member)) for member in members}


def _drops(worker: WorkerStatistics) -> dict[str, int]:
    sent = worker.sends_full + worker.sends_refused + worker.sends_unprotected
    return {
        "unusable": worker.packets_dropped - sent,
        "full": worker.sends_full,
        "refused": worker.sends_refused,
        "unprotected": worker.sends_unprotected,
    }
