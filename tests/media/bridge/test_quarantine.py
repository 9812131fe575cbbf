from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.bridge.quarantine import FIRST, MAX_RECORDS, MOST, PERIOD, SENTENCE, Quarantine, Suspect


def standings(quarantine: Quarantine, now: float, rooms: str = "abc") -> str:
    return "".join(quarantine.standing(room, now)[0] for room in rooms)


def test_a_room_that_was_seen_at_it_is_kept_from_its_neighbours_at_once() -> None:
    quarantine = Quarantine()
    assert quarantine.died("abc", "b", 10.0) == ["b"]
    assert standings(quarantine, 10.0) == "faf"
    assert quarantine.suspects(10.0) == [Suspect("b", "apart", 1, SENTENCE)]
    assert quarantine.is_certain("b")
    assert quarantine.suspects(10.0 + PERIOD) == [Suspect("b", "apart", 0, SENTENCE - PERIOD)]


def test_one_death_without_neighbours_is_an_accident() -> None:
    quarantine = Quarantine()
    assert quarantine.died("a", "a", 10.0) == []
    assert standings(quarantine, 10.0) == "fff"


def test_who_was_there_at_two_deaths_in_a_minute_is_kept_apart() -> None:
    quarantine = Quarantine()
    assert quarantine.died("ab", None, 10.0) == []
    assert quarantine.died("bc", None, 69.0) == ["b"]
    assert standings(quarantine, 69.0) == "faf"
    assert quarantine.refused_for("b", 69.0) == 0.0


def test_two_deaths_that_lie_further_apart_are_accidents() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", None, 10.0)
    assert quarantine.died("bc", None, 10.0 + PERIOD) == []


def test_a_room_that_kills_a_worker_of_its_own_is_refused_for_a_while_and_longer_each_time() -> None:
    quarantine = Quarantine()
    now = 0.0
    quarantine.died("ab", "b", now)
    quarantine.died("b", "b", now)
    assert quarantine.standing("b", now) == "apart"
    for n in range(2_000):
        quarantine.died("b", "b", now)
        seconds = min(FIRST * 2 ** min(n, 9), MOST)
        assert quarantine.refused_for("b", now) == seconds
        assert quarantine.due(now) == now + seconds
        assert quarantine.standing("b", now + seconds - 0.1) == "refused"
        now += seconds
        assert quarantine.standing("b", now) == "apart"
        assert quarantine.due(now) == float("inf")


def test_only_deaths_of_the_last_minute_count_though_it_is_apart_for_longer() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", "b", 0.0)
    for n in range(1, 6):
        quarantine.died("b", "b", n * PERIOD)
        assert quarantine.suspects(n * PERIOD) == [Suspect("b", "apart", 1, SENTENCE)], "and it is so for longer"
    quarantine.died("bc", None, 6 * PERIOD)
    assert quarantine.suspects(6 * PERIOD) == [Suspect("b", "apart", 1, SENTENCE)], "the other is none"


def test_an_accident_proves_nothing_of_a_room_that_is_apart() -> None:
    quarantine = Quarantine()
    for now in (0.0, 1.0):
        quarantine.died("ab", None, now)
    assert quarantine.died("bc", None, 2 * PERIOD) == ["b"]
    assert not quarantine.is_certain("b")


def test_a_room_that_was_refused_is_apart_for_as_long_as_any_other_after_that() -> None:
    quarantine = Quarantine()
    for _ in range(3):
        quarantine.died("b", "b", 0.0)
    assert quarantine.suspects(0.0) == [Suspect("b", "refused", 3, FIRST)]
    assert quarantine.standing("b", FIRST + SENTENCE - 0.1) == "apart"
    assert quarantine.standing("b", FIRST + SENTENCE) == "free"


def test_where_there_is_no_other_worker_a_second_death_is_enough() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", None, 0.0, others=False)
    quarantine.died("bc", None, 1.0, others=False)
    assert standings(quarantine, 1.0) == "frf"


def test_who_is_suspected_with_others_is_never_refused() -> None:
    quarantine = Quarantine()
    for now in range(10):
        quarantine.died("abc", None, float(now), others=False)
    assert standings(quarantine, 10.0) == "aaa"
    assert not any(quarantine.is_certain(room) for room in "abc")


def test_a_worker_that_was_ended_from_outside_refuses_nobody_media_for_a_while() -> None:
    quarantine = Quarantine()
    for now in range(4):
        quarantine.died("a", None, float(now), others=False, evident=False)
    assert quarantine.standing("a", 4.0) == "apart"
    quarantine.died("a", None, 4.0, others=False, evident=False)
    assert quarantine.standing("a", 4.0) == "refused"


