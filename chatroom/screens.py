"""How many screens a person shares, and which."""

from __future__ import annotations

from collections.abc import Iterable

from chatroom.errors import UserError
from chatroom.media import Source

#: Screens are told apart by the numbers from 1 to this one.
HIGHEST = 9


def shared_screens(screens: Iterable[int], limit: int) -> tuple[int, ...]:
    """Return the numbers of the screens that a page says it shares, in order.

    Raises UserError (`invalid_command`, `too_many_tracks`).
    """
    numbers = tuple(sorted(set(screens)))
    if any(not 1 <= number <= HIGHEST for number in numbers):
        raise UserError("invalid_command", f"Screens have numbers from 1 to {HIGHEST}.")
    if len(numbers) > limit:
        raise _too_many(limit)
    return numbers


def check_published(tracks: Iterable[Source], limit: int) -> None:
    """Raise UserError (`too_many_tracks`) if there are more screens among these, or sounds of screens, than may be."""
    numbers = {source.partition(":")[2] for source in tracks} - {""}
    if len(numbers) > limit:
        raise _too_many(limit)


def _too_many(limit: int) -> UserError:
    return UserError(
        "too_many_tracks", f"A person shares {limit} screens at most." if limit else "No screens are shared here."
    )
