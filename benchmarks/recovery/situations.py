"""What happens to the network of one of four people."""

from __future__ import annotations

from typing import Literal

import attrs

Side = Literal["seen", "sees"]


@attrs.frozen
class Situation:
    """Commands to the relay (``tests.network.commands``), and where their effect is looked for."""

    name: str
    title: str
    #: Said when the call is going well, and when it has lasted for long enough; with nothing to end it, it stays.
    begin: tuple[str, ...]
    end: tuple[str, ...] = ()
    #: Whether the unlucky one sees others badly, or is seen so.
    sides: tuple[Side, ...] = ("sees", "seen")
    #: Seconds that it lasts.
    lasts: float = 15.0
    #: Said before the unlucky one comes, so that there is no time before.
    first: bool = False


SITUATIONS = [
    Situation("clear", "nothing", ()),
    Situation("2%", "2 % loss both ways", ("ada both 2%",), ("ada both clear",)),
    Situation("10%", "10 % loss both ways", ("ada both 10%",), ("ada both clear",)),
    Situation("bursty", "5 % loss in bursts of 6, both ways", ("ada both bursty",), ("ada both clear",)),
    Situation("jitter", "100 ms and up to 30 ms of jitter both ways", ("ada both 100ms~30ms",), ("ada both clear",)),
    Situation("downlink", "downlink of 300 kbit/s", ("ada down 300kbit",), ("ada down clear",), ("sees",)),
    Situation("uplink", "uplink of 100 kbit/s", ("ada up 100kbit",), ("ada up clear",), ("seen",)),
    Situation("cut", "nothing for 4 s", ("ada cut",), ("ada mend",), lasts=4.0),
    Situation("move", "another address", ("ada move",)),
    Situation("udp", "UDP blocked when coming", ("ada block udp",), first=True),
]
