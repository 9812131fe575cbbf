"""The relay as a process beside a test, so that neither holds the other up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

STOP_TIMEOUT = 5.0


@attrs.frozen(eq=False)
class Network:
    """A relay that runs."""

    ports: dict[str, int]
    _process: subprocess.Popen[str]

    def tell(self, command: str) -> dict[str, Any]:
        """Say a command (`commands.HELP`), and return what is answered when it is done. Raises ValueError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer


@contextmanager
def running_network(names: Sequence[str], target: tuple[str, int], seed: int = 0) -> Generator[Network, None, None]:
    """Run a relay with a line for each name, to the server at ``target``, for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.network", f"{target[0]}:{target[1]}", *names, "--seed", str(seed)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Network(json.loads(process.stdout.readline()), process)
    finally:
        process.communicate(timeout=STOP_TIMEOUT)
