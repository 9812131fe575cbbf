"""The Trio side of the media plane: it has a worker process, and rooms speak to it through `chatroom.media.Media`.

::

    bridge = Bridge(MediaSettings(port=10000))
    await nursery.start(bridge.run, name="serve/media")     # MediaStartFailed says what is wrong with the port
    async with bridge.attach(room, participant, epoch, post) as session:
        answer = await session.publish(offer, {"0": "microphone"})

A worker that dies costs nobody their place: its participants hear `MediaLost` at once and `MediaRestored` when there is
another, on which they have been joined again. Leaving the context of ``attach`` is all there is to leaving.
"""

from media.bridge.bridge import Bridge, BridgeStatistics
from media.bridge.errors import MediaStartFailed, WorkerLost
from media.bridge.settings import Deadlines, MediaSettings

__all__ = ["Bridge", "BridgeStatistics", "Deadlines", "MediaSettings", "MediaStartFailed", "WorkerLost"]
