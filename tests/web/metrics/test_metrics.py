"""What Prometheus is told."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

import attrs
import pytest
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from media.bridge import BridgeStatistics, MemberStatistics, Suspect
from media.statistics import WorkerStatistics
from nurseries.stages import Buffer, Sink, Source
from tests.web.operator.operated import operated
from tests.web.page import page
from tests.web.served import eventually
from web.metrics import registry_of
from web.metrics.media import of_bridge, of_processes, of_workers
from web.metrics.server import of_stages
from web.node import Node
from web.settings import Settings

#: None of which has a value for each room or person.
LABELS = {"version", "state", "reason", "code", "worker", "stage", "kind", "endpoint", "result"}
DOCS = Path(__file__).parents[3] / "docs"
WORKER = WorkerStatistics(
    *(1, 2, 3, 4, 5, 1_000, 2_000, 60, 10, 20, 5),
    kernel=True,
    tcp_proven=7,
    tcp_unproven=1,
    tcp_refused=2,
    octets_received=900_000,
    octets_sent=1_800_000,
    stalls=4,
    stall_longest=0.25,
)
MEMBER = MemberStatistics(
    "worker:0", os.getpid(), None, "up", 10_000, 1, 2, packets_per_second=1.0, restarts=3, rtt=0.001
)


def samples(families: Iterable[Metric]) -> dict[str, float]:
    """Each sample by its name and the values of its labels."""
    return {
        " ".join([sample.name, *(str(value) for value in sample.labels.values())]): sample.value
        for family in families
        for sample in family.samples
    }


async def test_who_is_there_and_who_was_is_told(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        port = server.served.port
        async with page(port, "Ada") as ada, page(port, "Bob", "a-long-name-of-a-room") as bob:
            await ada.send("chat", text="hello")
            await ada.next("chat")
            await ada.send("chat", text="x" * 9_000)
            await ada.next("error")
            await bob.close(1001)
            await eventually(lambda: server.served.node.directory.statistics().participants == 1)
            await eventually(lambda: server.served.node.statistics().sockets == 1)
            status, text = await server.ask("/metrics")
    assert status == 200
    told = samples(text_string_to_metric_families(text))
    expected = {
        "chatroom_rooms": 2,
        "chatroom_participants present": 1,
        "chatroom_participants reconnecting": 0,
        "chatroom_joins_total": 2,
        "chatroom_leaves_total tab_closed": 1,
        "chatroom_leaves_total failed": 0,
        "chatroom_sockets": 1,
        "chatroom_sockets_closed_total 1006": 1,
        "chatroom_commands_total": 4,
        "chatroom_commands_refused_total": 1,
        "chatroom_outbox_frames": 0,
        "chatroom_state running": 1,
        "chatroom_state draining": 0,
        "chatroom_media_available": 1,
    }
    assert {name: told[name] for name in expected} == expected
    assert told["chatroom_frames_written_total"] == told["chatroom_frames_posted_total"] >= 4
    assert told["chatroom_steps_total"] > 10
    assert told["process_resident_memory_bytes"] > 1e6
    assert told["process_open_fds"] > 3
    for name in ("Ada", "Bob", "blue", "long-name"):
        assert name not in text


async def test_without_the_token_nothing_is_told(tmp_path: Path) -> None:
    async with operated(tmp_path) as server:
        assert (await server.ask("/metrics", token="wrong"))[0] == 401
        _, text = await server.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert text.endswith("# EOF\n")


def test_workers_are_told_by_their_places() -> None:
    suspects = (Suspect("blue", "apart", 1, 600.0),)
    told = samples([*of_bridge(BridgeStatistics((MEMBER,), 2, 1, 4, suspects)), *of_workers({"worker:0": WORKER})])
    assert (told["chatroom_rooms_suspected apart"], told["chatroom_rooms_suspected refused"]) == (1, 0)
    assert told["chatroom_workers_ready"] == 1
    assert told["chatroom_worker_restarts_total worker:0"] == 3
    assert told["chatroom_worker_heartbeat_seconds worker:0"] == 0.001
    assert told["chatroom_packets_sent_total worker:0"] == 2_000
    assert told["chatroom_received_bytes_total worker:0"] == 900_000
    assert told["chatroom_sent_bytes_total worker:0"] == 1_800_000
    assert told["chatroom_worker_stalls_total worker:0"] == 4
    assert told["chatroom_worker_stall_longest_seconds worker:0"] == 0.25
    drops = {reason: told[f"chatroom_packets_dropped_total worker:0 {reason}"] for reason in ("unusable", "full")}
    assert drops == {"unusable": 25, "full": 10}
    assert sum(value for name, value in told.items() if "packets_dropped" in name) == WORKER.packets_dropped


def test_what_linux_says_of_a_worker_is_told_and_of_a_dead_one_nothing() -> None:
    told = samples(of_processes([MEMBER, attrs.evolve(MEMBER, name="worker:1", pid=2**22 + 1)]))
    assert told["chatroom_worker_cpu_seconds_total worker:0"] > 0.1
    assert told["chatroom_worker_memory_bytes worker:0"] > 1e6
    assert not [name for name in told if "worker:1" in name]


def test_stages_are_told() -> None:
    source = Source[int]("events")
    source.post(1)
    told = samples(of_stages((source.statistics(),)))
    assert told["chatroom_stage_failures_total events"] == 0
    assert told["chatroom_stage_dropped_total events full"] == 0


def test_what_a_stage_leaves_out_is_told() -> None:
    """By the buffer of a source, and by that of whoever does not keep up."""
    source = Source[int]("events", buffer=Buffer(1, "drop_oldest"))
    source.post_all((1, 2, 3))
    sink = Sink[int]("log", lambda _: None)
    seat = sink.subscribe(source, max_demand=1, buffer=Buffer(2, "drop_newest"))
    seat.offer((1, 2, 3, 4, 5, 6))
    told = samples(of_stages((source.statistics(), sink.statistics())))
    drops = {name: value for name, value in told.items() if name.startswith("chatroom_stage_dropped_total")}
    assert drops == {
        "chatroom_stage_dropped_total events failed": 0,
        "chatroom_stage_dropped_total events full": 2,
        "chatroom_stage_dropped_total log failed": 0,
        "chatroom_stage_dropped_total log full": 4,
    }


@pytest.fixture
async def everything(tmp_path: Path) -> list[Metric]:
    """All families of a server that has everything, and nobody in it."""
    secret = tmp_path / "secret"
    secret.write_text(base64.b64encode(b"x" * 32).decode())
    settings = Settings(webhook_url=("https://a.example/",), webhook_secret_file=secret, data_dir=tmp_path)
    return list(text_string_to_metric_families(generate_latest(registry_of(Node(settings))).decode()))


async def test_names_are_as_prometheus_wants_them(everything: list[Metric]) -> None:
    names = [family.name for family in everything]
    assert len(set(names)) == len(names)
    assert len(names) > 50
    for family in everything:
        assert re.fullmatch(r"(chatroom|process)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert not re.search(r"_(ms|kb|milliseconds|minutes|count|percent)$", family.name)
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")
            assert set(sample.labels) <= LABELS


@pytest.mark.parametrize("file", ["chatroom.json", "alerts.yml"])
async def test_what_the_dashboard_and_the_rules_show_is_there(file: str, everything: list[Metric]) -> None:
    text = (DOCS / "grafana" / file).read_text(encoding="utf-8")
    if file.endswith("json"):
        dashboard = json.loads(text)
        panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
        text = "\n".join(target["expr"] for panel in panels for target in panel["targets"])
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    used = set(re.findall(r"\b(?:chatroom|process)_\w+", text))
    assert len(used) > 7
    there = {f"{family.name}_total" if family.type == "counter" else family.name for family in everything}
    assert used <= there
