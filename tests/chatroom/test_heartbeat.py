"""When a socket is asked for a sign of life, and what the answers measure."""

from __future__ import annotations

from chatroom.heartbeat import OUTSTANDING, Heartbeat


def test_a_page_that_is_heard_is_not_asked() -> None:
    heartbeat = Heartbeat(2, now=10)
    assert heartbeat.due == 12
    heartbeat.heard(11.5)
    assert heartbeat.due == 13.5
    heartbeat.heard(11)  # told late
    assert heartbeat.due == 13.5


def test_a_silent_page_is_asked_again_and_again_with_a_number_of_its_own() -> None:
    heartbeat = Heartbeat(2, now=0)
    assert [(heartbeat.due, heartbeat.ping(heartbeat.due)) for _ in range(3)] == [(2, 1), (4, 2), (6, 3)]


def test_an_answer_measures_the_way_there_and_back_once() -> None:
    heartbeat = Heartbeat(2, now=0)
    first, second = heartbeat.ping(2), heartbeat.ping(4)
    heartbeat.pong(second, 4.25)
    assert heartbeat.rtt == 0.25
    heartbeat.pong(first, 4.5)  # overtaken, and still that long under way
    assert heartbeat.rtt == 2.5
    for number in (first, second, 0, -1, 99, None):
        heartbeat.pong(number, 5)
    assert heartbeat.rtt == 2.5


def test_what_nobody_answers_is_forgotten() -> None:
    heartbeat = Heartbeat(2, now=0)
    numbers = [heartbeat.ping(at) for at in range(OUTSTANDING + 1)]
    heartbeat.pong(numbers[0], 100)
    assert heartbeat.rtt is None
    heartbeat.pong(numbers[1], 100)
    assert heartbeat.rtt == 99
