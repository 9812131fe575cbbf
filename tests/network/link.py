"""One direction of a link: a packet and the time go in; when it arrives comes out, or that it never does.

There is no I/O here and no clock. Each kind of accident is drawn from a sequence of its own, once for every packet, so
the decisions repeat exactly for a seed, and what is changed about one kind leaves the others as they were.
"""

from __future__ import annotations

import random
from collections import deque
from typing import NamedTuple

import attrs

from tests.network.conditions import CLEAR, Bursts, Conditions

#: Octets that IPv4 and UDP add to a packet, for the rate.
OVERHEAD = 28
#: Packets under way, beyond which they are dropped whatever the rate is: nothing here is without a bound.
MAX_UNDER_WAY = 10_000
#: Seconds after which what a stream lost is there after all: TCP sends it again, and what is behind it waits.
SENT_AGAIN = 0.2


class Delivery(NamedTuple):
    """A packet, and when it arrives."""

    at: float
    packet: bytes


@attrs.frozen
class LinkStatistics:
    """What became of the packets; ``packets`` is the sum of the next five. A duplicate is not in it."""

    packets: int
    delivered: int
    #: By accident, by a full queue, by a cut, and for want of room here.
    lost: int
    overflowed: int
    cut: int
    crowded: int
    #: Of those delivered.
    octets: int
    reordered: int
    duplicated: int


class Link:
    """One direction of a link. Times are in seconds, of any clock, and never go back."""

    def __init__(self, conditions: Conditions = CLEAR, seed: object = 0) -> None:
        self._conditions = conditions
        self._loss, self._burst, self._burst_loss, self._jitter, self._order, self._twice = (
            random.Random(f"{seed}/{kind}") for kind in ("loss", "burst", "burst-loss", "jitter", "order", "twice")
        )
        self._bad = False
        self._is_cut = False
        #: Octets in the queue at a time.
        self._backlog = 0.0
        self._drained_at = 0.0
        self._last = float("-inf")
        self._under_way: deque[float] = deque()
        self._delivered = self._lost = self._overflowed = self._cut = self._crowded = 0
        self._octets = self._reordered = self._duplicated = 0

    @property
    def conditions(self) -> Conditions:
        return self._conditions

    @property
    def is_cut(self) -> bool:
        return self._is_cut

    def change(self, conditions: Conditions, now: float) -> None:
        """Be like this from now on. What is under way already arrives when it was to arrive."""
        self._drain(now)
        self._conditions = conditions
        if conditions.rate is None:
            self._backlog = 0.0
        if conditions.bursts is None:
            self._bad = False

    def cut(self) -> None:
        """Let nothing through any more."""
        self._is_cut = True

    def mend(self) -> None:
        """Let things through again."""
        self._is_cut = False

    def send(self, packet: bytes, now: float) -> list[Delivery]:
        """Take a packet, and return its arrival: none if it is lost, two if it is duplicated."""
        like, lost = self._conditions, self._draw_loss()
        late, held, twice = self._jitter.random(), self._order.random(), self._twice.random()
        if self._is_cut:
            self._cut += 1
            return []
        while self._under_way and self._under_way[0] <= now:
            self._under_way.popleft()
        if len(self._under_way) >= MAX_UNDER_WAY:
            self._crowded += 1
            return []
        waited = self._enqueue(len(packet) + OVERHEAD, now, bounded=True)
        if waited is None:
            self._overflowed += 1
            return []
        if lost:  # on the wire, for which it has waited
            self._lost += 1
            return []
        at = now + waited + like.delay + late * like.jitter
        if held < like.reordering:
            self._reordered += 1
            at += like.held_back
        else:
            at = self._last = max(at, self._last)
        self._under_way.append(at)
        self._delivered += 1
        self._octets += len(packet)
        if twice < like.duplication:
            self._duplicated += 1
            return [Delivery(at, packet), Delivery(at, packet)]
        return [Delivery(at, packet)]

    def stream(self, chunk: bytes, now: float) -> Delivery:
        """Take a piece of a byte stream, and return its arrival: never lost and never overtaken, but late.

        The bound of the queue is for whoever feeds it, by `wait`.
        """
        like, lost = self._conditions, self._draw_loss()
        late = self._jitter.random()
        waited = self._enqueue(len(chunk) + OVERHEAD, now, bounded=False) or 0.0
        at = now + waited + like.delay + late * like.jitter + (SENT_AGAIN + like.delay if lost else 0.0)
        self._last = max(at, self._last)
        self._delivered += 1
        self._octets += len(chunk)
        return Delivery(self._last, chunk)

    def wait(self, now: float) -> float:
        """Return for how many seconds what comes now waits in the queue."""
        self._drain(now)
        rate = self._conditions.rate
        return 0.0 if rate is None else self._backlog * 8 / rate

    def statistics(self) -> LinkStatistics:
        """Return what became of the packets so far."""
        ends = (self._delivered, self._lost, self._overflowed, self._cut, self._crowded)
        return LinkStatistics(sum(ends), *ends, self._octets, self._reordered, self._duplicated)

    def _draw_loss(self) -> bool:
        like = self._conditions
        lost = self._loss.random() < like.loss
        change, in_burst = self._burst.random(), self._burst_loss.random()
        if like.bursts is not None:
            lost |= in_burst < self._burst_chance(like.bursts, change)
        return lost

    def _burst_chance(self, bursts: Bursts, change: float) -> float:
        if change < (bursts.end if self._bad else bursts.begin):
            self._bad = not self._bad
        return bursts.loss_in_bad if self._bad else bursts.loss_in_good

    def _enqueue(self, octets: int, now: float, *, bounded: bool) -> float | None:
        """Return how long it takes until these have been sent, or None if the queue is full."""
        rate, wait = self._conditions.rate, self.wait(now)
        if rate is None:
            return 0.0
        if bounded and wait > self._conditions.queue:
            return None
        self._backlog += octets
        return wait + octets * 8 / rate

    def _drain(self, now: float) -> None:
        if self._conditions.rate is not None:
            self._backlog = max(0.0, self._backlog - (now - self._drained_at) * self._conditions.rate / 8)
        self._drained_at = now
