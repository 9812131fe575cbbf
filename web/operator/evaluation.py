"""Python by the line, with ``await``: what a console evaluates, and the bound on how long that may take."""

from __future__ import annotations

import ast
import inspect
import io
import sys
import time
import traceback
from codeop import CommandCompiler
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from functools import partial
from types import CodeType, FrameType
from typing import Any

import trio

#: Seconds that a line may compute, holding up everyone else, and that it may take in all where it awaits something.
COMPUTES, AWAITS = 1.0, 30.0
#: Characters of an answer.
LONGEST = 100_000

_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


class TookTooLong(BaseException):
    """Raised inside of what is evaluated, where no ``except Exception`` keeps it."""


class Evaluation:
    """Lines of one console, one after the other. ``namespace`` is what they see and change."""

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        self._namespace: dict[str, Any] = {"__name__": "__console__", "__builtins__": __builtins__, **namespace}
        self._compiler = CommandCompiler()
        self._compiler.compiler.flags |= _AWAIT
        self._lines: list[str] = []

    @property
    def unfinished(self) -> bool:
        """Whether what was given so far is the beginning of something."""
        return bool(self._lines)

    async def line(self, text: str) -> str:
        """Take a line, and return what it said once it is whole. Raises nothing of what it raised but Cancelled."""
        self._lines.append(text)
        source = "\n".join(self._lines)
        said = io.StringIO()
        try:
            if self._compiler(source, "<console>", "single") is None:
                return ""
        except (SyntaxError, ValueError, OverflowError) as error:
            self._lines.clear()
            return "".join(traceback.format_exception_only(error))
        self._lines.clear()
        self._namespace["print"] = partial(print, file=said)
        try:
            await self._run(source, said)
        except trio.Cancelled:
            raise
        except TookTooLong:
            said.write(f"It computed for more than {COMPUTES:g} s, and was stopped.\n")
        except trio.TooSlowError:
            said.write(f"It took more than {AWAITS:g} s, and was cancelled.\n")
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            trace = error.__traceback__
            while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            said.write("".join(traceback.format_exception(type(error), error, trace)))
        answer = said.getvalue()
        rest = len(answer) - LONGEST
        return answer if rest <= 0 else f"{answer[:LONGEST]}\n… and {rest} characters more\n"

    async def _run(self, source: str, said: io.StringIO) -> None:
        tree = ast.parse(source, "<console>")
        last = tree.body[-1] if tree.body else None
        value: Any = None
        if isinstance(last, ast.Expr):
            tree.body.pop()
            if tree.body:
                await self._evaluate(compile(tree, "<console>", "exec", flags=_AWAIT))
            value = await self._evaluate(compile(ast.Expression(last.value), "<console>", "eval", flags=_AWAIT))
        elif tree.body:
            await self._evaluate(compile(tree, "<console>", "exec", flags=_AWAIT))
        if value is not None:
            self._namespace["_"] = value
            with bounded(COMPUTES):
                said.write(f"{value!r}\n")

    async def _evaluate(self, code: CodeType) -> Any:
        if not code.co_flags & inspect.CO_COROUTINE:
            with bounded(COMPUTES):
                return eval(code, self._namespace)  # noqa: S307 - that is what a console is
        with trio.fail_after(AWAITS):
            return await eval(code, self._namespace)  # noqa: S307


@contextmanager
def bounded(seconds: float) -> Generator[None, None, None]:
    """Raise TookTooLong in Python code of this thread that runs for longer. One call into C is not interrupted."""
    until = time.perf_counter() + seconds

    def trace(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG001 - Python's
        if time.perf_counter() > until:
            raise TookTooLong
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
