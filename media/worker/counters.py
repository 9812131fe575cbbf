"""What has passed through the worker since its start."""

from __future__ import annotations

import attrs


@attrs.define
class Counters:
    """Datagrams, counted at the sockets."""

    packets_received: int = 0
    packets_sent: int = 0
    #: Their octets, as they go over the network, without the headers of UDP and IP.
    octets_received: int = 0
    octets_sent: int = 0
    #: Received and not used: unknown sender, failed authentication, malformed.
    packets_dropped: int = 0
    #: Not sent: the socket's buffer, or the queue behind it, is full.
    sends_full: int = 0
    #: Not sent: no route, no path, a closed socket, or whatever else the kernel had to say.
    sends_refused: int = 0
    #: Not sent: SRTP could not protect it, or it is longer than a packet can be.
    sends_unprotected: int = 0

    @property
    def all_dropped(self) -> int:
        """What was dropped for any of the reasons."""
        return self.packets_dropped + self.sends_full + self.sends_refused + self.sends_unprotected
