"""Which pages may open a socket here (RFC 6455, section 10.2)."""

from __future__ import annotations

from collections.abc import Collection

import attrs

_DEFAULT_PORTS = {"http": 80, "https": 443}


@attrs.frozen
class Origin:
    """Where a page comes from: the scheme, host and port of its address (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read ``https://chat.example.org`` or ``http://localhost:8000``. Raises ValueError."""
        scheme, separator, authority = text.strip().lower().partition("://")
        if not separator or scheme not in _DEFAULT_PORTS:
            raise ValueError(text)
        return cls(scheme, *_split(authority, _DEFAULT_PORTS[scheme]))


def allowed(origin: str | None, host: str | None, extra: Collection[str] = ()) -> bool:
    """Say whether a page of ``origin`` may open a socket on ``host``, which is what the Host header says.

    A browser always sends an Origin, so a program that sends none is no page and has no user's trust to abuse.
    ``extra`` are origins, such as ``https://chat.example.org``, for proxies that change the Host header.
    """
    if origin is None:
        return True
    try:
        theirs = Origin.parse(origin)
        if theirs in map(Origin.parse, extra):
            return True
        # Behind a proxy that ends TLS we see http where the page says https: an absent port is the page's default.
        return (theirs.host, theirs.port) == _split((host or "").strip().lower(), _DEFAULT_PORTS[theirs.scheme])
    except ValueError:
        return False


def _split(authority: str, default: int) -> tuple[str, int]:
    """Split ``host[:port]``; an IPv6 address stands in brackets. Raises ValueError."""
    host, separator, port = authority.rpartition(":")
    if not separator or authority.endswith("]"):
        host, port = authority, str(default)
    bracketed = host.startswith("[") and host.endswith("]")
    if not host.strip("[]") or any(c in host for c in "/@?#\\ ") or (":" in host and not bracketed):
        raise ValueError(authority)
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) <= 65_535):
        raise ValueError(authority)
    return host, int(port)
