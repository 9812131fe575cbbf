"""Which tasks of a tree are shown, decided without looking at what they do: what is folded is not looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import attrs

from nurseries import Found

#: Children that a task is shown with unasked; one with more is folded.
FEW = 16
#: Rows at most.
LIMIT = 500
#: Folded unasked, too: whoever looks is not what they look for.
OURS = frozenset({"serve/operator"})


@attrs.frozen
class Wish:
    """What whoever looks wants to see.

    ``opened`` and ``folded`` are ids of tasks whose children are shown, or not, whatever their number. ``search`` is a
    text: tasks that have it, and those above them, are shown, and nothing is folded.
    """

    opened: Collection[int] = ()
    folded: Collection[int] = ()
    search: str = ""
    limit: int = LIMIT


@attrs.frozen
class Selection:
    """``hidden`` are ids of tasks that are shown without their children; ``left_off`` counts rows beyond the limit."""

    shown: Sequence[Found]
    hidden: frozenset[int]
    left_off: int


def select(tasks: Sequence[Found], wish: Wish, matches: Callable[[Found, str], bool]) -> Selection:
    """Choose among ``tasks``, in the order that `nurseries.Watch.walk` has. ``matches`` is asked only for a search."""
    if wish.search:
        wanted: set[int] = set()
        for each in tasks:
            if matches(each, wish.search.lower()):
                above: Found | None = each
                while above is not None and above.id not in wanted:
                    wanted.add(above.id)
                    above = above.parent
        shown = [each for each in tasks if each.id in wanted]
        hidden: frozenset[int] = frozenset()
    else:
        folded = {each.id for each in tasks if each.children and _is_folded(each, wish)}
        shown, deep = [], None
        for each in tasks:
            if deep is not None and each.depth > deep:
                continue
            deep = each.depth if each.id in folded else None
            shown.append(each)
        hidden = frozenset(each.id for each in shown if each.id in folded)
    return Selection(shown[: wish.limit], hidden, max(0, len(shown) - wish.limit))


def _is_folded(task: Found, wish: Wish) -> bool:
    return task.id in wish.folded or ((task.children > FEW or task.task.name in OURS) and task.id not in wish.opened)
