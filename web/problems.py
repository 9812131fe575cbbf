"""What is wrong now in the calls of a node, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from chatroom.problems import ProblemKind
from chatroom.quality.board import subject
from chatroom.quality.events import QualityEvent, Trouble


class Problems:
    """Counts those that began and are not over. Of each the newest word counts, so a word that is lost is no drift."""

    def __init__(self) -> None:
        self._now: dict[object, ProblemKind] = {}
        #: How many there have been, by kind.
        self._began = Counter[ProblemKind]()

    def take(self, events: Sequence[QualityEvent]) -> None:
        """Be told what the pipeline says."""
        for event in events:
            if isinstance(event, Trouble):
                key = subject(event)
                if event.over:
                    self._now.pop(key, None)
                elif key not in self._now:
                    self._now[key] = event.kind
                    self._began[event.kind] += 1

    def now(self) -> Mapping[str, int]:
        """How many there are of each kind."""
        counted = Counter(self._now.values())
        return {kind: counted[kind] for kind in get_args(ProblemKind)}

    def began(self) -> Mapping[str, int]:
        """How many there have been of each kind."""
        return {kind: self._began[kind] for kind in get_args(ProblemKind)}
