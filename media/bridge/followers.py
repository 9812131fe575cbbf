"""Who is to be told what a worker says of rooms as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

import attrs

from chatroom.media import RoomWord, Speakers
from chatroom.quality.samples import DownlinkSample, ParticipantSample, Samples, TrackSample, UplinkSample
from media import messages

Post = Callable[[RoomWord], None]

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

    def tell(self, room: str, word: RoomWord) -> None:
        """Say it to those who follow the room."""
        for post in tuple(self._posts.get(room, ())):
            try:
                post(word)
            except Exception:  # noqa: BLE001 - a bug on one room's side, in the task that serves them all
                _log.exception("a room did not take a %s", type(word).__name__, extra={"room": room})

    def lose(self, room: str) -> None:
        """The room's worker is gone, and nobody is heard any more."""
        self.tell(room, Speakers())


def speakers(said: messages.SpeakersChanged) -> Speakers:
    """Return a worker's word as rooms take it."""
    return Speakers(said.speaking, said.spoke)


def samples(worker: str, said: messages.Samples) -> Samples:
    """Return a worker's samples as rooms take them: the fields are the same, in the same order."""
    people = [
        ParticipantSample(
            person.participant,
            person.epoch,
            None
            if (up := person.uplink) is None
            else UplinkSample(up.state, up.quiet, [TrackSample(*attrs.astuple(track)) for track in up.tracks]),
            None if (down := person.downlink) is None else DownlinkSample(*attrs.astuple(down, recurse=False)),
        )
        for person in said.participants
    ]
    return Samples(worker, said.seconds, said.late, said.unsent, people)
