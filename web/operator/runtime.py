"""The directory for what only lives while the server does: how to reach it, and the token for that.

It and the files in it are for their owner alone. Whoever can read them may look at the server.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import attrs


class NoRuntimeDirectory(Exception):
    """The directory cannot be used; the message is for the operator."""


def runtime_dir(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """Say which directory it is: the chosen one, systemd's for the service or the user, or one beside other temporary
    files.
    """
    if chosen is not None:
        return chosen
    if named := environ.get("RUNTIME_DIRECTORY"):  # systemd.exec(5); several are separated by colons
        return Path(named.partition(":")[0])
    if named := environ.get("XDG_RUNTIME_DIR"):
        return Path(named) / "chatroom"
    return Path(tempfile.gettempdir()) / f"chatroom-{os.getuid()}"


def prepare(directory: Path) -> None:
    """Make the directory if it is not there. Raises NoRuntimeDirectory, also if others could write there."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise NoRuntimeDirectory(f"runtime_dir {directory} cannot be made: {error.strerror}.") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise NoRuntimeDirectory(f"runtime_dir {directory} is to be a directory of ours that nobody else can write to.")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, in one step. Raises NoRuntimeDirectory."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            draft.unlink()
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
        draft.replace(file)
    except OSError as error:
        raise NoRuntimeDirectory(f"{file} cannot be written: {error.strerror}.") from None


@attrs.frozen
class Notice:
    """How a server that runs is reached by its operator's tools: what stands in ``operator-PORT.json``."""

    url: str
    pid: int
    token_file: str
    #: Certificate to trust for ``url``, where it is TLS; empty otherwise.
    certfile: str = ""

    def write(self, file: Path) -> None:
        """Raises NoRuntimeDirectory."""
        write_private(file, json.dumps(attrs.asdict(self)) + "\n")


def notices(directory: Path) -> list[Notice]:
    """Read of the servers that left a notice and still run."""
    found = []
    for file in sorted(directory.glob("operator-*.json")):
        with suppress(OSError, ValueError, TypeError):
            notice = Notice(**json.loads(file.read_text(encoding="utf-8")))
            os.kill(notice.pid, 0)
            found.append(notice)
    return found
