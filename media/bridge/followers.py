"""Who is to be told what a worker says of rooms as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from chatroom.media import Speakers

Post = Callable[[Speakers], None]

_log = logging.getLogger("media.bridge")


class Followers:
    """Those who follow a room, by its name."""

    def __init__(self) -> None:
        self._posts: dict[str, list[Post]] = {}

    @contextmanager
    def follow(self, room: str, post: Post) -> Generator[None]:
        """Have ``post`` told of this room for as long as the context lasts."""
        posts = self._posts.setdefault(room, [])
        posts.append(post)
        try:
            yield
        finally:
            posts.remove(post)
            if not posts:
                del self._posts[room]

    def tell(self, room: str, speakers: Speakers) -> None:
        """Say who speaks in a room, to those who follow it."""
        for post in tuple(self._posts.get(room, ())):
            try:
                post(speakers)
            except Exception:  # noqa: BLE001 - a bug on one room's side, in the task that serves them all
                _log.exception("a room did not take who speaks", extra={"room": room})

    def lose(self, room: str) -> None:
        """The room's worker is gone, and nobody is heard any more."""
        self.tell(room, Speakers())
