"""The waits of a process for a core."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.bridge.run_queue import RunQueue


def tells(folder: Path, state: str, ran: float, waited: float) -> None:
    (folder / "schedstat").write_text(f"{ran * 1e9:.0f} {waited * 1e9:.0f} 7\n")
    (folder / "stat").write_text(f"5 (a) name) {state} 1 2 3\n")


def test_waits_that_are_over_are_counted_by_the_system(tmp_path: Path) -> None:
    queue = RunQueue(tmp_path)
    tells(tmp_path, "S", 1.0, 1.5)
    assert queue.waited(10.0) == 1.5
    tells(tmp_path, "S", 1.0, 1.5)
    assert queue.waited(20.0) == 1.5


def test_a_wait_that_goes_on_counts_and_is_not_counted_again(tmp_path: Path) -> None:
    queue = RunQueue(tmp_path)
    tells(tmp_path, "R", 1.0, 0.5)
    assert queue.waited(10.0) == 0.5
    assert queue.waited(10.4) == pytest.approx(0.9)
    assert queue.waited(11.0) == pytest.approx(1.5)
    tells(tmp_path, "R", 1.1, 1.6)
    assert queue.waited(11.2) == pytest.approx(1.6)
    tells(tmp_path, "S", 1.2, 1.6)
    assert queue.waited(20.0) == pytest.approx(1.6)


def test_what_was_counted_is_not_taken_back(tmp_path: Path) -> None:
    """What the kernel counts of a wait may be less than it looked like, as it ran in between."""
    queue = RunQueue(tmp_path)
    tells(tmp_path, "R", 1.0, 0.5)
    queue.waited(10.0)
    assert queue.waited(11.0) == pytest.approx(1.5)
    tells(tmp_path, "S", 1.1, 1.3)
    assert queue.waited(12.0) == pytest.approx(1.5)
    tells(tmp_path, "S", 1.1, 1.8)
    assert queue.waited(13.0) == pytest.approx(1.8)


def test_a_wait_that_was_counted_meanwhile_is_not_counted_twice(tmp_path: Path) -> None:
    queue = RunQueue(tmp_path)
    tells(tmp_path, "R", 1.0, 0.5)
    queue.waited(10.0)
    tells(tmp_path, "R", 1.0, 1.5)
    assert queue.waited(11.0) == pytest.approx(1.5)


@pytest.mark.parametrize("state", ["S", "T", "D"])
def test_who_does_not_want_to_run_waits_for_no_core(tmp_path: Path, state: str) -> None:
    queue = RunQueue(tmp_path)
    tells(tmp_path, "R", 1.0, 0.5)
    queue.waited(10.0)
    tells(tmp_path, state, 1.0, 0.5)
    assert queue.waited(11.0) == 0.5
    tells(tmp_path, "R", 1.0, 0.5)
    assert queue.waited(12.0) == 0.5


def test_who_runs_does_not_wait(tmp_path: Path) -> None:
    queue = RunQueue(tmp_path)
    for second in range(5):
        tells(tmp_path, "R", second, 0.5)
        assert queue.waited(second) == 0.5


@pytest.mark.parametrize("text", ["", "5", "a b c"])
def test_what_the_system_does_not_tell_is_no_wait(tmp_path: Path, text: str) -> None:
    queue = RunQueue(tmp_path)
    assert queue.waited(1.0) == 0.0
    tells(tmp_path, "R", 1.0, 0.5)
    assert queue.waited(1.0) == 0.5
    (tmp_path / "schedstat").write_text(text)
    assert queue.waited(9.0) == 0.5
    tells(tmp_path, "R", 1.0, 0.5)
    (tmp_path / "stat").write_text(text)
    assert queue.waited(9.0) == 0.5
