"""The directory for what outlives the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def data_dir(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """Say which it is: the chosen one, systemd's for the service, or one of the user's."""
    if chosen is not None:
        return chosen
    if named := environ.get("STATE_DIRECTORY"):  # systemd.exec(5); several are separated by colons
        return Path(named.partition(":")[0])
    if named := environ.get("XDG_STATE_HOME"):
        return Path(named) / "chatroom"
    return Path.home() / ".local" / "state" / "chatroom"
