"""What all tests share."""

from __future__ import annotations

import structlog

# Into the standard library's logging, which pytest captures.
structlog.configure(
    processors=[structlog.stdlib.add_log_level, structlog.dev.ConsoleRenderer(colors=False)],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)
