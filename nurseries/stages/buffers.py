"""What waits between two stages, how much of it, and what happens to the rest. Pure.

A `Buffer` says it, and `Buffer.open` makes the `Queue` that does it. `Queue.put` takes items from the front of what it
is given and returns how many it has dealt with: kept, coalesced or dropped, and counted. The others are still the
caller's, in order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

import attrs

T = TypeVar("T")

#: What happens to an item for which there is no room.
#:
#: * ``wait``: it stays where it comes from.
#: * ``fail``: the same, and that is an error: a source raises `Overflow`, a subscription ends its sink with it.
#: * ``drop_oldest``: the first that waits makes room for it. ``drop_newest``: it is dropped.
#: * ``coalesce``: see `Buffer`.
Full = Literal["wait", "fail", "drop_oldest", "drop_newest", "coalesce"]
_FULL = ("wait", "fail", "drop_oldest", "drop_newest", "coalesce")


class Overflow(Exception):
    """What must not be dropped did not fit. The message says where."""


def _positive(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"{attribute.name} must be at least 1, not {value!r}")


@attrs.frozen
class Buffer(Generic[T]):
    """How many items may wait (``limit``), and what happens when it is full.

    To ``coalesce`` takes a ``key``. Of items with equal keys only the newest waits, whether the buffer is full or not;
    it stands where the older one stood, so that a key of which there is always news gets its turn. Items whose key is
    None are kept: they are neither coalesced nor dropped, and nothing overtakes them, so news that came after one is
    read after it. For want of room the oldest item with a key is dropped; if all that wait are kept, one with a key is
    dropped as it comes, and for another kept one ``kept`` says, as ``full`` does, whether it waits or fails.

    Raises ValueError when these do not fit together.
    """

    limit: int = attrs.field(default=1000, validator=_positive)
    full: Full = attrs.field(default="wait", validator=attrs.validators.in_(_FULL))
    key: Callable[[T], Hashable | None] | None = attrs.field(default=None, kw_only=True)
    kept: Literal["wait", "fail"] = attrs.field(
        default="wait", kw_only=True, validator=attrs.validators.in_(("wait", "fail"))
    )

    def __attrs_post_init__(self) -> None:
        if (self.key is None) == (self.full == "coalesce"):
            raise ValueError("a key is for buffers that coalesce, and those need one")

    @property
    def fails(self) -> bool:
        """Whether it is an error if something does not fit."""
        return self.full == "fail" or (self.full == "coalesce" and self.kept == "fail")

    def open(self) -> Queue[T]:
        """Make an empty queue that does so."""
        if self.key is not None:
            return CoalescingQueue(self.limit, self.key)
        if self.full == "drop_oldest":
            return DropOldestQueue(self.limit)
        if self.full == "drop_newest":
            return DropNewestQueue(self.limit)
        return WaitingQueue(self.limit)


@attrs.frozen
class QueueStatistics:
    """A queue as it is now. Of those ``received``, ``taken`` went on, ``depth`` wait, and the others were ``dropped``.

    ``dropped`` is by reason: ``full`` and ``coalesced`` are the queue's own, whoever empties it gives another.
    """

    depth: int
    limit: int
    received: int
    taken: int
    dropped: Mapping[str, int]


class Queue(ABC, Generic[T]):
    """Items in the order in which they came, bounded."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._received = 0
        self._taken = 0
        self._dropped: dict[str, int] = {}

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __iter__(self) -> Iterator[T]: ...

    @abstractmethod
    def put(self, items: Sequence[T]) -> int:
        """Deal with as many as can be, from the first on, and return how many that are."""

    @abstractmethod
    def _pop(self, most: int) -> list[T]: ...

    def take(self, most: int) -> list[T]:
        """Give out the first ones, ``most`` at most."""
        items = self._pop(most)
        self._taken += len(items)
        return items

    def clear(self, reason: str) -> list[T]:
        """Drop everything for that reason, and return it."""
        items = self._pop(len(self))
        self._drop(reason, len(items))
        return items

    def statistics(self) -> QueueStatistics:
        """Tell how it is now."""
        return QueueStatistics(
            len(self), self.limit, self._received, self._taken, MappingProxyType(dict(self._dropped))
        )

    def _drop(self, reason: str, number: int = 1) -> None:
        if number:
            self._dropped[reason] = self._dropped.get(reason, 0) + number


class _Line(Queue[T]):
    """A plain queue; what is special is what happens when it is full."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._items: deque[T] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def _pop(self, most: int) -> list[T]:
        items = self._items
        if most >= len(items):
            out = list(items)
            items.clear()
            return out
        return [items.popleft() for _ in range(most)]

    def _fit(self, items: Sequence[T]) -> int:
        room = self.limit - len(self._items)
        if len(items) <= room:
            self._items.extend(items)
            return len(items)
        self._items.extend(islice(items, room))
        return room


class WaitingQueue(_Line[T]):
    """Takes what fits."""

    def put(self, items: Sequence[T]) -> int:
        number = self._fit(items)
        self._received += number
        return number


class DropNewestQueue(_Line[T]):
    """Takes what fits, and drops the others."""

    def put(self, items: Sequence[T]) -> int:
        self._drop("full", len(items) - self._fit(items))
        self._received += len(items)
        return len(items)


class DropOldestQueue(_Line[T]):
    """Takes everything, and drops the first ones to make room."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._items = deque(maxlen=limit)

    def put(self, items: Sequence[T]) -> int:
        self._drop("full", max(0, len(self._items) + len(items) - self.limit))
        self._items.extend(items)
        self._received += len(items)
        return len(items)


class _Kept:
    """The place of an item that has no key."""

    __slots__ = ()


class CoalescingQueue(Queue[T]):
    """The newest of each key, and all that have none. See `Buffer`."""

    def __init__(self, limit: int, key: Callable[[T], Hashable | None]) -> None:
        super().__init__(limit)
        self._key = key
        # By key, or a place of its own for what is kept, in the order in which they are given out.
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        # Those keys again, in the same order: the first is the one to drop. With how many had been kept when it came.
        self._keyed: OrderedDict[Hashable, int] = OrderedDict()
        self._kept = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items.values())

    def put(self, items: Sequence[T]) -> int:
        number = 0
        # All keys first: a function that raises for one of them has done nothing then.
        for key, item in zip([self._key(item) for item in items], items, strict=True):
            if key is not None:
                self._put_news(key, item)
            elif not self._put_kept(item):
                break
            number += 1
        self._received += number
        return number

    def _put_news(self, key: Hashable, item: T) -> None:
        kept = self._keyed.get(key)
        if kept is not None:
            self._drop("coalesced")
            if kept == self._kept:
                self._items[key] = item
                return
            del self._items[key], self._keyed[key]
        elif not self._make_room():
            self._drop("full")
            return
        self._items[key] = item
        self._keyed[key] = self._kept

    def _put_kept(self, item: T) -> bool:
        if not self._make_room():
            return False
        self._items[_Kept()] = item
        self._kept += 1
        return True

    def _make_room(self) -> bool:
        if len(self._items) < self.limit:
            return True
        if not self._keyed:
            return False
        key, _ = self._keyed.popitem(last=False)
        del self._items[key]
        self._drop("full")
        return True

    def _pop(self, most: int) -> list[T]:
        out = []
        for _ in range(min(most, len(self._items))):
            key, item = self._items.popitem(last=False)
            self._keyed.pop(key, None)
            out.append(item)
        return out
