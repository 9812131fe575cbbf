"""What stands in the place of the real thing while a link is made worse on purpose: see `media.worker.simulations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.messages import LegState
from media.worker.ice import Address, Endpoint
from media.worker.rtp import RtpPacket

#: Whether a packet of so many bytes passes at this time.
Takes = Callable[[int, float], bool]


class _User(Protocol):
    def on_rtp(self, data: bytes, now: float) -> bool: ...
    def on_rtcp(self, data: bytes, now: float) -> bool: ...
    def on_state(self, state: LegState) -> None: ...


class ImpairedEndpoint:
    """An endpoint that sends only what is let through; the rest is as lost as it would be in the network."""

    def __init__(self, endpoint: Endpoint, takes: Takes, clock: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self.is_stream = endpoint.is_stream
        self._takes = takes
        self._clock = clock

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram. Lost in the network is sent, as far as anybody here could know."""
        return not self._takes(len(data), self._clock()) or self._endpoint.send(data, address)


class Silenced:
    """A leg to which packets that are silenced do not come."""

    def __init__(self, user: _User, silences: Callable[[RtpPacket, float], bool]) -> None:
        self._user = user
        self._silences = silences

    def on_rtp(self, data: bytes, now: float) -> bool:
        return self._silences(RtpPacket(data), now) or self._user.on_rtp(data, now)

    def on_rtcp(self, data: bytes, now: float) -> bool:
        return self._user.on_rtcp(data, now)

    def on_state(self, state: LegState) -> None:
        self._user.on_state(state)
