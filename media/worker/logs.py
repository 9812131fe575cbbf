"""Log records for machines and people: one line each, ``key=value``, on standard error."""

from __future__ import annotations

import logging
import sys
import time


class LineFormatter(logging.Formatter):
    """Writes a record on one line, its traceback with it."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = (
            f"time={moment}.{int(record.msecs):03d}Z level={record.levelname.lower()} logger={record.name}"
            f" message={record.getMessage()!s}"
        )
        if record.exc_info:
            line += f" traceback={self.formatException(record.exc_info)}"
        return line.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")


def configure(level: str) -> None:
    """Log to standard error from this level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # websockets tells of every connection, aiortc and aioice of every state
    for name in ("websockets", "aiortc", "aioice"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
