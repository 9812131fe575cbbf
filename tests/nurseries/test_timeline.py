"""What happened lately."""

from __future__ import annotations

import trio
import trio.testing

from nurseries import ChildSpec, Timeline, open_supervisor, recording, remark


def test_the_oldest_is_forgotten_and_all_is_counted() -> None:
    timeline = Timeline(3, clock=lambda: 7.0)
    for number in range(5):
        timeline.add("slow_step", f"t{number}", "words")
    assert [each.task for each in timeline.after(0)] == ["t2", "t3", "t4"]
    assert [each.number for each in timeline.after(4)] == [5]
    assert timeline.after(5) == ()
    assert timeline.after(0)[0].at == 7.0
    assert timeline.statistics().kinds == {"slow_step": 5}
    assert timeline.statistics().remembered == 3


def test_many_of_one_kind_leave_the_others_to_be_seen() -> None:
    timeline = Timeline(3)
    timeline.add("child_restart", "a", "words")
    for number in range(10):
        timeline.add("slow_step", f"t{number}", "words")
    timeline.add("child_restart", "b", "words")
    assert [each.task for each in timeline.after(0)] == ["a", "t7", "t8", "t9", "b"]
    assert timeline.statistics().remembered == 5


async def test_supervisors_tell_the_timeline_they_were_opened_under(autojump_clock: trio.testing.MockClock) -> None:
    timeline, runs = Timeline(), 0

    async def child(*, task_status: trio.TaskStatus[None]) -> None:
        nonlocal runs
        runs += 1
        task_status.started()
        if runs == 1:
            await trio.sleep(1)
            raise ExceptionGroup("", [ValueError("a bug\nin two lines")])
        if runs == 2:
            return
        await trio.sleep_forever()

    async def supervise() -> None:
        async with open_supervisor("s", under="x", children=[ChildSpec("c", child)], report=lambda _: None):
            await trio.sleep(5)

    with recording(timeline):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(supervise)
    assert [(each.kind, each.task, each.words) for each in timeline.after(0)] == [
        ("child_restart", "x/s/c", "ExceptionGroup: a bug in two lines; again in 0.05 s"),
        ("child_restart", "x/s/c", "it returned; again in 0.10 s"),
    ]
    runs = 0
    await supervise()
    assert timeline.statistics().kinds == {"child_restart": 2}


async def test_a_task_tells_the_timeline_it_was_started_under() -> None:
    timeline = Timeline(clock=lambda: 7.0)

    async def work() -> None:
        remark("odd", "what happened", {"figure": 1}, at=3.0)

    with recording(timeline):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work, name="x/work")
    (entry,) = timeline.after(0)
    assert (entry.kind, entry.task, entry.words, entry.details, entry.at) == (
        *("odd", "x/work", "what happened", {"figure": 1}, 3.0),
    )
    await work()  # nobody listens
    assert timeline.statistics().kinds == {"odd": 1}
