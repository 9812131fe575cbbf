"""Which workers there are, where the media plane listens, and how long the bridge waits for what."""

from __future__ import annotations

from pathlib import Path

import attrs

from media.bridge.pulse import Terms
from media.terms import VIDEO_CODECS, VideoCodec


@attrs.frozen
class MediaSettings:
    """What the operator says.

    Worker number *k* has the UDP port ``port`` + *k*, and each one of its own choice if that is 0. ``addresses`` are
    those to bind, by the worker's own choice if empty, and ``announce`` those to tell browsers in their stead; a port
    that stands there grows in the same way. With ``spare`` there is one worker more than ``workers``, see
    `media.bridge.placement`.

    ``remotes`` are workers on other machines, as ``HOST:PORT``. They want the secret that is in ``secret_file``, and
    must show a certificate that ``ca_file`` vouches for, or the system's authorities if that is None. Of each room's
    microphones the ``loudest`` are forwarded, 0 for all. Pictures are in one of the ``video_codecs``, rather in an
    earlier one; voices have redundancy with ``audio_red``, where their pages offer it.
    """

    port: int
    addresses: tuple[str, ...] = ()
    announce: tuple[str, ...] = ()
    workers: int = 1
    spare: bool = False
    remotes: tuple[str, ...] = ()
    secret_file: Path | None = None
    ca_file: Path | None = None
    loudest: int = 6
    video_codecs: tuple[VideoCodec, ...] = VIDEO_CODECS
    audio_red: bool = True
    #: links may be made worse on purpose, by workers of this machine
    allow_simulate: bool = False
    #: seconds for which workers of this machine may be held up before they tell of it
    slow_step: float = 0.1

    @property
    def local(self) -> int:
        """How many workers run on this machine."""
        return self.workers + self.spare

    def arguments(self, number: int) -> list[str]:
        """The settings as worker ``number`` of this machine takes them on its command line."""
        arguments = ["--port", str(self.port + number if self.port else 0), "--loudest", str(self.loudest)]
        arguments += ["--slow-step", str(self.slow_step)]
        if self.allow_simulate:
            arguments.append("--allow-simulate")
        for address in self.addresses:
            arguments += ["--address", address]
        for address in self.announce:
            arguments += ["--announce", _shifted(address, number)]
        return arguments


#: On this machine nothing but a worker itself can hold up its words. Between machines a lost packet or two can, which
#: are no reason to move rooms.
HEARTBEAT = Terms(interval=0.4, silence=1.0, answer=5.0)
REMOTE_HEARTBEAT = Terms(interval=1.0, silence=3.0, answer=5.0)


@attrs.frozen
class Deadlines:
    """How long the bridge waits, in seconds."""

    #: from the start of the process, or of the way to another machine, to the worker's ``ready``
    start: float = 15.0
    #: for a connection to another machine
    connect: float = 5.0
    #: for the other workers to be ready, or to say what is wrong, once the first one is
    company: float = 0.5
    #: for the answer to a request
    request: float = 5.0
    #: for the answer to the leave of a participant, which is waited for in a shielded scope
    leave: float = 1.0
    #: for words of a worker on this machine, and of one on another
    heartbeat: Terms = HEARTBEAT
    remote_heartbeat: Terms = REMOTE_HEARTBEAT
    #: for the process to end: after its connection was closed, and again after SIGTERM
    stop: float = 1.0
    #: before a worker that could not be kept up is tried again
    rest: float = 30.0


def _shifted(announced: str, number: int) -> str:
    """``ADDRESS:PORT`` with the port of worker ``number``; an address alone is left as it is."""
    if announced.count(":") == 1 or "]:" in announced:
        address, _, port = announced.rpartition(":")
        return f"{address}:{int(port) + number}"
    return announced
