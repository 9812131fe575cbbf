"""When a worker gives memory back."""

from __future__ import annotations

from media.worker.memory import QUIET, Memory, give_back


def test_it_is_given_back_once_after_each_crowd_and_never_while_anyone_is_there() -> None:
    given: list[float] = []
    now = 100.0
    memory = Memory(lambda: given.append(now))

    def pass_time(seconds: float, transports: int) -> None:
        nonlocal now
        for _ in range(int(seconds * 20)):
            now += 0.05
            memory.tick(transports, now)

    pass_time(3 * QUIET, 0)
    pass_time(3 * QUIET, 2)
    pass_time(QUIET / 2, 0)
    pass_time(QUIET / 2, 1)  # somebody came back
    assert given == []
    left_at = now
    pass_time(3 * QUIET, 0)
    assert [QUIET - 0.1 < at - left_at < QUIET + 0.1 for at in given] == [True]
    pass_time(1.0, 1)
    pass_time(3 * QUIET, 0)
    assert len(given) == 2


def test_it_can_be_given_back_here() -> None:
    give_back()
