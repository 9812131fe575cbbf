from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.bridge.placement import EXPECTED, Candidate, place, rescue, spare


def idle(*numbers: int) -> list[Candidate]:
    return [Candidate(number) for number in numbers]


def test_a_room_goes_to_the_worker_that_carries_least() -> None:
    assert place([Candidate(0, 1, 3), Candidate(1, 1, 2), Candidate(2, 1, 4)], wanted=3) == 1


def test_packets_count_and_so_do_those_who_have_sent_none_yet() -> None:
    busy, crowded = Candidate(0, 1, 1, packets=EXPECTED * 4), Candidate(1, 1, 4)
    assert place([busy, crowded], wanted=2) == 1
    assert place([busy, Candidate(1, 1, 6)], wanted=2) == 0


def test_of_two_that_carry_the_same_the_first_is_taken() -> None:
    assert place(idle(2, 1), wanted=2) == 1


def test_where_there_is_no_worker_there_is_no_place() -> None:
    assert place([], wanted=2) is None
    assert rescue([], None, {"blue": 2}) == {}


def test_the_spare_is_one_more_than_are_wanted_and_the_last_that_has_no_rooms() -> None:
    assert spare(idle(0, 1, 2), wanted=2) == 2
    assert spare([*idle(0, 1), Candidate(2, 1, 1)], wanted=2) == 1
    assert spare([Candidate(number, 1, 1) for number in range(3)], wanted=2) is None
    assert spare(idle(0, 1), wanted=2) is None


def test_the_spare_is_of_this_machine_if_one_can_be() -> None:
    there = Candidate(3, remote=True)
    assert spare([*idle(0, 1, 2), there], wanted=3) == 2
    assert spare([*[Candidate(number, 1, 1) for number in range(3)], there], wanted=3) == 3


def test_no_room_is_placed_on_the_spare_however_much_the_others_carry() -> None:
    assert place([Candidate(0, 9, 99), Candidate(1)], wanted=1) == 0


def test_the_spare_takes_all_rooms_of_a_lost_worker() -> None:
    rooms = {"blue": 2, "red": 9}
    assert rescue([Candidate(1, 1, 1), Candidate(2)], 2, rooms) == {"blue": 2, "red": 2}


def test_without_a_spare_the_others_share_the_rooms_the_big_ones_first() -> None:
    rooms = {"small": 1, "big": 6, "middle": 3}
    assert rescue([Candidate(0, 1, 2), Candidate(1, 1, 1)], None, rooms) == {"big": 1, "middle": 0, "small": 0}


def test_a_spare_that_is_gone_itself_rescues_nobody() -> None:
    assert rescue(idle(0), 2, {"blue": 2}) == {"blue": 0}


candidates = st.lists(
    st.builds(
        Candidate,
        number=st.integers(0, 9),
        rooms=st.integers(0, 3),
        sessions=st.integers(0, 9),
        packets=st.floats(0, 1e6),
        remote=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.number,
)


@given(candidates, st.integers(1, 8))
def test_where_anything_is_ready_a_room_finds_a_place_and_the_spare_is_kept(
    ready: list[Candidate], wanted: int
) -> None:
    kept, number = spare(ready, wanted), place(ready, wanted)
    assert (number is None) == (not ready)
    assert number is None or number != kept
    if kept is not None:
        assert [each.rooms for each in ready if each.number == kept] == [0]


@given(candidates, st.none() | st.integers(0, 9), st.dictionaries(st.text(max_size=2), st.integers(1, 9), max_size=9))
def test_no_room_of_a_lost_worker_is_forgotten(ready: list[Candidate], kept: int | None, rooms: dict[str, int]) -> None:
    placed = rescue(ready, kept, rooms)
    assert placed.keys() == (rooms.keys() if ready else set())
    assert set(placed.values()) <= {each.number for each in ready}


@given(st.integers(2, 6), st.lists(st.integers(1, 8), min_size=1, max_size=30))
def test_rooms_that_come_one_after_the_other_are_spread(workers: int, sizes: list[int]) -> None:
    """No worker carries more than another by more than the largest room."""
    carried = [0] * workers
    for size in sizes:
        number = place([Candidate(each, 1, sessions) for each, sessions in enumerate(carried)], wanted=workers)
        assert number is not None
        carried[number] += size
    assert max(carried) - min(carried) <= max(sizes)
