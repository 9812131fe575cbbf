"""Logs that a person can read on a terminal and a program from a pipe: one event a line, with its figures by name."""

from __future__ import annotations

import ast
import logging
import re
import sys
from typing import Any

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict

# Without the local variables, which are what people said.
_traceback = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
_WORKER_LINE = re.compile(r"logger=(\S+) message=(.*?)(?: traceback=(.*))?", re.DOTALL)
#: How `media.worker.logs` makes one line of several.
_ESCAPED = re.compile(r"\\([\\nr])")
_PLAIN = {"\\": "\\", "n": "\n", "r": "\r"}
_PAIR = re.compile(r""" (\w+)=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s'"]\S*)(?= |$)""")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
#: What the worker calls a room.
_RENAMED = {"router": "room"}
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str, format: str) -> None:
    """Send every log record of the process to standard error: coloured text to a terminal, plain text or JSON else."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
    ]
    renderer: Any
    if format == "json":
        renderer = [_traceback, structlog.processors.JSONRenderer()]
    else:
        renderer = [
            _one_line,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
            ),
        ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _unfold],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[level])
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _unfold(_: Any, __: str, event: EventDict) -> EventDict:
    """Show what a media worker logged as it would be shown had it been logged here."""
    if event["logger"] == "media.worker" and (
        found := _WORKER_LINE.fullmatch(_ESCAPED.sub(lambda each: _PLAIN[each[1]], event["event"]))
    ):
        event["logger"], said, traceback = found.groups()
        event["event"], pairs = split(said)
        for name, value in pairs.items():
            event.setdefault(name, value)
        if traceback is not None:
            event["traceback"] = traceback
    return event


def split(said: str) -> tuple[str, dict[str, Any]]:
    """Split what a worker logged, ``something happened room='blue' epoch=3``, into its words and its figures."""
    first = _PAIR.search(said)
    if first is None:
        return said, {}
    pairs: dict[str, Any] = {}
    at = first.start()
    while (pair := _PAIR.match(said, at)) is not None:
        name, value = pair.groups()
        pairs[_RENAMED.get(name, name)] = _value(value)
        at = pair.end()
    if at < len(said):  # more words than pairs: it is told as it is
        return said, {}
    return said[: first.start()], pairs


def _value(text: str) -> Any:
    if text[0] in "'\"":
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError):  # not written by repr()
            return text
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _one_line(_: Any, __: str, event: EventDict) -> EventDict:
    """Let nothing that strangers sent look like another event."""
    event["event"] = str(event["event"]).replace("\r", "\\r").replace("\n", "\\n")
    return event
