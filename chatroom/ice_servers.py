"""The STUN and TURN servers that pages are told of, with credentials for a while. Pure: time is passed in."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import math
import re

import attrs

#: Seconds for which a credential is good, if nothing else is said: a call may take a day.
DEFAULT_TTL = 86_400.0
_URL = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z](?:[0-9A-Za-z.-]{0,252}))(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?",
    re.ASCII,
)


def check_url(text: str) -> None:
    """Say whether a browser takes this for a server's URL (RFC 7064, RFC 7065). Raises ValueError.

    A browser refuses to connect at all where one URL is none.
    """
    match = _URL.fullmatch(text)
    if match is None or (match["port"] is not None and not 0 < int(match["port"]) <= 65_535):
        raise ValueError(text)
    if match["host"].startswith("["):
        ipaddress.IPv6Address(match["host"][1:-1])
    if match["transport"] is not None and not is_turn(text):
        raise ValueError(text)


def is_turn(url: str) -> bool:
    """Whether it is the URL of a TURN server, which wants to be shown a credential."""
    return url.startswith(("turn:", "turns:"))


@attrs.frozen
class IceServer:
    """Servers that take the same credential, if they want any: what a page hands to its connections."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class IceServers:
    """All that the operator has, and the secret that they share with the TURN servers among them."""

    urls: tuple[str, ...] = ()
    secret: bytes = attrs.field(default=b"", repr=False)
    ttl: float = DEFAULT_TTL

    @property
    def renewed_after(self) -> float:
        """Seconds after which a page is told new credentials, so that it always has some that are good."""
        return 0.75 * self.ttl if any(map(is_turn, self.urls)) else math.inf

    def for_participant(self, id: str, now: float) -> tuple[IceServer, ...]:
        """Return what a participant is told at ``now``, in Unix seconds.

        A credential is one of coturn's REST API (draft-uberti-behave-turn-rest): when it expires and whose it is,
        signed with the secret. It opens relays until then; those that are open go on.
        """
        turn = tuple(url for url in self.urls if is_turn(url))
        stun = tuple(url for url in self.urls if not is_turn(url))
        servers = [IceServer(stun)] if stun else []
        if turn:
            username = f"{int(now + self.ttl)}:{id}"
            digest = hmac.digest(self.secret, username.encode(), "sha1")
            servers.append(IceServer(turn, username, base64.b64encode(digest).decode()))
        return tuple(servers)
