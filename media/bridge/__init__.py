"""The Trio side of the media plane: it has worker processes, and rooms speak to them through `chatroom.media.Media`.

::

    bridge = Bridge(MediaSettings(port=10000, workers=2, spare=True))
    await nursery.start(bridge.run, name="serve/media")     # MediaStartFailed says what is wrong with a port
    async with bridge.attach(room, participant, epoch, post) as session:
        answer = await session.publish(offer, {"0": "microphone"})

A worker that dies, or says nothing for a second, costs nobody their place: its participants hear `MediaLost` at once
and `MediaRestored` when they have been joined to another, which is at once, too, where there is another. Leaving the
context of ``attach`` is all there is to leaving.
"""

from media.bridge.bridge import Bridge
from media.bridge.cores import usable_cores
from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.pulse import Terms
from media.bridge.quarantine import Suspect, count_standings
from media.bridge.remote import split_address
from media.bridge.settings import Deadlines, MediaSettings
from media.bridge.statistics import BridgeStatistics, MemberStatistics

__all__ = [
    "Bridge",
    "BridgeStatistics",
    "Deadlines",
    "MediaSettings",
    "MediaStartFailed",
    "MemberStatistics",
    "Suspect",
    "Terms",
    "WorkerLost",
    "count_standings",
    "split_address",
    "usable_cores",
]
