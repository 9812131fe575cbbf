from __future__ import annotations

import ast
import pkgutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nurseries import examples

NAMES = sorted(module.name for module in pkgutil.iter_modules(examples.__path__))


@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_what_its_docstring_says(name: str) -> None:
    source = (Path(examples.__path__[0]) / f"{name}.py").read_text()
    docstring = ast.get_docstring(ast.parse(source), clean=True)
    assert docstring is not None
    said = textwrap.dedent(docstring.partition("It prints::\n\n")[2])
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"nurseries.examples.{name}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.stdout.strip(), run.stderr, run.returncode) == (said.strip(), "", 0)


def test_every_example_is_in_the_list() -> None:
    assert examples.__doc__ is not None
    assert [name for name in NAMES if f"* `{name}`:" not in examples.__doc__] == []
