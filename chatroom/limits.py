"""How much of everything there may be, and the bucket that measures rates."""

from __future__ import annotations

from typing import Any

import attrs

from chatroom.lease import Terms

_positive: Any = attrs.validators.gt(0)


#: The most that one message of the chat takes in a snapshot: 2,000 characters of four bytes, and what is around them.
MESSAGE_BYTES = 8_500


@attrs.frozen(kw_only=True)
class Limits:
    """The bounds of a server. Times are in seconds, sizes in bytes. docs/protocol.md says what happens beyond them."""

    rooms: int = attrs.field(default=1_000, validator=_positive)
    participants: int = attrs.field(default=32, validator=_positive)  # in one room
    screens: int = attrs.field(default=2, validator=[attrs.validators.ge(0), attrs.validators.le(9)])  # of one person
    messages: int = attrs.field(default=200, validator=_positive)  # of chat kept in a room
    log_records: int = attrs.field(default=1_000, validator=_positive)  # of past participants kept in a room's log
    connections_per_address: int = attrs.field(default=256, validator=_positive)  # of one address, or IPv6 /64
    room_linger: float = attrs.field(default=60.0, validator=_positive)  # an empty room is kept this long
    frame_bytes: int = attrs.field(default=65_536, validator=_positive)  # of one frame from a page
    command_rate: float = attrs.field(default=20.0, validator=_positive)  # commands a second
    command_burst: int = attrs.field(default=60, validator=_positive)
    refused_burst: int = attrs.field(default=200, validator=_positive)  # commands over the rate until the socket closes
    outbox_frames: int = attrs.field(default=512, validator=_positive)
    outbox_bytes: int = attrs.field(default=2 << 20, validator=_positive)
    join_timeout: float = attrs.field(default=10.0, validator=_positive)
    ping_after: float = attrs.field(default=2.0, validator=_positive)  # of silence
    # the lease: see `chatroom.lease.Terms`
    reconnecting_after: float = attrs.field(default=4.5, validator=_positive)  # of silence of both witnesses
    left_after: float = attrs.field(default=11.5, validator=_positive)  # of silence of both witnesses
    socketless: float = attrs.field(default=60.0, validator=_positive)  # without a socket, whatever media says

    def __attrs_post_init__(self) -> None:
        _ = self.terms  # which says what is wrong with it
        if not self.ping_after < self.reconnecting_after:
            raise ValueError("'ping_after' must be less than 'reconnecting_after'")
        needed = self.messages * MESSAGE_BYTES
        if needed > self.outbox_bytes:
            raise ValueError(f"'outbox_bytes' must be at least {needed} for a snapshot with {self.messages} 'messages'")

    @property
    def terms(self) -> Terms:
        """The terms of everyone's lease."""
        return Terms(reconnecting_after=self.reconnecting_after, left_after=self.left_after, socketless=self.socketless)


@attrs.define
class TokenBucket:
    """A rate limit with bursts: ``rate`` tokens a second flow in, at most ``burst`` are kept. Time is passed in."""

    rate: float
    burst: float
    _tokens: float = attrs.field(init=False)
    _at: float | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._tokens = self.burst

    def take(self, now: float) -> bool:
        """Take one token if there is one. ``now`` is in seconds and never goes back."""
        if self._at is not None:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
