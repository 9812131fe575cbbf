from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from media.worker.keyframes import MAX_REPEATS, REPEAT, THROTTLE, KeyframeRequester, Pace


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


def test_no_request_is_so_early_that_a_browser_does_not_hear_it() -> None:
    assert THROTTLE > 0.3


def test_layers_of_one_picture_share_their_requests() -> None:
    pace = Pace()
    low, high = KeyframeRequester(pace), KeyframeRequester(pace)
    assert low.ask(5.0)
    assert not high.ask(5.1)
    low.arrived()
    assert not high.tick(5.0 + THROTTLE - 0.01)
    assert high.tick(5.0 + THROTTLE), "the other's keyframe did not come with it"
    high.arrived()
    assert low.ask(9.0)
    assert not high.ask(9.1)
    high.arrived()
    low.arrived()
    assert not high.tick(20.0), "it came with the other's"


def test_a_layer_that_is_not_answered_keeps_no_other_from_asking() -> None:
    pace = Pace()
    dead, alive = KeyframeRequester(pace), KeyframeRequester(pace)
    dead.ask(0.0)
    alive.ask(0.0)
    sent = [(step / 100, each) for step in range(1, 300) for each in (dead, alive) if each.tick(step / 100)]
    assert sent[0] == (THROTTLE, alive)
    assert {each for _, each in sent[1:]} == {dead, alive}, "each goes on"


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
