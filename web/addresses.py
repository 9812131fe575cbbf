"""Who a connection comes from, as far as that can be known, and how many come from the same place.

An address that comes in a header is what somebody says. It is believed where the one who says it is a proxy of ours; so
X-Forwarded-For is read from its end, which the nearest proxy wrote, for as long as each says it got it from another.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import attrs

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Proxies in a row that are asked; more is nobody's set-up, and each costs.
HOPS = 16
#: What one household or machine is given of IPv6: whoever has one address of it has them all.
_IPV6_PREFIX = 64
#: Seconds between two words in the log about one address, and how many addresses are remembered for that.
QUIET = 60.0
REMEMBERED = 1_000


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks, such as ``127.0.0.1`` and ``10.0.0.0/8``. Raises ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def origin_of(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """Say where a connection comes from: an IPv4 address, or the IPv6 network that one belongs to.

    ``peer`` is the address it came from and ``forwarded`` the X-Forwarded-For headers in order. None where there is
    nothing to count by: this machine itself speaks, and for nobody else, or the peer has no IP address.
    """
    address = _parse(peer or "")
    if address is None or (address.is_loopback and not forwarded):
        return None
    if _within(address, trusted):
        for text in _from_the_end(forwarded):
            said = _parse(text)
            if said is None:  # garbage, and whatever stands before it was there when that was let pass
                break
            address = said
            if not _within(address, trusted):
                break
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def _from_the_end(forwarded: Sequence[str]) -> Iterator[str]:
    hops = 0
    for header in reversed(forwarded):
        for part in reversed(header.rsplit(",", HOPS)):
            hops += 1
            if hops > HOPS:
                return
            yield part


def _parse(text: str) -> Address | None:
    """Read an address as proxies write it: bare, or with a port, and then an IPv6 address in brackets."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


@attrs.frozen
class AddressStatistics:
    """From how many addresses there are connections, the most from one, and how many were refused in all."""

    addresses: int
    most: int
    refused: int


class Addresses:
    """How many connections there are from each address, and whether there may be another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}
        self._refused = 0
        #: When the log last had a word about an address; the oldest first.
        self._told: OrderedDict[str, float] = OrderedDict()

    def enter(self, address: str | None) -> bool:
        """Count a connection, and then `leave` is to be called; False if there are enough. None is not counted."""
        if address is None:
            return True
        count = self._counts.get(address, 0)
        if count >= self._most:
            self._refused += 1
            return False
        self._counts[address] = count + 1
        return True

    def leave(self, address: str | None) -> None:
        """Forget a connection that was counted."""
        if address is None:
            return
        self._counts[address] -= 1
        if not self._counts[address]:
            del self._counts[address]

    def worth_a_word(self, address: str, now: float) -> bool:
        """Whether the log is to say that an address was refused: it was silent about it for a while."""
        last = self._told.get(address)
        if last is not None and now - last < QUIET:
            return False
        self._told[address] = now
        self._told.move_to_end(address)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return True

    def statistics(self) -> AddressStatistics:
        return AddressStatistics(len(self._counts), max(self._counts.values(), default=0), self._refused)
