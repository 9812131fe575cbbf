from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from nurseries.testing import Injected
from nurseries.testing.fixtures import EveryCheckpoint

ENABLED = 'pytest_plugins = ["nurseries.testing.fixtures"]\n'
TESTS = """
import trio

async def scenario():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1, name="victim:1")
        nursery.start_soon(trio.sleep, 1, name="victim:2")

def test_cancel(every_checkpoint):
    assert every_checkpoint.cancel(scenario, victim="victim:*", which="each") == 2

def test_other():
    pass

def test_cancel_again(every_checkpoint):
    assert every_checkpoint.cancel(scenario, victim="victim:2") == 1
"""


async def sleeper() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1, name="victim")


def test_it_counts_runs_and_time_of_both_explorations(every_checkpoint: EveryCheckpoint) -> None:
    assert every_checkpoint.cancel(sleeper, victim="victim", seed=3) == 1
    assert every_checkpoint.runs == 2
    before = every_checkpoint.seconds
    assert before > 0
    checks: list[int] = []
    with pytest.raises(ExceptionGroup) as caught:
        every_checkpoint.fail(sleeper, victim="victim", error=KeyError, check=lambda: checks.append(1))
    assert caught.group_contains(KeyError)
    assert every_checkpoint.runs == 3
    assert every_checkpoint.seconds > before
    with pytest.raises(ExceptionGroup) as caught:
        every_checkpoint.fail(sleeper, victim="victim")
    assert caught.group_contains(Injected)


@pytest.mark.parametrize(
    ("selected", "summary"), [("cancel", r"= every checkpoint =+\n7 runs in \d+\.\d s\n"), ("other", None)]
)
def test_a_session_ends_with_the_figures_of_its_tests_if_there_are_any(
    tmp_path: Path, selected: str, summary: str | None
) -> None:
    (tmp_path / "conftest.py").write_text(ENABLED)
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", selected, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    if summary is None:
        assert "every checkpoint" not in done.stdout
    else:
        assert re.search(summary, done.stdout), done.stdout
