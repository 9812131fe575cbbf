"""Every target with examples that were changed at random. `make fuzz` goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import BY_NAME, TARGETS, Target

#: What was found once: files named by their target, a dash, and what it was.
FOUND = sorted((Path(__file__).parent / "found").glob("*"))


def changed(examples: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Examples with octets changed, left out, put in and said twice, cut off, and spliced with each other."""
    places = st.integers(0, max(map(len, examples)))
    kinds = st.sampled_from(["set", "cut", "insert", "repeat", "splice"])
    change = st.tuples(kinds, places, places, st.binary(max_size=8))

    def apply(data: bytes, changes: list[tuple[str, int, int, bytes]], other: bytes) -> bytes:
        for what, at, to, new in changes:
            at, to = sorted((at, to))
            match what:
                case "set":
                    data = data[:at] + new + data[at + len(new) :]
                case "cut":
                    data = data[:at] + data[to:]
                case "insert":
                    data = data[:at] + new + data[at:]
                case "repeat":
                    data = data[:to] + data[at:]
                case "splice":
                    data = data[:at] + other[to:]
        return data

    return st.builds(apply, st.sampled_from(examples), st.lists(change, max_size=4), st.sampled_from(examples))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_comes_is_read_or_refused(target: Target) -> None:
    @settings(max_examples=60 if target.name == "legs" else 200)
    @given(st.binary(max_size=200) | changed(target.examples))
    def run(data: bytes) -> None:
        target.run(data)

    for example in target.examples:
        target.run(example)
    run()


def test_what_was_found_once_is_not_found_again() -> None:
    for file in FOUND:
        BY_NAME[file.name.partition("-")[0]].run(file.read_bytes())
