"""What docs/testing.md shows is run."""

from __future__ import annotations

import inspect
import re
import unittest
from pathlib import Path
from typing import Any

import pytest
import trio

import nurseries.testing
from nurseries.testing.fixtures import EveryCheckpoint

PAGE = Path(__file__).parents[2] / "docs/testing.md"
TEXT = PAGE.read_text()
# Each on the line where it stands, so that a failure shows it.
BLOCKS = [
    "\n" * TEXT.count("\n", 0, found.start(1)) + found[1]
    for found in re.finditer(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """All that the page defines, as if it were one module."""
    namespace: dict[str, Any] = {"__name__": "shown"}
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), namespace)
    return namespace


@pytest.mark.parametrize("name", re.findall(r"^(?:async )?def (test_\w+)", "\n".join(BLOCKS), re.MULTILINE))
def test_an_example_does_what_the_page_says(
    name: str, shown: dict[str, Any], every_checkpoint: EveryCheckpoint
) -> None:
    example = shown[name]
    if inspect.iscoroutinefunction(example):
        trio.run(example)
    elif inspect.signature(example).parameters:
        example(every_checkpoint)
    else:
        example()


def test_the_machine_of_the_page_holds(shown: dict[str, Any]) -> None:
    result = unittest.TestResult()
    shown["TestStays"]("runTest").run(result)
    assert result.testsRun == 1
    assert result.wasSuccessful(), result


def test_the_page_names_what_there_is() -> None:
    names = [name for name in nurseries.testing.__all__ if name[0].islower()]
    assert [name for name in names if not re.search(rf"\b{name}\b", TEXT)] == []
