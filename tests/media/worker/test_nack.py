from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.worker.nack import ASK_AT, MAX_MISSING, PATIENCE, Missing


def test_a_packet_is_asked_for_three_times_and_then_given_up() -> None:
    missing = Missing()
    missing.gap(10, 12, 0.0)
    asked = {step: due for step in range(0, 1200, 50) if (due := missing.due(step / 1000))}
    assert asked == {0: [10, 11], 150: [10, 11], 600: [10, 11]}
    assert missing.take_failure()
    assert not missing.take_failure()
    assert len(missing) == 0
    assert missing.statistics().given_up == 2


def test_what_came_is_not_asked_for() -> None:
    missing = Missing()
    missing.gap(10, 13, 0.0)
    assert missing.arrived(11) is False, "it was late, and nobody asked"
    assert missing.due(0.0) == [10, 12]
    assert missing.arrived(12) is True
    assert missing.arrived(12) is None
    assert missing.arrived(9) is None
    assert 10 in missing
    assert missing.due(0.2) == [10]
    assert (missing.statistics().lost, missing.statistics().recovered) == (3, 2)


def test_a_keyframe_makes_what_was_before_it_needless() -> None:
    missing = Missing()
    missing.gap(10, 12, 0.0)
    missing.gap(20, 22, 0.0)
    missing.keyframe(15)
    assert missing.due(0.0) == [20, 21]
    assert not missing.take_failure()


def test_more_than_can_be_mended_is_given_up_at_once() -> None:
    missing = Missing()
    missing.gap(0, 10, 0.0)
    missing.gap(20, 20 + MAX_MISSING, 0.0)
    assert missing.due(0.0) == []
    assert missing.take_failure()


@given(
    st.lists(
        st.tuples(st.just("gap"), st.integers(1, 300))
        | st.tuples(st.just("arrived"), st.integers(0, 3_000))
        | st.tuples(st.just("wait"), st.integers(1, 500)),
        max_size=60,
    )
)
def test_bounded_and_never_asked_more_than_three_times(steps: list[tuple[str, int]]) -> None:
    missing, now, newest = Missing(), 0.0, 0
    asked: dict[int, int] = {}
    for what, number in steps:
        if what == "gap":
            missing.gap(newest + 1, newest + 1 + number, now)
            newest += number + 1
        elif what == "arrived":
            missing.arrived(number)
        else:
            now += number / 1000
        for sequence in missing.due(now):
            asked[sequence] = asked.get(sequence, 0) + 1
        assert len(missing) <= MAX_MISSING
    assert all(count <= len(ASK_AT) for count in asked.values())
    for _ in range(len(ASK_AT) + 1):
        missing.due(now + ASK_AT[-1] + PATIENCE + 0.1)
    assert len(missing) == 0
