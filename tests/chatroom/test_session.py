from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import trio

from chatroom.commands import Chat, Pong
from chatroom.frame import Frame
from chatroom.limits import Limits, TokenBucket
from chatroom.outbox import Outbox
from chatroom.session import Session


def in_memory(limits: Limits, clock: Callable[[], float] = trio.current_time) -> tuple[Session, Outbox]:
    lane = Outbox(limits.outbox_frames, limits.outbox_bytes)
    return Session(limits, lane, clock), lane


def text(frame: Frame | None) -> str:
    assert frame is not None
    return frame.text


CHAT = '{"type":"chat","text":"hi"}'


def test_a_bucket_fills_at_its_rate_and_not_above_its_burst() -> None:
    bucket = TokenBucket(rate=2, burst=3)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]


async def test_commands_arrive_in_order_and_end_with_the_socket() -> None:
    session, _ = in_memory(Limits())
    session.feed(CHAT)
    session.feed('{"type":"pong"}')
    session.ended("tab_closed")
    assert [await session.receive(), await session.receive()] == [Chat(text="hi"), Pong()]
    with pytest.raises(trio.EndOfChannel):
        await session.receive()
    assert session.closing is not None
    assert session.closing.reason == "tab_closed"
    assert not session.post(Frame("late"))


async def test_what_was_posted_before_the_close_is_still_written() -> None:
    session, lane = in_memory(Limits())
    assert session.post(Frame("1"))
    session.close(1000, "bye")
    assert not session.post(Frame("2"))
    session.close(1011, "only the first close counts")
    assert text(await lane.take()) == "1"
    assert await lane.take() is None
    assert session.closing is not None
    assert session.closing.code == 1000


@pytest.mark.parametrize(
    ("frame", "code"), [(b"\0", 1003), (b"", 1003), ("x" * 65_537, 1009), ("{", 1007), ("[]", 1007)]
)
async def test_a_broken_frame_closes_the_session(frame: str | bytes, code: int) -> None:
    session, _ = in_memory(Limits())
    session.feed(frame)
    session.feed(CHAT)
    assert session.closing is not None
    assert session.closing.code == code
    with pytest.raises(trio.EndOfChannel):
        await session.receive()


async def test_a_refused_command_is_answered_and_costs_nothing_else() -> None:
    session, lane = in_memory(Limits())
    session.feed('{"type":"dance","ref":"7"}')
    session.feed(CHAT)
    assert json.loads(text(await lane.take())) == {
        "type": "error",
        "ref": "7",
        "code": "invalid_command",
        "message": "There is no such command.",
    }
    assert await session.receive() == Chat(text="hi")
    assert session.statistics().refused == 1


async def test_commands_over_the_rate_are_refused_and_then_the_session_is_closed() -> None:
    now = 0.0
    session, lane = in_memory(Limits(command_rate=10, command_burst=3, refused_burst=5), clock=lambda: now)
    for _ in range(3 + 5):
        session.feed(CHAT)
    errors = [json.loads(text(await lane.take())) for _ in range(5)]
    assert [error["code"] for error in errors] == ["rate_limited"] * 5
    session.feed(CHAT)
    assert session.closing is not None
    assert (session.closing.code, session.closing.reason) == (1008, "kicked")


@pytest.mark.parametrize("rate", [45, 100, 1_000, 4_000])
async def test_a_flood_is_ended_at_any_pace(rate: int) -> None:
    now = 0.0
    session, lane = in_memory(Limits(), clock=lambda: now)
    for number in range(60 * rate):
        now = number / rate
        session.feed('{"type":"pong"}')
        while session.statistics().waiting:
            await session.receive()
        while lane.statistics().frames:
            await lane.take()
        if session.closing is not None:
            break
    assert session.closing is not None
    assert session.closing.code == 1008


async def test_a_page_somewhat_over_the_rate_is_refused_and_kept() -> None:
    now = 0.0
    session, lane = in_memory(Limits(), clock=lambda: now)
    for number in range(60 * 35):
        now = number / 35
        session.feed('{"type":"pong"}')
        while session.statistics().waiting:
            await session.receive()
        while lane.statistics().frames:
            await lane.take()
    assert session.closing is None
    assert session.statistics().refused > 0


async def test_a_participant_that_cannot_follow_is_not_waited_for() -> None:
    session, _ = in_memory(Limits(command_rate=1_000, command_burst=100), clock=lambda: 0.0)
    for _ in range(100):
        session.feed(CHAT)
    assert session.closing is None
    assert session.statistics().waiting == 100
    session.feed(CHAT)  # over the rate: refused before it could overflow
    assert session.closing is None


async def test_a_page_that_does_not_read_is_closed_and_its_frames_are_dropped() -> None:
    session, lane = in_memory(Limits(outbox_frames=4))
    assert [session.post(Frame("x")) for _ in range(5)] == [True] * 4 + [False]
    assert session.closing is not None
    assert session.closing.code == 4001
    assert await lane.take() is None


async def test_an_outbox_is_bounded_in_bytes_too(autojump_clock: trio.testing.MockClock) -> None:
    outbox = Outbox(max_frames=100, max_bytes=10)
    assert outbox.post(Frame("12345678"))
    assert not outbox.post(Frame("345"))
    assert outbox.post(Frame("90"))
    assert [text(await outbox.take()), text(await outbox.take())] == ["12345678", "90"]
    assert outbox.post(Frame("1234567890"))
    statistics = outbox.statistics()
    assert (statistics.frames, statistics.bytes, statistics.posted, statistics.taken) == (1, 10, 3, 2)
    assert text(await outbox.take()) == "1234567890"
    with trio.move_on_after(5) as waiting:
        await outbox.take()
    assert waiting.cancelled_caught
    assert outbox.post(Frame("later"))
    assert text(await outbox.take()) == "later"
    assert not outbox.post(Frame("fünf fünf"))
