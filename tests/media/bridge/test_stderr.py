from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bridge.stderr import MAX_LINE, Lines, log_line


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("time=2026-01-01T00:00:00.000Z level=error logger=a message=b", logging.ERROR, "logger=a message=b"),
        ("level=debug logger=a message=b", logging.DEBUG, "logger=a message=b"),
        ("level=loud logger=a", logging.WARNING, "level=loud logger=a"),
        ("Traceback (most recent call last):", logging.WARNING, "Traceback (most recent call last):"),
        ("100% of %s", logging.WARNING, "100% of %s"),
    ],
)
def test_a_line_is_logged_at_the_level_it_names(
    caplog: pytest.LogCaptureFixture, line: str, level: int, text: str
) -> None:
    caplog.set_level(logging.DEBUG, logger="media.worker")
    log_line(line)
    log_line("  ")
    assert caplog.record_tuples == [("media.worker", level, text)]


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_lines_do_not_depend_on_how_they_arrive(lines: list[bytes], size: int) -> None:
    data = b"\n".join(lines)
    whole, pieces = Lines(), Lines()
    expected = [*whole.feed(data), *whole.end()]
    got: list[str] = []
    for start in range(0, len(data), size):
        got += pieces.feed(data[start : start + size])
    assert got + pieces.end() == expected


def test_a_line_without_end_is_cut_once_and_not_kept() -> None:
    lines = Lines()
    got: list[str] = []
    for _ in range(100):
        got += lines.feed(b"x" * 1000)
        assert len(lines._begun) <= MAX_LINE
    got += lines.feed(b"\nnext\nunfinished")
    assert got == ["x" * MAX_LINE + " […]", "next"]
    assert lines.end() == ["unfinished"]


def test_what_is_no_text_is_shown_as_it_is() -> None:
    assert Lines().feed(b"\xff\r\n") == ["\\xff"]
