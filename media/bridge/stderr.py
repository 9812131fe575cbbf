"""What a worker writes to its standard error becomes records of the logger ``media.worker``."""

from __future__ import annotations

import logging
import re

import trio

from nurseries import remark

#: The longest line that is logged, in bytes. What is longer is cut.
MAX_LINE = 8_192

_log = logging.getLogger("media.worker")
_LEVELS = {name.lower(): getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}
#: See `media.worker.watchdog`.
_HELD = re.compile(r"logger=media\.worker\.watchdog message=the loop is held seconds=(\S+) at=(['\"])(.*)\2 ")
_HEAD = re.compile(r"(?:time=\S+ )?level=(\w+) ")


async def forward_lines(stream: trio.abc.ReceiveStream, scope: trio.CancelScope) -> None:
    """Log each line until the stream ends or ``scope``, which this opens, is cancelled; then close the stream."""
    lines = Lines()
    with scope:
        async with stream:
            async for data in stream:
                for line in lines.feed(bytes(data)):
                    log_line(line)
    for line in lines.end():
        log_line(line)


def log_line(line: str) -> None:
    """Log a line at the level that it names, without the time. A line that names none (of a traceback) is a warning."""
    if held := _HELD.search(line):
        # Said while it lasts, and perhaps its last word: whoever does not answer for long is ended.
        remark("worker_stalled", f"its loop is held, for {held[1]} s so far: {held[3] or 'a line that was not seen'}")
    head = _HEAD.match(line)
    if head and head[1] in _LEVELS:
        _log.log(_LEVELS[head[1]], "%s", line[head.end() :])
    elif line.strip():
        _log.warning("%s", line)


class Lines:
    """Cuts bytes into lines, none longer than MAX_LINE, without ever holding more than one."""

    def __init__(self) -> None:
        self._begun = b""
        self._cut = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes."""
        *complete, rest = (self._begun + data).split(b"\n")
        lines = []
        for line in complete:
            if not self._cut:
                lines.append(self._text(line))
            self._cut = False
        if self._cut:
            rest = b""
        elif len(rest) > MAX_LINE:
            lines.append(self._text(rest))
            self._cut, rest = True, b""
        self._begun = rest
        return lines

    def end(self) -> list[str]:
        """The line that was begun and not ended, if any."""
        begun, self._begun = self._begun, b""
        return [self._text(begun)] if begun else []

    @staticmethod
    def _text(line: bytes) -> str:
        cut = " […]" if len(line) > MAX_LINE else ""
        return line[:MAX_LINE].decode("utf-8", "backslashreplace").rstrip("\r") + cut
