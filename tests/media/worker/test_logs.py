from __future__ import annotations

import logging
import sys

from media.worker.logs import LineFormatter


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    try:
        raise ValueError("one\ntwo")
    except ValueError:
        record = logging.LogRecord("a.b", logging.ERROR, "", 1, "failed task=%r\r\nmore", ("x",), sys.exc_info())
    line = LineFormatter().format(record)
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("time=")
    assert " level=error logger=a.b message=failed task='x'" in line
    assert "ValueError: one" in line
