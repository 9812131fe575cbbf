"""Which pages may open a socket here (RFC 6455, section 10.2)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed(origin: str | None, host: str | None, extra: Collection[str] = ()) -> bool:
    """Say whether a page of ``origin`` may open a socket on ``host``.

    A browser always sends an Origin, so a program that sends none is no page and has no user's trust to abuse.
    ``extra`` are origins, such as ``https://chat.example.org``, for proxies that change the Host header.
    """
    if origin is None:
        return True
    if origin.lower().rstrip("/") in {e.lower().rstrip("/") for e in extra}:
        return True
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or host is None:
        return False
    ours, _, our_port = host.lower().rpartition(":") if _has_port(host) else (host.lower(), "", "")
    # Behind a proxy that ends TLS we see http where the page says https: an absent port is the page's default.
    theirs = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = _DEFAULT_PORTS[parts.scheme]
    return theirs == ours and (port or default) == (int(our_port) if our_port.isdecimal() else default)


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]
