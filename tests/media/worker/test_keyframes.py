from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from media.worker.keyframes import MAX_REPEATS, REPEAT, THROTTLE, KeyframeRequester


def test_the_first_wish_is_granted_at_once() -> None:
    assert KeyframeRequester().ask(5.0)


def test_many_wishes_are_one_request() -> None:
    requester = KeyframeRequester()
    assert [requester.ask(5.0) for _ in range(3)] == [True, False, False]
    requester.arrived()
    assert not requester.tick(9.0)


def test_a_wish_while_throttled_is_granted_when_the_throttle_ends() -> None:
    requester = KeyframeRequester()
    requester.ask(5.0)
    requester.arrived()
    assert not requester.ask(5.1)
    assert not requester.tick(5.0 + THROTTLE - 0.01)
    assert requester.tick(5.0 + THROTTLE)
    assert not requester.tick(5.0 + THROTTLE + 0.01)


def test_an_unanswered_request_is_repeated_but_not_for_ever() -> None:
    requester = KeyframeRequester()
    sent = [0.0] if requester.ask(0.0) else []
    sent += [step / 20 for step in range(1, 2_000) if requester.tick(step / 20)]
    assert sent[:4] == [0.0, REPEAT, 3 * REPEAT, 7 * REPEAT]
    assert len(sent) == 1 + MAX_REPEATS
    assert requester.ask(100.0), "until somebody asks again"


@given(st.lists(st.tuples(st.sampled_from(["ask", "tick", "arrived"]), st.floats(0, 0.3)), max_size=60))
def test_requests_keep_their_distance_and_no_wish_is_lost(steps: list[tuple[str, float]]) -> None:
    requester, now, sent, wanted = KeyframeRequester(), 0.0, list[float](), False
    for what, pause in steps:
        now += pause
        if what == "arrived":
            requester.arrived()
            wanted = False
            continue
        wanted = wanted or what == "ask"
        if requester.ask(now) if what == "ask" else requester.tick(now):
            sent.append(now)
    assert all(later - earlier >= THROTTLE - 1e-9 for earlier, later in itertools.pairwise(sent))
    if wanted:
        # whatever happened, a request goes out soon
        assert requester.ask(now + 60)
