"""One subscription, and the two sides it connects, by plain calls."""

from __future__ import annotations

import attrs

from nurseries import Buffer, Dispatcher, Overflow, Subscription, balance, broadcast, partition
from nurseries.stages.demand import Window
from nurseries.stages.inlet import Inlet
from nurseries.stages.outlet import Outlet
from nurseries.stages.subscription import Ends


@attrs.define
class Both:
    """What a subscription tells its two sides."""

    came: int = 0
    asked: int = 0
    failed: list[Overflow] = attrs.Factory(list)

    def ends(self) -> Ends:
        def came() -> None:
            self.came += 1

        def asked() -> None:
            self.asked += 1

        return Ends(came, asked, self.failed.append)


def seat(window: Window, buffer: Buffer[int] | None = None, *, number: int = 1) -> tuple[Subscription[int], Both]:
    both = Both()
    made = Subscription(
        source="source",
        sink="sink",
        number=number,
        window=window,
        buffer=buffer or Buffer(),
        partition=None,
    )
    made.connect(both.ends())
    return made, both


def test_it_asks_at_once_and_after_each_batch() -> None:
    one, both = seat(Window(4, 2))
    assert (one.demand, both.asked) == (4, 1)
    one.offer([1, 2, 3, 4])
    assert (one.demand, both.came) == (0, 1)
    assert one.take(9) == [1, 2], "a batch"
    one.settle(2)
    assert (one.demand, both.asked) == (2, 2)


def test_what_was_not_asked_for_waits_in_order() -> None:
    one, both = seat(Window(2, 0))
    one.offer([1, 2, 3])
    one.offer([4])
    assert (one.demand, one.statistics().backlog) == (0, 2)
    got = []
    while items := one.take(9):
        got += items
        one.settle(len(items))
    assert got == [1, 2, 3, 4]
    assert (one.statistics().backlog, both.asked) == (0, 4)


def test_nothing_overtakes_what_waits_for_room() -> None:
    one, _ = seat(Window(9, 0), Buffer(3, "coalesce", key=lambda item: item if item > 9 else None))
    one.offer([1, 2, 3, 4])
    assert (one.statistics().depth, one.statistics().backlog) == (3, 1)
    one.offer([11])
    assert one.take(2) == [1, 2]
    assert one.take(9) == [3, 4, 11]


def test_a_buffer_smaller_than_the_demand_is_asked_for() -> None:
    one, both = seat(Window(9, 0), Buffer(2, "drop_oldest"))
    assert one.demand == 2
    one.offer([1, 2])
    assert (one.demand, both.asked) == (0, 1)
    assert one.take(1) == [1]
    assert (one.demand, both.asked) == (1, 2), "and that there is room again is told"


def test_one_that_overflows_loses_everything_until_it_is_mended() -> None:
    one, both = seat(Window(4, 2), Buffer(3, "fail"))
    one.offer([1, 2, 3])
    assert one.take(1) == [1]
    one.offer([4, 5])
    assert [str(error) for error in both.failed] == [
        "sink fell behind source: more than 3 items that must not be dropped"
    ]
    one.offer([6])
    said = one.statistics()
    assert (said.depth, said.in_hand, said.demand, said.dropped) == (0, 1, 0, {"overflow": 5})
    asked = both.asked
    one.mend()
    assert both.asked > asked
    one.offer([7])
    assert one.take(9) == [7]
    assert len(both.failed) == 1


def test_what_is_given_back_goes_before_what_is_newer() -> None:
    dispatcher: Dispatcher[int] = partition(lambda item: 0)
    outlet = Outlet(dispatcher)
    one, _ = seat(Window(2, 0))
    outlet.add(one)
    outlet.send([1, 2])
    outlet.send([3, 4])
    other, _ = seat(Window(9, 0), number=2)
    outlet.add(other)
    outlet.remove(one)
    outlet.flush()
    assert other.take(9) == [1, 2, 3, 4]
    assert one.statistics().dropped == {"returned": 2}


def test_what_nobody_is_left_for_waits_or_is_dropped() -> None:
    dispatchers: list[tuple[Dispatcher[int], int]] = [(balance(), 2), (broadcast(), 0)]
    for dispatcher, pending in dispatchers:
        outlet = Outlet(dispatcher)
        one, _ = seat(Window(2, 0))
        outlet.add(one)
        outlet.send([1, 2])
        outlet.remove(one)
        outlet.flush()
        assert outlet.pending == pending


def test_who_was_subscribed_again_has_not_come_to_an_end() -> None:
    inlet: Inlet[int] = Inlet()
    one, _ = seat(Window())
    inlet.add(one)
    one.end()
    inlet.came(one)
    assert inlet.ended
    other, _ = seat(Window(), number=2)
    inlet.add(other)
    inlet.remove(other)
    assert not inlet.ended, "one that was cancelled is no end"
