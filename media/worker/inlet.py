"""The way in, where a kernel helps: packets about which there is nothing to decide go out before Python sees them.

Most packets are like the one before: of a known stream, in order, for the same receivers. To wake up Python for each
costs more than all the rest. So whoever has looked at a packet here *arms* the **lane** of its stream: the next one, if
it has that number and is nothing special, is decrypted and forwarded by C, and is handed over later, together with
others, for all that is to be remembered of it. Whatever would change what becomes of the next packet disarms the lane,
and then Python is asked.

What keeps that simple: C only ever runs while the loop waits, and everything it took is handed over, in order, before
anything else is done (`InletSelector`). So no code here can see a state in which something went out that it does not
know of; and as soon as C has read something that is for Python, all that comes after it waits for Python, too.

Without a kernel there are no lanes, and everything is as it would be if all were disarmed.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from media.worker.codecs import Codec
from media.worker.fanout import Outgoing
from media.worker.ice import Path
from media.worker.udp import UdpEndpoint


class Lane(Protocol):
    """One incoming stream."""

    def read(self, level: int, wide: int, red: int) -> None:
        """Say what is read: the header extensions with the level of sound and with the transport-wide number.

        ``red`` is the payload type of redundant sound (RFC 2198). All are 0 for none.
        """
        ...

    def arm(self, payload_type: int, sequence: int, receivers: Sequence[Outgoing], up_to: int, takers: int) -> None:
        """Let the packet with this number go out to these receivers, and those that follow it in order.

        All of them take pictures of temporal layers ``up_to`` this one, and the first ``takers`` of them redundant
        sound as such. Another list is to be given where they are others.
        """
        ...

    def disarm(self) -> None:
        """Something is going to change, so the next packet is to be looked at."""
        ...


class Took(Protocol):
    """Takes a packet that has gone out by a lane, decrypted, and what was read in it.

    ``wide`` is its transport-wide number, ``level`` the octet with the level of sound; of a picture there are its
    number, TL0PICIDX and the temporal layer. What it has not is -1, and 0 of the last two.
    """

    def __call__(
        self, data: bytes, now: float, timestamp: int, wide: int, level: int, picture: int, tl0: int, temporal: int, /
    ) -> None: ...


#: Takes a packet that came in by a door and went no further, decrypted; None for one that is not authentic.
Arrived = Callable[[bytes | None, float], None]


class Door(Protocol):
    """The way in to one transport. It is shut until it has keys and a path."""

    def secure(self, session: int) -> None:
        """Decrypt with the libsrtp session at this address, which lives as long as the door is not closed."""
        ...

    def take(self, path: Path | None) -> None:
        """The peer is at the other end of this path; with None nobody knows where it is."""
        ...

    def hold(self, *, held: bool) -> None:
        """Have nothing come in by this door for now, or let it again: all goes the long way then.

        It may be held for several reasons at a time: it is let again when none is left.
        """
        ...

    def lane(self, ssrc: int, codec: Codec, took: Took) -> Lane:
        """Make the lane of a stream, in the place of one that it had."""
        ...

    def forget(self, ssrc: int) -> None:
        """Drop the lane of a stream, if it has one."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@attrs.frozen
class InletStatistics:
    """``ahead`` counts the packets that went out before Python saw them, ``lanes`` and ``doors`` what is there now."""

    compiled: bool = False
    doors: int = 0
    lanes: int = 0
    ahead: int = 0


class Inlet(Protocol):
    """Makes doors, and reads sockets."""

    def door(self, room: int, arrived: Arrived) -> Door:
        """Make the way in to a transport of this room, by its mark: see `media.serving`."""
        ...

    def watch(self, endpoint: UdpEndpoint) -> bool:
        """Read an endpoint from now on. Returns False if that is for somebody else to do."""
        ...

    def ignore(self, endpoint: UdpEndpoint) -> None:
        """Read an endpoint no more."""
        ...

    def wait(self, timeout: float | None) -> bool:
        """Wait for so many seconds, for ever if None, and hand over what came in.

        Returns early then, or if something else is ready, or a signal came; and whether something else is ready.
        """
        ...

    def statistics(self) -> InletStatistics:
        """A snapshot."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class _NoLane:
    def read(self, level: int, wide: int, red: int) -> None:
        pass

    def arm(self, payload_type: int, sequence: int, receivers: Sequence[Outgoing], up_to: int, takers: int) -> None:
        pass

    def disarm(self) -> None:
        pass


NO_LANE = _NoLane()


class NoDoor:
    """A door through which nothing comes in."""

    def secure(self, session: int) -> None:
        pass

    def take(self, path: Path | None) -> None:
        pass

    def hold(self, *, held: bool) -> None:
        pass

    def lane(self, ssrc: int, codec: Codec, took: Took) -> Lane:  # noqa: ARG002
        return NO_LANE

    def forget(self, ssrc: int) -> None:
        pass

    def close(self) -> None:
        pass


class NoInlet:
    """Where there is no kernel: sockets are read by whoever owns them."""

    def door(self, room: int, arrived: Arrived) -> Door:  # noqa: ARG002
        return NoDoor()

    def watch(self, endpoint: UdpEndpoint) -> bool:  # noqa: ARG002
        return False

    def ignore(self, endpoint: UdpEndpoint) -> None:
        pass

    def wait(self, timeout: float | None) -> bool:  # noqa: ARG002
        return True

    def statistics(self) -> InletStatistics:
        return InletStatistics()

    def close(self) -> None:
        pass


class InletSelector(selectors.DefaultSelector):
    """What the worker's loop waits with; once it has an inlet, C waits in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.inlet: Inlet | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, as every selector does. What came in by the inlet has been handed over when this returns."""
        if self.inlet is None:
            return super().select(timeout)
        if not self.inlet.wait(timeout):
            return []
        ready = super().select(0)
        self.inlet.wait(0)  # what came by UDP before what is ready now comes before it here, too
        return [each for each in ready if self._is_registered(each[0])]

    def _is_registered(self, key: selectors.SelectorKey) -> bool:
        """Whether it is still: what has just been handed over may have had it closed."""
        known = self.get_map().get(key.fd)
        return known is not None and known.fileobj is key.fileobj


def make_loop(selector: InletSelector) -> asyncio.AbstractEventLoop:
    """Make the loop of a worker."""
    return asyncio.SelectorEventLoop(selector)
