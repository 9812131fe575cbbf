"""Where code stands: a file, a line and a function, said so that a person finds it."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FrameType

import attrs
import trio

_TRIO = str(Path(trio.__file__).parent)
#: Where every task waits in the end, whatever it waits for.
_TRAPS = f"{_TRIO}/_core/_traps.py"
_LIBRARIES = tuple({sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")})
#: Where the modules lie that tasks are expected to be written in.
Ours = Callable[[str], bool]


@attrs.frozen
class Place:
    """A line of code. ``file`` begins where Python's search path ends, as in ``trio/_channel.py``."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@lru_cache(4096)
def in_no_library(file: str) -> bool:
    """Whether a file belongs neither to Python nor to an installed package: the default of what is ours."""
    return not file.startswith((*_LIBRARIES, "<"))


def below(*folders: Path) -> Ours:
    """Make a test for files that lie in one of ``folders``."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    return lru_cache(4096)(lambda file: file.startswith(prefixes))


def place(frame: FrameType, line: int) -> Place:
    code = frame.f_code
    return Place(_shown(code.co_filename), line, code.co_qualname)


def places(frames: Iterable[tuple[FrameType, int]]) -> tuple[Place, ...]:
    """Say a stack, outermost first."""
    return tuple(place(frame, line) for frame, line in frames if frame.f_code.co_filename != _TRAPS)


def innermost(frames: Iterable[tuple[FrameType, int]], ours: Ours) -> tuple[Place | None, Place | None]:
    """Say where a stack, outermost first, ends, and where it was last in ``ours`` (else last outside of Trio)."""
    last = mine = foreign = None
    for each in frames:
        file = each[0].f_code.co_filename
        if file.startswith("<"):
            continue  # made at run time: nobody can look there
        if file != _TRAPS:
            last = each
        if ours(file):
            mine = each
        elif not file.startswith(_TRIO):
            foreign = each
    chosen = mine or foreign
    return (None if last is None else place(*last)), (None if chosen is None else place(*chosen))


def running(thread: int) -> Iterator[tuple[FrameType, int]]:
    """Go through the frames of a thread, from those that Trio's loop called to the one that runs now."""
    frame = sys._current_frames().get(thread)
    found = []
    while frame is not None and not frame.f_code.co_filename.endswith("trio/_core/_run.py"):
        found.append((frame, frame.f_lineno))
        frame = frame.f_back
    return reversed(found)


@lru_cache(4096)
def _shown(file: str) -> str:
    found = max((root for root in sys.path if root and file.startswith(f"{root}/")), key=len, default="")
    return file[len(found) :].lstrip("/") if found else file
