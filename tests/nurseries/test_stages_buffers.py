from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurseries import Buffer

#: What it is news about, or None; and a number of its own.
Item = tuple[str | None, int]


def of(item: Item) -> str | None:
    return item[0]


def test_one_that_waits_takes_what_fits() -> None:
    queue = Buffer[int](3).open()
    assert queue.put([1, 2]) == 2
    assert queue.put([3, 4, 5]) == 1
    assert queue.put([4]) == 0
    assert queue.take(2) == [1, 2]
    assert queue.put([4, 5, 6]) == 2
    assert queue.take(9) == [3, 4, 5]
    assert queue.take(9) == []
    statistics = queue.statistics()
    assert (statistics.received, statistics.taken, dict(statistics.dropped)) == (5, 5, {})


def test_one_that_drops_the_oldest_has_the_last() -> None:
    queue = Buffer[int](3, "drop_oldest").open()
    assert queue.put([1, 2]) == 2
    assert queue.put([3, 4]) == 2
    assert list(queue) == [2, 3, 4]
    assert queue.put([5, 6, 7, 8, 9]) == 5
    assert queue.take(9) == [7, 8, 9]
    assert dict(queue.statistics().dropped) == {"full": 6}


def test_one_that_drops_the_newest_has_the_first() -> None:
    queue = Buffer[int](3, "drop_newest").open()
    assert queue.put([1, 2]) == 2
    assert queue.put([3, 4]) == 2
    assert queue.put([5]) == 1
    assert queue.take(9) == [1, 2, 3]
    assert dict(queue.statistics().dropped) == {"full": 2}


def test_news_stands_where_older_news_stood() -> None:
    queue = Buffer[Item](9, "coalesce", key=of).open()
    assert queue.put([("a", 1), ("b", 2), ("a", 3)]) == 3
    assert queue.take(9) == [("a", 3), ("b", 2)]
    assert dict(queue.statistics().dropped) == {"coalesced": 1}


def test_news_does_not_overtake_what_is_kept() -> None:
    queue = Buffer[Item](9, "coalesce", key=of).open()
    queue.put([("a", 1), ("b", 2), (None, 3), ("a", 4), ("c", 5), ("a", 6)])
    assert queue.take(9) == [("b", 2), (None, 3), ("a", 6), ("c", 5)]


def test_news_makes_room_for_what_is_kept_and_not_the_other_way_round() -> None:
    queue = Buffer[Item](2, "coalesce", key=of).open()
    assert queue.put([("a", 1), (None, 2)]) == 2
    assert queue.put([(None, 3)]) == 1
    assert queue.put([("b", 4)]) == 1, "it is dropped"
    assert queue.put([(None, 5), ("b", 6)]) == 0, "it waits, and so does what comes after it"
    assert queue.take(1) == [(None, 2)]
    assert queue.put([(None, 5), ("b", 6)]) == 2
    assert queue.take(9) == [(None, 3), (None, 5)]
    assert dict(queue.statistics().dropped) == {"full": 3}


def test_a_key_that_is_a_number_is_as_good_as_another() -> None:
    queue = Buffer[int](9, "coalesce", key=lambda item: item % 2 or None).open()
    queue.put([2, 1, 4, 3, 6])
    assert queue.take(9) == [2, 4, 3, 6]


def test_a_key_that_raises_has_changed_nothing() -> None:
    queue = Buffer[Any](9, "coalesce", key=lambda item: item[0]).open()
    with pytest.raises(TypeError):
        queue.put([("a", 1), 2])
    assert (list(queue), queue.statistics().received) == ([], 0)


@pytest.mark.parametrize(
    "wrong",
    [{"limit": 0}, {"full": "burst"}, {"full": "coalesce"}, {"key": of}, {"full": "drop_oldest", "key": of}],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Buffer(**wrong)


def put(waiting: list[Item], items: Sequence[Item], limit: int) -> int:
    """What a buffer that coalesces does, said in the plainest way there is."""
    for number, item in enumerate(items):
        keyed = [place for place, each in enumerate(waiting) if each[0] is not None]
        if item[0] is not None:
            older = [place for place in keyed if waiting[place][0] == item[0]]
            if older:
                if all(each[0] is not None for each in waiting[older[0] :]):
                    waiting[older[0]] = item
                    continue
                del waiting[older[0]]
            elif len(waiting) == limit:
                if not keyed:
                    continue
                del waiting[keyed[0]]
        elif len(waiting) == limit:
            if not keyed:
                return number
            del waiting[keyed[0]]
        waiting.append(item)
    return len(items)


@given(
    st.integers(1, 6),
    st.lists(st.one_of(st.integers(1, 4), st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=9))),
)
def test_to_coalesce_is_what_it_is_said_to_be(limit: int, steps: list[int | list[str | None]]) -> None:
    queue = Buffer[Item](limit, "coalesce", key=of).open()
    waiting: list[Item] = []
    serial = 0
    for step in steps:
        if isinstance(step, int):
            assert queue.take(step) == waiting[:step]
            del waiting[:step]
        else:
            items: list[Item] = []
            for key in step:
                serial += 1
                items.append((key, serial))
            assert queue.put(items) == put(waiting, items, limit)
        assert list(queue) == waiting
        statistics = queue.statistics()
        assert len(queue) == statistics.depth <= limit
        assert statistics.received == statistics.taken + statistics.depth + sum(statistics.dropped.values())
