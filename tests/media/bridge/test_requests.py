from __future__ import annotations

import pytest

from media.bridge.requests import Requests
from media.messages import BadMessage, Done, ErrorFrame, GetStatistics, Leave, ResultFrame

LEAVE = Leave("blue", "p1", 1)


async def test_requests_go_out_in_order_and_are_answered_by_id() -> None:
    requests = Requests()
    first, second = requests.submit(LEAVE), requests.submit(GetStatistics())
    assert await requests.next() is first
    assert await requests.next() is second
    assert len(requests) == 2
    assert requests.answer(ErrorFrame(second.id, "internal", "x")) is second
    assert requests.answer(ResultFrame(first.id, {})) is first
    assert (first.outcome, second.outcome) == (Done(), ErrorFrame(second.id, "internal", "x"))
    assert len(requests) == 0


async def test_what_is_given_up_is_not_sent_and_its_answer_is_ignored() -> None:
    requests = Requests()
    unsent, sent = requests.submit(LEAVE), requests.submit(LEAVE)
    requests.forget(unsent)
    assert await requests.next() is sent
    requests.forget(sent)
    assert len(requests) == 0
    assert requests.answer(ResultFrame(sent.id, {})) is None


async def test_an_answer_to_what_was_not_asked_makes_no_sense() -> None:
    requests = Requests()
    requests.submit(LEAVE)
    for number in (-1, 0, 1, 2):
        with pytest.raises(BadMessage):
            requests.answer(ResultFrame(number, {}))


async def test_an_answer_of_the_wrong_shape_ends_the_wait() -> None:
    requests = Requests()
    waiting = requests.submit(LEAVE)
    await requests.next()
    with pytest.raises(BadMessage):
        requests.answer(ResultFrame(waiting.id, {"sdp": "x"}))
    assert waiting.done.is_set()
    assert waiting.outcome is None


async def test_closing_ends_all_waits_those_to_come_included() -> None:
    requests = Requests()
    sent, unsent = requests.submit(LEAVE), requests.submit(LEAVE)
    await requests.next()
    requests.close()
    late = requests.submit(LEAVE)
    for waiting in (sent, unsent, late):
        assert waiting.done.is_set()
        assert waiting.outcome is None
    assert len(requests) == 0
