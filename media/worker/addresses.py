"""Which addresses the worker listens on, and which it tells browsers of."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import attrs
import ifaddr

#: A host with many containers has hundreds; each would be tried by each browser.
MAX_ADDRESSES = 16
#: Host candidates of a component have this type preference and these first 16 bits (RFC 8445, section 5.1.2.1).
_HOST_PRIORITY = 126 << 24
#: Those of TCP come after all of UDP: a type preference of 90, and the direction passive, which is 4 in the three bits
#: before the preference of the address (RFC 6544, section 4.2).
_TCP_PRIORITY = 90 << 24 | 4 << 21


def local_addresses() -> list[str]:
    """Return the addresses of this machine that a browser may be able to reach, the public ones first.

    Loopback is among them, for a browser on the same machine; link-local addresses, which need a zone, are not.
    """
    found: dict[str, None] = {}
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            found[ip.ip if isinstance(ip.ip, str) else ip.ip[0]] = None
    return usable(found)[:MAX_ADDRESSES]


def usable(addresses: Iterable[str]) -> list[str]:
    """Choose from ``addresses`` and put them into the order in which browsers are told of them."""
    parsed = [ipaddress.ip_address(address) for address in addresses]
    chosen = [
        ip
        for ip in parsed
        if not (ip.is_link_local or ip.is_multicast or ip.is_unspecified or (ip.version == 6 and ip.is_loopback))
    ]
    return [str(ip) for ip in sorted(chosen, key=lambda ip: (ip.is_loopback, not ip.is_global, ip.version))]


@attrs.frozen
class Announcement:
    """An address that browsers reach the worker at, where that is not the one it listens on; port None is the same."""

    address: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Announcement:
        """Read ``ADDRESS``, ``ADDRESS:PORT`` or ``[ADDRESS]:PORT``. Raises ValueError with a sentence."""
        host, port = text, ""
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            port = rest.removeprefix(":")
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        try:
            address = str(ipaddress.ip_address(host))
            number = int(port) if port else None
        except ValueError:
            raise ValueError(f"{text!r} is not an IP address, or one with a port") from None
        if number is not None and not 0 < number < 65_536:
            raise ValueError(f"{number} is not a port")
        return cls(address, number)


def candidates(addresses: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Write host candidates (RFC 8839, section 5.1) for (address, port) pairs, the first of which is preferred.

    Each is there for UDP and, further down, for TCP connections that the browser opens (RFC 6544).
    """
    numbered = list(enumerate(addresses, 1))
    datagrams = [
        f"{number} 1 udp {_HOST_PRIORITY | (65_535 - number) << 8 | 255} {address} {port} typ host"
        for number, (address, port) in numbered
    ]
    connections = [
        f"{len(numbered) + number} 1 tcp {_TCP_PRIORITY | (8_191 - number) << 8 | 255} {address} {port} typ host "
        "tcptype passive"
        for number, (address, port) in numbered
    ]
    return (*datagrams, *connections)
