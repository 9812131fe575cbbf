"""The pipeline: what workers, rooms and pages say is judged, and goes to whoever is to know what is wrong.

    inputs ─ judge ─┬─ people, room by room: `Pipeline.follow`
                    ├─ log
                    └─ whoever else has subscribed, by `Pipeline.add`

To say something is a plain call that never waits. Of what waits to be judged, joins, leaves, switches and what the
media plane said are kept, and samples and reports are coalesced: of one participant the newest waits. Each sink has a
buffer of its own that loses the oldest before it holds up anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Sequence
from contextlib import contextmanager

import attrs
import structlog
import trio

from chatroom.model import Participant
from chatroom.quality.board import subject
from chatroom.quality.events import QualityEvent, Signalled, Trouble
from chatroom.quality.inputs import Input, Reported, Sampled
from chatroom.quality.judge import TICK, Judge, JudgeStatistics
from chatroom.quality.log import write
from chatroom.quality.watched import Moment
from nurseries import ChildSpec, Supervisor, open_supervisor
from nurseries.stages import Buffer, Sink, Source, Stage, StageStatistics, Subscription, Tap, broadcast

#: What may wait to be judged, and for each sink.
INPUTS, EVENTS = 20_000, 10_000

_log = structlog.stdlib.get_logger("chatroom.quality")


@attrs.frozen
class _Tick:
    """Time has passed; ``late`` is by how many seconds more than it should have."""

    late: float


@attrs.frozen
class PipelineStatistics:
    """``missed`` counts inputs for which there was no room; rooms were asked who is there after that."""

    judge: JudgeStatistics
    missed: int
    resyncs: int
    stages: tuple[StageStatistics, ...]


@attrs.frozen(eq=False)
class _Followed:
    people: Callable[[], Sequence[Participant]]
    show: Callable[[QualityEvent], None]


class Pipeline:
    """Implements `chatroom.quality.port.Quality`. ``clock`` returns Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._judge = Judge()
        self._inputs = Source[Input | _Tick]("inputs", buffer=Buffer(INPUTS, "coalesce", key=_news))
        #: Where sinks subscribe: all that is said, in order, to each of them.
        self.events = Stage[Input | _Tick, QualityEvent]("judge", self._handle, dispatch=broadcast())
        self._people = Sink[QualityEvent]("people", self._show)
        self._log = Sink[QualityEvent]("log", write)
        #: Those that were added.
        self._more: list[Sink[QualityEvent]] = []
        self._tap: Tap[object] | None = None
        self._parts = (self._inputs, self.events, self._people, self._log)
        self.events.subscribe(self._inputs)
        self._people.subscribe(self.events, buffer=Buffer(EVENTS, "coalesce", key=subject))
        self._log.subscribe(self.events, buffer=Buffer(EVENTS, "drop_oldest"))
        #: Those who follow a room, by its name: two, while one ends and another begins.
        self._followed: dict[str, list[_Followed]] = {}
        self._missed = 0
        self._resyncs = 0
        self._in_step = True
        self._supervisor: Supervisor

    async def run(self, *, task_status: trio.TaskStatus[Pipeline] = trio.TASK_STATUS_IGNORED) -> None:
        """Judge, until cancelled. What fails is run again; raises TooManyRestarts if that does not help."""
        under, _, name = trio.lowlevel.current_task().name.rpartition("/")  # this task is the supervisor
        specs = [part.spec() for part in reversed(self._parts)]
        async with open_supervisor(name, under=under, children=[*specs, ChildSpec("clock", self._tick)]) as supervisor:
            self._supervisor = supervisor
            task_status.started(self)
            await trio.sleep_forever()

    def post(self, said: Input) -> None:
        """Take what is said; see `chatroom.quality.port.Quality`."""
        if not self._inputs.post(said):
            self._missed += 1
            self._in_step = False

    @contextmanager
    def follow(
        self, room: str, people: Callable[[], Sequence[Participant]], show: Callable[[QualityEvent], None]
    ) -> Generator[None]:
        """Be told what is wrong in a room; see `chatroom.quality.port.Quality`."""
        followed = _Followed(people, show)
        there = self._followed.setdefault(room, [])
        there.append(followed)
        try:
            yield
        finally:
            there.remove(followed)
            if not there:
                del self._followed[room]

    async def add(
        self, sink: Sink[QualityEvent], *, buffer: Buffer[QualityEvent] | None = None
    ) -> Subscription[QualityEvent]:
        """Have a sink get all events from now on, and run it with the others.

        ``buffer`` must be one that drops, fails or coalesces, or a sink that is stuck would hold up everyone; by
        default it loses the oldest of ten thousand. To take the sink away, call `remove`.
        """
        subscription = sink.subscribe(self.events, buffer=buffer or Buffer(EVENTS, "drop_oldest"))
        try:
            await self._supervisor.start(sink.spec())
        except BaseException:
            subscription.cancel()
            raise
        sink.tap = self._tap
        self._more.append(sink)
        return subscription

    async def remove(self, sink: Sink[QualityEvent], subscription: Subscription[QualityEvent]) -> None:
        """Take away a sink that was added."""
        subscription.cancel()
        self._more.remove(sink)
        sink.tap = None
        await self._supervisor.stop(sink.name)

    def tap(self, take: Tap[object] | None) -> None:
        """Show each batch that a stage is about to handle; see `chatroom.quality.port.Quality`."""
        self._tap = self.events.tap = take
        for sink in (self._people, self._log, *self._more):
            sink.tap = take

    def statistics(self) -> PipelineStatistics:
        """Tell how it is now."""
        stages = tuple(part.statistics() for part in (*self._parts, *self._more))
        return PipelineStatistics(self._judge.statistics(), self._missed, self._resyncs, stages)

    def _handle(self, batch: list[Input | _Tick]) -> list[QualityEvent]:
        in_step, self._in_step = self._in_step, False  # unless all goes well
        said: list[QualityEvent] = []
        moment = Moment(trio.current_time(), self._clock())
        for item in batch:
            said += self._judge.tick(moment, item.late) if isinstance(item, _Tick) else self._judge.take(item, moment)
        if not in_step:
            self._resyncs += 1
            rooms = {
                room: [person for each in there for person in each.people()] for room, there in self._followed.items()
            }
            said += self._judge.sync(rooms, moment)
        self._in_step = True
        return said

    def _show(self, events: list[QualityEvent]) -> None:
        """Tell each room's people what is theirs. Rooms tell them of joins and the like by themselves."""
        for event in events:
            if not isinstance(event, (Signalled, Trouble)):
                continue
            for each in tuple(self._followed.get(event.room, ())):
                try:
                    each.show(event)
                except Exception:  # noqa: BLE001 - a bug on one room's side, in the task that serves them all
                    _log.exception("a room did not take what is wrong", room=event.room, said=event.name)

    async def _tick(self, *, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        due = trio.current_time() + TICK
        before = 0.0
        while True:
            await trio.sleep_until(due)
            now = trio.current_time()
            late = now - due
            self._inputs.post(_Tick(round(max(late, before), 3)))
            due, before = now + TICK, late


def _news(item: Input | _Tick) -> Hashable | None:
    """Return what an input is the newest word on; None where it must not be dropped."""
    if isinstance(item, _Tick):
        return "tick"
    if isinstance(item, (Sampled, Reported)):
        return (type(item), item.room, item.epoch)
    return None
