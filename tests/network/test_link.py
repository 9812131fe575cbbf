"""What becomes of packets, by plain calls."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.network.conditions import CLEAR, PROFILES, Bursts, Conditions, parse
from tests.network.link import MAX_UNDER_WAY, OVERHEAD, SENT_AGAIN, Delivery, Link

chances = st.floats(0, 1)
times = st.floats(0, 1)
conditions = st.builds(
    Conditions,
    loss=chances,
    bursts=st.none() | st.builds(Bursts, begin=chances, end=chances, loss_in_bad=chances, loss_in_good=chances),
    delay=times,
    jitter=times,
    reordering=chances,
    held_back=times,
    duplication=chances,
    rate=st.none() | st.floats(1_000, 1e8),
    queue=times,
)
#: Seconds since the packet before, and octets.
traffic = st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 1_400)), max_size=60)


def fates(link: Link, count: int, interval: float = 0.01, size: int = 972) -> list[list[Delivery]]:
    """Send so many packets, and return what became of each."""
    return [link.send(number.to_bytes(4) + bytes(size - 4), number * interval) for number in range(count)]


def lost(link: Link, count: int) -> list[bool]:
    return [not fate for fate in fates(link, count)]


# ---- what holds under all conditions


@given(conditions, traffic, st.integers())
def test_the_same_again_for_a_seed(like: Conditions, packets: list[tuple[float, int]], seed: int) -> None:
    def run() -> list[list[Delivery]]:
        link, now, found = Link(like, seed), 0.0, []
        for pause, size in packets:
            now += pause
            found.append(link.send(bytes(size), now))
        return found

    assert run() == run()


@given(conditions, traffic, st.integers(0, 99))
def test_nothing_comes_before_it_can_or_is_lost_from_the_books(
    like: Conditions, packets: list[tuple[float, int]], seed: int
) -> None:
    link, now, came = Link(like, seed), 0.0, 0
    for pause, size in packets:
        now += pause
        found = link.send(bytes(size), now)
        came += bool(found)
        for delivery in found:
            assert len(delivery.packet) == size
            assert delivery.at >= now + like.delay
        assert link.wait(now) <= like.queue + (1_400 + OVERHEAD) * 8 / (like.rate or 1.0)
    told = link.statistics()
    assert told.packets == len(packets)
    assert told.delivered == came
    assert told.packets == told.delivered + told.lost + told.overflowed + told.cut + told.crowded


@given(conditions.map(lambda like: attrs.evolve(like, reordering=0.0)), traffic, st.integers(0, 99))
def test_jitter_changes_no_order(like: Conditions, packets: list[tuple[float, int]], seed: int) -> None:
    link, now, arrivals = Link(like, seed), 0.0, []
    for pause, size in packets:
        now += pause
        arrivals += [delivery.at for delivery in link.send(bytes(size), now)]
    assert arrivals == sorted(arrivals)


@given(st.floats(10_000, 1e7), traffic, st.integers(0, 99))
def test_no_more_comes_through_than_the_rate_lets(rate: float, packets: list[tuple[float, int]], seed: int) -> None:
    link, now, arrivals = Link(Conditions(rate=rate), seed), 0.0, []
    for pause, size in packets:
        now += pause
        arrivals += [(delivery.at, size) for delivery in link.send(bytes(size), now)]
    for (before, _), (after, size) in pairwise(arrivals):
        assert after - before >= (size + OVERHEAD) * 8 / rate - 1e-9


@given(conditions, traffic, st.integers(0, 99))
def test_a_stream_loses_nothing_and_keeps_its_order(
    like: Conditions, packets: list[tuple[float, int]], seed: int
) -> None:
    link, now, arrivals = Link(like, seed), 0.0, []
    for pause, size in packets:
        now += pause
        arrivals.append(link.stream(bytes(size), now).at)
        assert arrivals[-1] >= now + like.delay
    assert arrivals == sorted(arrivals)
    assert link.statistics().delivered == len(packets)


# ---- each kind


def test_a_clear_link_does_nothing() -> None:
    assert Link().send(b"packet", 5.0) == [Delivery(5.0, b"packet")]


def test_independent_loss() -> None:
    found = lost(Link(parse("10%"), seed=1), 20_000)
    assert sum(found) == pytest.approx(2_000, abs=150)
    # and of those after a loss no more than of others
    assert sum(after for before, after in pairwise(found) if before) == pytest.approx(200, abs=60)


def test_bursts() -> None:
    found = lost(Link(PROFILES["bursty"], seed=1), 100_000)
    bursts = sum(after and not before for before, after in pairwise(found))
    assert sum(found) / len(found) == pytest.approx(0.008 / (0.008 + 0.16), abs=0.01)
    assert sum(found) / bursts == pytest.approx(1 / 0.16, abs=0.7)


def test_the_good_state_may_lose_and_the_bad_one_may_not() -> None:
    good = Link(Conditions(bursts=Bursts(0.0, 0.0, loss_in_good=1.0)))
    bad = Link(Conditions(bursts=Bursts(1.0, 0.0, loss_in_bad=0.0)))
    assert all(lost(good, 50))
    assert not any(lost(bad, 50))


def test_jitter_is_between_none_and_its_most() -> None:
    link = Link(Conditions(delay=0.1, jitter=0.02), seed=3)
    delays = [fate[0].at - number for number, fate in enumerate(fates(link, 500, interval=1.0))]
    assert 0.1 <= min(delays) < 0.101
    assert 0.119 < max(delays) <= 0.12


def test_reordering_holds_some_back_and_others_not() -> None:
    link = Link(Conditions(delay=0.1, reordering=0.1, held_back=0.05), seed=3)
    delays = [fate[0].at - number * 0.01 for number, fate in enumerate(fates(link, 1_000))]
    held = [delay for delay in delays if delay > 0.11]
    assert len(held) == link.statistics().reordered == pytest.approx(100, abs=30)
    assert held == pytest.approx([0.15] * len(held))


def test_duplicates() -> None:
    link = Link(Conditions(duplication=1.0))
    assert link.send(b"twice", 1.0) == [Delivery(1.0, b"twice")] * 2
    assert link.statistics().delivered == link.statistics().duplicated == 1


def test_a_rate_and_its_queue() -> None:
    # 1,000 octets with their headers are 10 ms of 800 kbit/s; 25 ms may wait.
    link = Link(Conditions(rate=800_000, queue=0.025))
    found = [link.send(bytes(1_000 - OVERHEAD), 0.0) for _ in range(5)]
    assert [fate[0].at for fate in found if fate] == pytest.approx([0.01, 0.02, 0.03])
    assert link.statistics().overflowed == 2
    assert link.wait(0.02) == pytest.approx(0.01)
    (late,) = link.send(bytes(1_000 - OVERHEAD), 0.02)
    assert late.at == pytest.approx(0.04)
    (idle,) = link.send(bytes(1_000 - OVERHEAD), 9.0)
    assert idle.at == pytest.approx(9.01)


def test_what_is_lost_has_taken_its_time_on_the_wire() -> None:
    link = Link(Conditions(rate=800_000, loss=1.0))
    assert link.send(bytes(1_000 - OVERHEAD), 0.0) == []
    assert link.wait(0.0) == pytest.approx(0.01)


def test_a_cut() -> None:
    link = Link(PROFILES["jittery"])
    link.cut()
    assert link.send(b"packet", 0.0) == []
    link.mend()
    assert link.send(b"packet", 1.0)
    assert (link.statistics().cut, link.statistics().delivered) == (1, 1)


def test_no_more_is_under_way_than_there_is_room_for() -> None:
    link = Link(Conditions(delay=1.0))
    for _ in range(MAX_UNDER_WAY + 2):
        link.send(b"packet", 0.0)
    assert link.statistics().crowded == 2
    assert link.send(b"packet", 1.0)


# ---- changes


def test_one_kind_of_accident_leaves_the_others_as_they_were() -> None:
    plain, slow = Link(parse("10%"), seed=7), Link(parse("10%+100ms~50ms"), seed=7)
    assert lost(plain, 500) == lost(slow, 500)
    cut, whole = Link(parse("10%"), seed=7), Link(parse("10%"), seed=7)
    cut.cut()
    lost(cut, 100)
    cut.mend()
    assert lost(cut, 400) == lost(whole, 500)[100:]


def test_another_seed_is_another_run() -> None:
    assert lost(Link(parse("10%"), seed=1), 100) != lost(Link(parse("10%"), seed=2), 100)


def test_a_new_rate_finds_the_queue_as_it_is() -> None:
    link = Link(Conditions(rate=800_000))
    for _ in range(10):
        link.send(bytes(1_000 - OVERHEAD), 0.0)  # 100 ms
    link.change(Conditions(rate=400_000), 0.05)
    assert link.wait(0.05) == pytest.approx(0.1)
    link.change(CLEAR, 0.06)
    assert link.wait(0.06) == 0.0


def test_a_shorter_way_overtakes_nothing() -> None:
    link = Link(Conditions(delay=1.0))
    (first,) = link.send(b"1", 0.0)
    link.change(CLEAR, 0.1)
    (second,) = link.send(b"2", 0.1)
    assert second.at == first.at


# ---- streams


def test_what_a_stream_loses_comes_later_and_the_rest_waits_for_it() -> None:
    link = Link(Conditions(loss=1.0, delay=0.05))
    late = link.stream(b"1", 0.0)
    assert late.at == pytest.approx(0.1 + SENT_AGAIN)
    link.change(CLEAR, 0.01)
    assert link.stream(b"2", 0.01).at == late.at


def test_statistics_are_of_this_moment() -> None:
    link = Link()
    before = link.statistics()
    link.send(b"1234", 0.0)
    assert attrs.asdict(before) == dict.fromkeys(attrs.asdict(before), 0)
    assert link.statistics().octets == 4
