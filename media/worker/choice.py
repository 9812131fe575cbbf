"""Which codec a picture is sent in: one that everyone in the room can decode, as the server prefers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from media.worker.codecs import Codec


class Decoders:
    """How many people can decode what. Of whom nothing is known yet is taken to decode anything."""

    def __init__(self, preference: Sequence[Codec], known: Iterable[Collection[Codec]] = ()) -> None:
        self._preference = preference
        self._counts: Counter[Codec] = Counter()
        for codecs in known:
            self._counts.update(codecs)

    def choose(
        self, offered: Collection[Codec], current: Codec | None, without: Collection[Codec] | None = None
    ) -> Codec | None:
        """Return the codec for a picture that its publisher offers in these.

        Most must be able to decode it, then the preference counts; ``current`` stays while it is no worse for anyone,
        as every change is a break. ``without`` are the publisher's own decoders, who is sent nothing of it.
        """
        candidates = [codec for codec in self._preference if codec in offered]
        if not candidates:
            return None
        own = without or ()
        counts = {codec: self._counts[codec] - (codec in own) for codec in candidates}
        most = max(counts.values())
        if current in counts and counts[current] == most:
            return current
        return next(codec for codec in candidates if counts[codec] == most)
