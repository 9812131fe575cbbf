"""What a room shows beside its events: who speaks, how good everybody's connection is, and what is wrong.

These are notices: they have no number, only the newest counts, and whoever comes or comes back is told how it is.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from chatroom.events import Speakers as SpeakersNotice
from chatroom.media import RoomWord, Speakers
from chatroom.problems import Direction
from chatroom.quality.board import Board
from chatroom.quality.events import QualityEvent, Trouble
from chatroom.quality.inputs import Sampled
from chatroom.quality.samples import Samples
from chatroom.wire import encode

if TYPE_CHECKING:
    from chatroom.attendance import Attendance
    from chatroom.room import Room


class Noticeboard:
    """One room's. Nothing of it waits."""

    def __init__(self, room: Room) -> None:
        # Which holds this; and what holds each other is not gone when it is over.
        self._room: Room = weakref.proxy(room)
        #: Who speaks and who did, as the media plane told last.
        self._speakers = Speakers()
        self._board = Board()

    def hear(self, word: RoomWord) -> None:
        """Take what the media plane says of the room."""
        if isinstance(word, Samples):
            for one in word.participants:
                self._room.quality.post(
                    Sampled(
                        *(self._room.name, one.participant, one.epoch, word.worker, word.seconds, word.late),
                        *(word.unsent, one.uplink, one.downlink),
                    )
                )
            return
        before = self._speakers_here()
        self._speakers = word
        here = self._speakers_here()
        if here != before:
            self._room.post_to_all(encode(here))

    def show(self, event: QualityEvent) -> None:
        """Take what is wrong, or not any more, and tell those who are to know."""
        present = self._room.present()
        if not isinstance(event, Trouble) and all(attendance.epoch != event.epoch for attendance in present):
            return  # they have left meanwhile
        for notice, audience in self._board.apply(event):
            frame = encode(notice)
            for attendance in present:
                if audience is None or attendance.id in audience:
                    attendance.session.post(frame)

    def tell(self, attendance: Attendance) -> None:
        """Tell a page that knows nothing of it how it is."""
        here = self._speakers_here()
        if here.speaking or here.spoke:
            attendance.session.post(encode(here))
        for notice in self._board.of(attendance.id):
            attendance.session.post(encode(notice))

    def slow(self, participant: str, direction: Direction) -> bool:
        """Whether someone's connection was found to be slow, in that direction."""
        return self._board.slow(participant, direction)

    def forget(self, participant: str) -> None:
        """Somebody has left."""
        self._board.forget(participant)

    def _speakers_here(self) -> SpeakersNotice:
        """Who speaks and who did, without those who have left."""
        here = {attendance.id for attendance in self._room.present()}
        speaking, spoke = self._speakers.speaking, self._speakers.spoke
        return SpeakersNotice([one for one in speaking if one in here], [one for one in spoke if one in here])
