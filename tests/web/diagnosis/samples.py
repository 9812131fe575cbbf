"""A call in which nothing is wrong, as evidence; tests break it."""

from __future__ import annotations

from typing import Any

import attrs

from chatroom.commands import Report
from chatroom.reports import Capture, Playing
from media.statistics import ConsumerStatistics, LayerStatistics, ProducerStatistics, TransportStatistics
from media.terms import Leg
from web.diagnosis.evidence import Evidence, Flow, Kind, Side, source_of

GOOD = Playing(seconds=5.0, packets=250, level=-30.0, concealed=0.0, frames=150, frozen=0.0)


def report(**changes: Any) -> Report:
    said = Report(
        microphone=Capture("live", -30.0),
        camera=Capture("live"),
        sound="playing",
        publish="connected",
        subscribe="connected",
        playing={"b": GOOD, "b/screen:1": GOOD},
    )
    return attrs.evolve(said, **changes)


def transport(leg: Leg, **changes: Any) -> TransportStatistics:
    figures = TransportStatistics(
        *("b" if leg == "publish" else "a", leg, "connected", 100_000.0),
        budget=2e6 if leg == "subscribe" else None,
        estimate=None,
        loss=0.0,
        round_trip=0.05,
        drops={},
        age=30.0,
        checks=12,
        carrier="udp",
        dtls="secure",
        silent=0.02,
    )
    return attrs.evolve(figures, **changes)


def layer(packets: int = 0, **changes: Any) -> LayerStatistics:
    figures = LayerStatistics(
        *(None, 1, True, True, 640, 360, 40_000.0, packets, 0, 0, 0, 0, 0, 0, 0, 0.001),
        silent=0.02,
        keyframe=4.0,
    )
    return attrs.evolve(figures, **changes)


def call(kind: Kind = "audio", **changes: Any) -> Evidence:
    """Bob is on his way to Ada, and everything works. ``changes`` are of the `Evidence`, or of a part that they name.

    A part of the flow is named as it is (``publish``, ``producer``, ``layer``, ``subscribe``, ``consumer``), one of the
    people is ``bob`` or ``ada``, and what their pages say ``bob_says`` and ``ada_says``.
    """
    said = {name: changes.pop(f"{name}_says", {}) for name in ("bob", "ada")}
    parts = {
        name: changes.pop(name, {}) for name in ("bob", "ada", "publish", "producer", "layer", "subscribe", "consumer")
    }
    bob = Side("b", "Bob", report=None if said["bob"] is None else report(**said["bob"]), screens=(1,))
    ada = Side("a", "Ada", report=None if said["ada"] is None else report(**said["ada"]))
    source = source_of(kind, (1,))
    came = dict(parts["layer"])
    count = came.pop("came", 50)

    def flow(packets: int) -> Flow:
        stream = layer(packets=packets, **(came if packets > 100 else came | {"missed": 0}))
        producer = ProducerStatistics("b", "0", source, [stream], "opus" if kind == "audio" else "VP8", 30.0, 0.1, True)
        consumer = ConsumerStatistics(
            *(
                "a",
                "b",
                source,
                2,
                True,
                None,
                None,
                3,
                None,
                40_000.0,
                packets,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0.0,
                0.0,
                0.05,
            ),
            agreement="accepted",
            forwarding=True,
        )
        whole = Flow(transport("publish"), producer, transport("subscribe"), consumer)
        for name in ("publish", "producer", "subscribe", "consumer"):
            if (change := parts[name]) is None:
                whole = attrs.evolve(whole, **{name: None})
            elif change:
                whole = attrs.evolve(whole, **{name: attrs.evolve(getattr(whole, name), **change)})
        return whole

    everything = Evidence(
        *(kind, source, attrs.evolve(bob, **parts["bob"]), attrs.evolve(ada, **parts["ada"])),
        media_port=10_000,
        up=frozenset("ab"),
        trying=frozenset("ab"),
        before=flow(100),
        flow=flow(100 + count),
    )
    return attrs.evolve(everything, **changes)
