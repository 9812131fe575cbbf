"""The repository keeps its own rules."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TRACKED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split(
    "\0"
)[:-1]


def locked(file: str) -> dict[str, str]:
    """The versions in a lock file, by canonical name; of several, for different Pythons, one."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=\[;]", each)[0].strip().lower().replace("_", "-") for each in requirements}


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_what_is_needed_is_locked_with_a_hash(file: str) -> None:
    wanted = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["build"])
    if "dev" in file:
        wanted |= names(PROJECT["optional-dependencies"]["dev"]) - {"chatroom"}
    versions = locked(file)
    assert wanted <= set(versions), "run `make lock`"
    text = (ROOT / file).read_text()
    assert all(entry.count("--hash=sha256:") for entry in re.split(r"\n(?=\S)", text.strip()))


def test_both_locks_agree() -> None:
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: dev[name] for name in run} == run, "run `make lock`"


def test_no_file_is_long() -> None:
    long = {
        name: lines
        for name in TRACKED
        if name.endswith((".py", ".js", ".css")) and (lines := len((ROOT / name).read_text().splitlines())) > 400
    }
    assert not long


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    telling = re.compile(rb"/home/[a-z]|/root/|/Users/|index-url[ =]|registry\.npmjs|files\.pythonhosted")
    own = str(Path(__file__).relative_to(ROOT))
    found = [name for name in TRACKED if name != own and telling.search((ROOT / name).read_bytes())]
    assert not found


def test_what_the_readme_shows_is_there() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/protocol.md"):
        text = (ROOT / name).read_text()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert ((ROOT / name).parent / target).exists(), (name, target)
