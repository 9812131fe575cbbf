"""What is known of one person's sound or picture on its way to another, at one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs

from chatroom.commands import Report
from chatroom.media import Source
from chatroom.model import Connection
from chatroom.reports import Capture, Playing
from media.statistics import ConsumerStatistics, LayerStatistics, ProducerStatistics, TransportStatistics
from media.terms import Leg

Kind = Literal["audio", "video", "screen"]
#: Whether the room's worker answers; it is lost; it does not answer.
WorkerState = Literal["up", "lost", "silent"]

#: Seconds for which what a page said of itself is believed.
FRESH = 7.0


@attrs.frozen
class Side:
    """One of the two. ``report`` is what their page said last of itself, ``report_age`` seconds ago."""

    id: str
    name: str
    connection: Connection = "present"
    microphone: bool = True
    camera: bool = True
    screens: tuple[int, ...] = ()
    report: Report | None = None
    report_age: float = 0.0

    @property
    def says(self) -> Report | None:
        """What their page says of itself, unless that was too long ago."""
        return self.report if self.report_age <= FRESH else None


@attrs.frozen
class Flow:
    """What the worker tells of the track and of the two connections that it goes over, where there is any."""

    publish: TransportStatistics | None = None
    producer: ProducerStatistics | None = None
    subscribe: TransportStatistics | None = None
    consumer: ConsumerStatistics | None = None


@attrs.frozen
class Evidence:
    """Everything that is known. What flows was read twice: ``before``, and ``seconds`` later as ``flow``.

    ``restored`` is how long ago the media plane came back after it was lost. Of the people in the room, those in ``up``
    have a connection that is up, and those in ``trying`` any.
    """

    kind: Kind
    source: Source
    sender: Side
    receiver: Side
    worker: WorkerState = "up"
    restored: float | None = None
    media_port: int = 0
    up: frozenset[str] = frozenset()
    trying: frozenset[str] = frozenset()
    #: Whether the room has found the way from the sender, or that to the receiver, to be slow.
    slow_uplink: bool = False
    slow_downlink: bool = False
    seconds: float = 1.0
    flow: Flow = Flow()
    before: Flow = Flow()

    @property
    def sound(self) -> bool:
        """Whether it is about sound."""
        return self.kind == "audio"

    @property
    def what(self) -> str:
        """What is on its way, in a word."""
        return {"audio": "sound", "video": "picture", "screen": "screen"}[self.kind]

    @property
    def capture(self) -> Capture | None:
        """What the sender's page says of the device."""
        report = self.sender.says
        if report is None or self.kind == "screen":
            return None
        return report.microphone if self.sound else report.camera

    @property
    def switched_on(self) -> bool:
        """Whether the sender has it on, as everyone in the room is told."""
        if self.kind == "screen":
            return int(self.source.partition(":")[2]) in self.sender.screens
        return self.sender.microphone if self.sound else self.sender.camera

    @property
    def playing(self) -> Playing | None:
        """What the receiver's page says of what it plays."""
        report = self.receiver.says
        tile = f"{self.sender.id}/{self.source}" if self.kind == "screen" else self.sender.id
        return None if report is None else report.playing.get(tile)

    @property
    def publish(self) -> TransportStatistics | None:
        """The connection on which the sender sends."""
        return self.flow.publish

    @property
    def producer(self) -> ProducerStatistics | None:
        """The track as it comes in."""
        return self.flow.producer

    @property
    def subscribe(self) -> TransportStatistics | None:
        """The connection on which the receiver receives."""
        return self.flow.subscribe

    @property
    def consumer(self) -> ConsumerStatistics | None:
        """The track as it goes out."""
        return self.flow.consumer

    def leg(self, leg: Leg) -> TransportStatistics | None:
        """The connection on which the sender sends, or the receiver receives."""
        return self.publish if leg == "publish" else self.subscribe

    def coming(self, count: Callable[[LayerStatistics], int]) -> int | None:
        """How much more of something there was of what the sender sends, between the two times."""
        now, then = self.producer, self.before.producer
        if now is None or then is None:
            return None
        before = {(layer.rid, layer.ssrc): count(layer) for layer in then.layers}
        return sum(max(0, count(layer) - before.get((layer.rid, layer.ssrc), 0)) for layer in now.layers)

    def going(self, count: Callable[[ConsumerStatistics], int]) -> int | None:
        """How much more of something there was of what is sent to the receiver."""
        now, before = self.consumer, self.before.consumer
        if now is None or before is None:
            return None
        return max(0, count(now) - (count(before) if before.ssrc == now.ssrc else 0))


def source_of(kind: Kind, screens: tuple[int, ...]) -> Source:
    """Which of somebody's tracks is meant: of screens the first that they share."""
    if kind == "screen":
        number: Source = f"screen:{min(screens, default=1)}"  # type: ignore[assignment]
        return number
    return "microphone" if kind == "audio" else "camera"
