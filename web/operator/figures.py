"""What the owners of tasks tell, added up: how much waits, and how much has passed."""

from __future__ import annotations

from typing import Any

import attrs

#: What is counted under which names, wherever in an owner's facts they stand.
_WAITING = {"waiting", "frames", "pending", "depth", "backlog"}
_BYTES = {"bytes"}
_PASSED = {"posted", "commands", "received"}
_DROPPED = {"dropped", "overtaken", "refused"}


@attrs.frozen
class Figures:
    """Items that wait, their octets as far as is known, items that passed, and items that were left out."""

    waiting: int = 0
    bytes: int = 0
    passed: int = 0
    dropped: int = 0


def figures(facts: dict[str, Any]) -> Figures:
    """Add up what `nurseries.facts_of` says."""
    found = [0, 0, 0, 0]
    _add(facts, found)
    return Figures(*found)


def _add(value: Any, found: list[int]) -> None:
    if isinstance(value, list):
        for inner in value:
            if isinstance(inner, (dict, list)):
                _add(inner, found)
        return
    for name, inner in value.items():
        if isinstance(inner, (dict, list)):
            if name in _DROPPED and isinstance(inner, dict):
                found[3] += sum(each for each in inner.values() if isinstance(each, int))
            else:
                _add(inner, found)
        elif isinstance(inner, int):
            for index, names in enumerate((_WAITING, _BYTES, _PASSED, _DROPPED)):
                if name in names:
                    found[index] += inner