def test_a_room_is_like_any_other_after_its_sentence() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", "b", 0.0)
    assert quarantine.standing("b", SENTENCE - 0.1) == "apart"
    assert quarantine.standing("b", SENTENCE) == "free"
    quarantine.died("b", "b", SENTENCE)
    assert quarantine.standing("b", SENTENCE) == "free"


def test_who_waits_for_a_place_is_refused_and_no_worse_off_for_it() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", "b", 0.0)
    quarantine.wait("b", 1.0)
    assert quarantine.refused_for("b", 1.0) == FIRST
    assert quarantine.standing("b", 1.0 + FIRST) == "apart"
    quarantine.died("b", "b", 1.0 + FIRST)
    assert quarantine.standing("b", 1.0 + FIRST) == "apart"


def test_who_waits_for_a_place_is_apart_for_a_minute_after_that_and_no_less_than_before() -> None:
    quarantine = Quarantine()
    quarantine.died("ab", "b", 0.0)
    quarantine.wait("b", 1.0)
    assert quarantine.standing("b", SENTENCE - 0.1) == "apart"
    quarantine.wait("b", SENTENCE - 1.0)
    assert quarantine.standing("b", SENTENCE - 1.0 + FIRST + PERIOD - 0.1) == "apart"
    assert quarantine.standing("b", SENTENCE - 1.0 + FIRST + PERIOD) == "free"


def test_what_is_remembered_is_bounded() -> None:
    quarantine = Quarantine()
    quarantine.died([str(n) for n in range(3 * MAX_RECORDS)], None, 0.0)
    quarantine.died([str(n) for n in range(3 * MAX_RECORDS)], None, 1.0)
    assert len(quarantine.suspects(1.0)) == MAX_RECORDS


def test_the_oldest_suspicion_is_dropped_first() -> None:
    quarantine = Quarantine()
    for now in (0.0, 1.0):
        quarantine.died(["old"], None, now)
    many = [str(n) for n in range(MAX_RECORDS)]
    for now in (2.0, 3.0):
        quarantine.died(many, None, now)
    assert {suspect.room for suspect in quarantine.suspects(3.0)} == set(many)


deaths = st.lists(
    st.tuples(
        st.sets(st.sampled_from("abcdef"), min_size=1),
        st.booleans(),
        st.booleans(),
        st.floats(0, 300),
    ),
    max_size=30,
)


@given(deaths)
def test_nobody_is_judged_for_a_death_elsewhere(history: list[tuple[set[str], bool, bool, float]]) -> None:
    """A room is no more than it was before, if a worker died without it or another was seen at it."""
    quarantine, now = Quarantine(), 0.0
    order = "free", "apart", "refused"
    for rooms, seen, others, pause in history:
        now += pause
        before = {room: quarantine.standing(room, now) for room in "abcdef"}
        culprit = min(rooms) if seen else None
        judged = quarantine.died(rooms, culprit, now, others=others)
        assert set(judged) <= ({culprit} if culprit else rooms)
        refused = {room for room in "abcdef" if quarantine.standing(room, now) == "refused"}
        assert len(refused - {room for room, standing in before.items() if standing == "refused"}) <= 1
        for room in "abcdef":
            standing = quarantine.standing(room, now)
            assert standing == before[room] or room in judged
            assert order.index(standing) >= order.index(before[room])
            assert (quarantine.refused_for(room, now) > 0) == (standing == "refused")
            assert quarantine.refused_for(room, now) <= MOST + 1e-6
        assert quarantine.due(now) > now


@given(st.integers(2, 6), st.integers(0, 5), st.data())
def test_a_killer_is_found_among_any_number_of_rooms(cells: int, killer: int, data: st.DataObject) -> None:
    """Whoever is suspected with others is spread over workers, and each death leaves fewer of them."""
    quarantine, now = Quarantine(), 0.0
    rooms = "abcdef"
    bad = rooms[killer]
    aboard = set(rooms)
    for deaths in range(1, 20):
        quarantine.died(aboard, None, now)
        if quarantine.standing(bad, now) == "refused":
            break
        now += data.draw(st.floats(0.1, 1.0))
        if deaths >= 2:
            members = sorted(aboard)
            groups = [set(members[n::cells]) for n in range(cells)]
            aboard = next(group for group in groups if bad in group)
    else:
        raise AssertionError("it kills for ever")
    assert [room for room in rooms if quarantine.standing(room, now) == "refused"] == [bad]
