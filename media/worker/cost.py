"""What a layer takes of a link, measured while it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from media.worker.picture import HIGHEST
from media.worker.rate import RateMeter

#: Seconds after which what is measured of a layer is believed.
MEASURED = 1.0


class Cost:
    """Bits a second, in all and up to each temporal layer; what was measured last, if the layer does not come now."""

    __slots__ = ("_meters", "_since", "bitrate", "up_to")

    def __init__(self) -> None:
        self.bitrate = 0.0
        self.up_to: tuple[float, ...] = ()
        self.pause()

    def pause(self) -> None:
        """It does not come, or begins anew: what passed until now is not measured any more."""
        #: Since when it comes without a pause.
        self._since: float | None = None
        self._meters = [RateMeter() for _ in range(HIGHEST + 1)]

    def look_at_sound(self, now: float, octets: int) -> None:
        """Take how many bytes have come in all. To be called more than once a second, as the other."""
        self.bitrate = self._meters[0].look(now, octets)

    def look_at_pictures(self, now: float, octets: Sequence[int]) -> None:
        """Take how many bytes have come of each temporal layer in all."""
        if self._since is None:
            self._since = now
        rates = [meter.look(now, each) for meter, each in zip(self._meters, octets, strict=True)]
        if now - self._since < MEASURED:
            return
        self.bitrate = sum(rates)
        last = max((number for number, rate in enumerate(rates) if rate > 0), default=0)
        self.up_to = tuple(accumulate(rates[: last + 1]))
