from __future__ import annotations

from collections.abc import Hashable, Sequence

import attrs
import pytest

from nurseries.stages import Dispatcher, balance, broadcast, partition
from nurseries.stages.demand import Window
from nurseries.stages.dispatchers import Balance, Broadcast, Partition


@attrs.define
class Place:
    """A seat that takes what it is given."""

    number: int = 1
    demand: int = 10
    holds: bool = True
    partition: Hashable | None = None
    limit: int = 100
    got: list[int] = attrs.Factory(list)

    def offer(self, items: Sequence[int]) -> None:
        self.got.extend(items)
        self.demand -= len(items)


def test_a_broadcast_goes_at_the_pace_of_the_slowest_who_must_be_waited_for() -> None:
    seats = [Place(demand=7), Place(demand=3), Place(demand=0, holds=False)]
    assert Broadcast[int]().demand(seats) == 3


def test_a_broadcast_goes_at_the_pace_of_the_quickest_if_nobody_must_be_waited_for() -> None:
    seats = [Place(demand=7, holds=False), Place(demand=0, holds=False)]
    assert Broadcast[int]().demand(seats) == 7


def test_a_batch_fits_into_the_smallest_buffer() -> None:
    assert Broadcast[int]().demand([Place(demand=7), Place(demand=3, holds=False, limit=5)]) == 5


def test_a_broadcast_goes_to_all() -> None:
    seats = [Place(), Place()]
    assert Broadcast[int]().dispatch([1, 2], seats) == 0
    assert [seat.got for seat in seats] == [[1, 2], [1, 2]]


def test_where_nobody_is_there_is_no_demand() -> None:
    dispatchers: list[Dispatcher[int]] = [broadcast(), partition(hash), balance()]
    assert [each.demand([]) for each in dispatchers] == [0, 0, 0]


def test_a_key_goes_to_one() -> None:
    share: Partition[int] = partition(lambda item: item % 50)
    seats = tuple(Place(number) for number in range(5))
    assert share.dispatch(range(500), seats) == 0
    assert sorted(item for seat in seats for item in seat.got) == list(range(500))
    for seat in seats:
        assert seat.got == sorted(seat.got)
        assert len(seat.got) == 10 * len({item % 50 for item in seat.got}) > 0


def test_when_one_leaves_only_its_keys_move() -> None:
    share: Partition[int] = partition(lambda item: item)
    seats = tuple(Place(number) for number in range(5))
    share.dispatch(range(100), seats)
    fewer = tuple(Place(number) for number in range(4))
    share.dispatch(range(100), fewer)
    for before, after in zip(seats, fewer, strict=False):
        assert set(before.got) <= set(after.got)
    assert sorted(item for seat in fewer for item in seat.got) == list(range(100))


def test_partitions_with_a_name_go_to_whoever_asked_for_them() -> None:
    share: Partition[int] = partition(lambda item: item % 3)
    seats = (Place(1, partition=0), Place(2, partition=1))
    assert share.dispatch([0, 1, 2, 3, 4, 5], seats) == 2
    assert [seat.got for seat in seats] == [[0, 3], [1, 4]]
    assert share.dispatch([8], (*seats, rest := Place(3))) == 0
    assert rest.got == [8]


def test_more_keys_than_it_remembers_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    share: Partition[int] = partition(lambda item: item % 40)
    monkeypatch.setattr(type(share), "MEMORY", 7)
    seats = tuple(Place(number) for number in range(4))
    share.dispatch(range(400), seats)
    homes = [{item % 40 for item in seat.got} for seat in seats]
    assert sum(map(len, homes)) == 40


def test_a_key_that_raises_has_given_nothing_out() -> None:
    share: Partition[int] = partition(lambda item: 1 // item)
    seats = (Place(),)
    with pytest.raises(ZeroDivisionError):
        share.dispatch([1, 0], seats)
    assert share.dispatch([2], seats) == 0
    assert seats[0].got == [2]


def test_balance_gives_to_whoever_asked_for_most_and_no_more_than_that() -> None:
    seats = (Place(demand=2), Place(demand=5), Place(demand=0))
    assert Balance[int]().demand(seats) == 7
    assert Balance[int]().dispatch(list(range(7)), seats) == 0
    assert [seat.got for seat in seats] == [[5, 6], [0, 1, 2, 3, 4], []]


def test_a_window_asks_for_a_batch_when_a_batch_is_done() -> None:
    window = Window(10, 6)
    assert (window.ask(), window.demand, window.batch) == (10, 10, 4)
    window.came(9)
    assert (window.demand, window.held, window.ask()) == (1, 9, 0)
    window.went(3)
    assert window.ask() == 0
    window.went(1)
    assert (window.ask(), window.demand, window.held) == (4, 5, 5)


def test_who_was_given_more_than_asked_for_does_not_ask_before_it_is_less() -> None:
    window = Window(4, 2)
    window.ask()
    window.came(9)
    assert (window.demand, window.ask()) == (0, 0)
    window.went(7)
    assert window.ask() == 2


@pytest.mark.parametrize(("most", "least"), [(4, 4), (4, -1), (0, 0)])
def test_demands_that_do_not_fit_together_are_refused(most: int, least: int) -> None:
    with pytest.raises(ValueError):
        Window(most, least)
