"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog

pytest_plugins = ["nurseries.testing.fixtures"]

# Into the standard library's logging, which pytest captures.
structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        # Plain: the pretty one takes longer than what fails, and there are tests that fail at every checkpoint.
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

Measured = Callable[[str], None]
_figures = pytest.StashKey[list[str]]()


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Take a line with what was measured; it is shown at the end of the run, and decides nothing."""
    return request.config.stash.setdefault(_figures, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if figures := config.stash.get(_figures, []):
        terminalreporter.section("measured on this machine")
        for line in figures:
            terminalreporter.line(line)
