"""No item is lost or duplicated but by a policy, and each subscription has its items in order: the cores, at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nurseries.stages import Buffer, Dispatcher, Subscription, balance, broadcast, partition
from nurseries.stages.buffers import Overflow
from nurseries.stages.demand import Window
from nurseries.stages.inlet import Batch, Inlet
from nurseries.stages.outlet import Outlet
from nurseries.stages.subscription import Ends

Item = tuple[str | None, int]
DISPATCHERS: dict[str, Any] = {"broadcast": broadcast, "balance": balance, "partition": lambda: partition(key_of)}


def key_of(item: Item) -> str | None:
    return item[0]


@attrs.define(eq=False)
class Consumer:
    """A sink without its task, and what it has seen."""

    buffer: Buffer[Item]
    seat: Subscription[Item]
    #: How many items had been sent when it came.
    since: int
    inlet: Inlet[Item] = attrs.Factory(Inlet)
    hand: Batch[Item] | None = None
    got: list[Item] = attrs.Factory(list)
    failed: bool = False


class Pipeline(RuleBasedStateMachine):
    mode: Literal["broadcast", "balance", "partition"]

    @initialize(mode=st.sampled_from(sorted(DISPATCHERS)))
    def begin(self, mode: Literal["broadcast", "balance", "partition"]) -> None:
        self.mode = mode
        dispatcher: Dispatcher[Item] = DISPATCHERS[mode]()
        self.outlet: Outlet[Item] = Outlet(dispatcher)
        self.sent: list[Item] = []
        self.consumers: list[Consumer] = []
        self.gone: list[Consumer] = []
        self.woken = 0
        #: What a cancelled subscription gave back, if keys may have moved to another before.
        self.late: set[Item] = set()

    @rule(
        most=st.integers(1, 8),
        least=st.integers(0, 7),
        limit=st.integers(1, 8),
        full=st.sampled_from(["wait", "fail", "drop_oldest", "drop_newest", "coalesce"]),
        kept=st.sampled_from(["wait", "fail"]),
        name=st.sampled_from([None, None, "a", "b"]),
    )
    @precondition(lambda self: len(self.consumers) < 4)
    def subscribe(self, most: int, least: int, limit: int, full: Any, kept: Any, name: str | None) -> None:
        buffer: Buffer[Item] = Buffer(limit, full, key=key_of if full == "coalesce" else None, kept=kept)
        seat = Subscription(
            source="source",
            sink="sink",
            number=self.outlet.next_number(),
            window=Window(most, min(least, most - 1)),
            buffer=buffer,
            partition=name if self.mode == "partition" else None,
        )
        consumer = Consumer(buffer, seat, self.outlet.sent)

        def fail(_: Overflow) -> None:
            consumer.failed = True

        def wake() -> None:
            self.woken += 1

        self.outlet.add(seat)
        consumer.inlet.add(seat)
        seat.connect(
            Ends(lambda: consumer.inlet.came(seat), wake, fail),
            lambda: consumer.inlet.remove(seat),
            lambda: self.outlet.remove(seat),
        )
        self.consumers.append(consumer)
        self.outlet.flush()

    @rule(keys=st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12), asked=st.booleans())
    def send(self, keys: list[str | None], asked: bool) -> None:
        """As many as are asked for, as a source does, or more, as a stage may."""
        if asked:
            keys = keys[: self.outlet.demand]
        pending = self.outlet.pending
        items = [(key, len(self.sent) + number) for number, key in enumerate(keys)]
        self.sent += items
        self.outlet.send(items)
        if asked:
            assert self.outlet.pending == pending, "what was asked for goes out at once"

    @rule(data=st.data(), most=st.integers(1, 9))
    @precondition(lambda self: any(each.hand is None for each in self.consumers))
    def take(self, data: st.DataObject, most: int) -> None:
        consumer = data.draw(st.sampled_from([each for each in self.consumers if each.hand is None]))
        ready = consumer.seat.ready
        with self.told_of_demand():
            consumer.hand = consumer.inlet.take(most)
        assert (consumer.hand is not None) == ready
        if consumer.hand is not None:
            assert 0 < len(consumer.hand.items) <= min(most, consumer.seat.batch)
            consumer.got += consumer.hand.items
        self.outlet.flush()

    @rule(data=st.data())
    @precondition(lambda self: any(each.hand is not None for each in self.consumers))
    def settle(self, data: st.DataObject) -> None:
        consumer = data.draw(st.sampled_from([each for each in self.consumers if each.hand is not None]))
        assert consumer.hand is not None
        with self.told_of_demand():
            consumer.seat.settle(len(consumer.hand.items))
        consumer.hand = None
        self.outlet.flush()

    @rule(data=st.data())
    @precondition(lambda self: self.consumers)
    def cancel(self, data: st.DataObject) -> None:
        consumer = data.draw(st.sampled_from(self.consumers))
        self.consumers.remove(consumer)
        self.gone.append(consumer)
        if self.mode == "balance" or any(each.since for each in self.consumers):
            self.late.update(consumer.seat._queue, consumer.seat._backlog)
        consumer.seat.cancel()
        consumer.seat.cancel()
        assert consumer.inlet.take(9) is None
        self.outlet.flush()

    @rule(data=st.data())
    @precondition(lambda self: any(each.failed for each in self.consumers))
    def run_again(self, data: st.DataObject) -> None:
        consumer = data.draw(st.sampled_from([each for each in self.consumers if each.failed]))
        consumer.failed = False
        with self.told_of_demand():
            consumer.inlet.mend()
        self.outlet.flush()

    @invariant()
    def the_figures_add_up(self) -> None:
        for each in self.everyone():
            said = each.seat.statistics()
            where = said.depth + said.backlog + said.in_hand + said.handled
            assert said.received == where + sum(said.dropped.values())
            assert len(each.got) == said.in_hand + said.handled
            assert said.depth <= said.limit
            assert said.backlog <= 12

    @invariant()
    def nothing_comes_that_was_not_asked_for(self) -> None:
        for each in self.everyone():
            said = each.seat.statistics()
            if said.full == "wait":
                assert said.depth + said.in_hand <= each.seat._window.max_demand
                assert set(said.dropped) <= {"cancelled", "returned"}

    @invariant()
    def everything_is_in_order(self) -> None:
        for each in self.everyone():
            for key in ("a", "b", "c", None):
                mine = [item for item in each.got if item[0] == key and item not in self.late]
                assert mine == sorted(mine, key=lambda item: item[1])
                assert len(mine) == len(set(mine))
            if self.mode == "broadcast":
                if each.buffer.full != "coalesce":
                    assert each.got == sorted(each.got, key=lambda item: item[1])
                assert self.nothing_overtook(each.got), each.got

    def nothing_overtook(self, got: list[Item]) -> bool:
        """Whether all that came before what is kept came before it, and all that came after it, after it."""
        return all(
            (before[1] < item[1]) == (place < where)
            for where, item in enumerate(got)
            if item[0] is None
            for place, before in enumerate(got)
            if place != where
        )

    @invariant()
    def nothing_is_lost_or_there_twice(self) -> None:
        if not hasattr(self, "mode"):
            return
        if self.mode == "broadcast":
            for each in self.consumers:
                said = each.seat.statistics()
                assert said.received == self.outlet.sent - each.since
                if each.buffer.full == "wait":
                    until = each.since + len(each.got)
                    assert each.got == self.sent[each.since : until]
        else:
            there = Counter(item for each in self.everyone() for item in each.got)
            assert not there or max(there.values()) == 1
            dropped = Counter(self.outlet.dropped)
            for each in self.everyone():
                dropped.update(each.seat.statistics().dropped)
                waiting = each.seat.statistics()
                dropped["waiting"] += waiting.depth + waiting.backlog
            del dropped["returned"]
            assert len(self.sent) == sum(there.values()) + dropped.total() + self.outlet.pending
            if self.mode == "balance":
                assert set(dropped) <= {"waiting", "coalesced"}, "nobody is given more than it asked for"

    @invariant()
    def what_is_asked_for_does_not_wait(self) -> None:
        if hasattr(self, "mode"):
            assert not self.outlet.pending or self.outlet._demand() == 0

    @contextmanager
    def told_of_demand(self) -> Generator[None]:
        """Whoever has items to give out must be told when there is demand where there was none."""
        demand, woken = self.outlet._demand(), self.woken
        yield
        assert demand or not self.outlet._demand() or self.woken > woken

    def everyone(self) -> Iterator[Consumer]:
        if hasattr(self, "mode"):
            yield from self.consumers
            yield from self.gone


TestPipeline = Pipeline.TestCase
TestPipeline.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
