"""What is marked of the words to a worker, for whoever traces them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from chatroom.spans import Attributes, Span, traced_by
from media.messages import GetStatistics, Layout
from tests.media.bridge.fakes import FakeWorkers, running
from tests.media.bridge.people import TWO


class Nobodys:
    def note(self, **attributes: str | float | bool) -> None:
        pass


async def test_requests_that_are_waited_for_are_marked_with_whose_they_are(autojump_clock: Any) -> None:
    begun: list[tuple[str, dict[str, Any]]] = []

    @contextmanager
    def start(name: str, attributes: Attributes) -> Generator[Span]:
        begun.append((name, dict(attributes)))
        yield Nobodys()

    async with running(FakeWorkers(), TWO) as bridge, bridge.attach("blue", "p1", 7, lambda event: None) as session:
        await session.layout({"p2": 180})  # before anybody traces
        with traced_by(start):
            await session.layout({"p2": 360})
            await bridge.worker_statistics()
        await session.layout({"p2": 720})
    layout, statistics = begun
    assert layout[0] == f"worker.{Layout.method}"
    assert {"room": "blue", "participant": "p1", "epoch": 7}.items() <= layout[1].items()
    assert statistics[0] == f"worker.{GetStatistics.method}"
    assert set(statistics[1]) == {"worker"}
