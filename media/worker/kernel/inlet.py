"""The way in, in C: one call waits, reads, and forwards what is ordinary. See `media.worker.inlet`.

Who owns what: a door holds its record and its lanes, a lane its record and its receivers, and the inlet all doors that
are in its table. C looks at them only while `KernelInlet.wait` waits, which nobody does at the same time.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any

from media.serving import Cell
from media.worker.aiortc_hooks import srtp_unprotect_address
from media.worker.codecs import OPUS, Codec
from media.worker.counters import Counters
from media.worker.fanout import Outgoing
from media.worker.ice import Address, Path
from media.worker.inlet import NO_LANE, Arrived, InletStatistics, Lane, Took
from media.worker.kernel.fanout import OWN, KernelFanout, pack_address
from media.worker.outgoing_extensions import LEVEL, STAMP
from media.worker.udp import UdpEndpoint

logger = logging.getLogger(__name__)

#: An ``arrival_t``, and the names of its kinds.
_ARRIVAL = struct.Struct("@diiiiIiiiiiiI28sP")
_UNTOUCHED, _REFUSED, _OPENED, _FORWARDED = range(4)
#: A ``totals_t`` in which nothing happened.
_NOTHING = bytes(8 * 8)
#: Lanes of one door; the streams of more go the long way.
MAX_LANES = 64


class KernelLane:
    """A lane that C can read."""

    def __init__(self, ffi: Any, number: int, ssrc: int, kind: int) -> None:
        self._ffi = ffi
        self.record = ffi.new("lane_t *")
        self.record.number = number
        self.record.ssrc = ssrc
        self.record.kind = kind
        self.record.block = OPUS.payload_type
        self._receivers: Sequence[Outgoing] | None = None
        self._array: Any = None

    def read(self, level: int, wide: int, red: int) -> None:
        """Say what is read; see `Lane`."""
        self.record.level, self.record.wide, self.record.red = level, wide, red

    def arm(self, payload_type: int, sequence: int, receivers: Sequence[Outgoing], up_to: int, takers: int) -> None:
        """Let packets go out; see `Lane`."""
        record = self.record
        if receivers is not self._receivers:
            self._array = self._ffi.new("outgoing_t *[]", [out.record for out in receivers])  # type: ignore[attr-defined]
            self._receivers = receivers
            record.receivers, record.count = self._array, len(receivers)
        record.payload_type = payload_type
        record.next = sequence
        record.up_to = up_to
        record.takers = takers
        record.armed = 1

    def disarm(self) -> None:
        """Have the next packet looked at."""
        record = self.record
        record.armed = 0
        if self._receivers is not None:
            record.receivers, record.count = self._ffi.NULL, 0
            self._receivers = self._array = None


class KernelDoor:
    """A door that C can find. Made by `KernelInlet.door`."""

    def __init__(self, inlet: KernelInlet, number: int, room: int, arrived: Arrived) -> None:
        self._inlet = inlet
        self.number = number
        self.arrived = arrived
        self.record = inlet.ffi.new("door_t *")
        self.record.number = number
        self.record.room = self._room = room
        self._lanes: dict[int, KernelLane] = {}
        self._path: Path | None = None
        self._holds = 0
        self._known = self._closed = False

    def secure(self, session: int) -> None:
        """Decrypt with this session."""
        self._show(False)
        self.record.session = self._inlet.ffi.cast("void *", session)
        self._show(True)

    def take(self, path: Path | None) -> None:
        """Expect the peer at the other end of this path."""
        self._show(False)
        self._path = path
        self._show(True)

    def hold(self, *, held: bool) -> None:
        """Have nothing come in by this door for now, or let it again."""
        self._holds += 1 if held else -1
        self._show(True)

    def lane(self, ssrc: int, codec: Codec, took: Took) -> Lane:
        """Make the lane of a stream, if C can read its payloads."""
        self.forget(ssrc)
        kind = self._inlet.kinds.get(codec.name)
        if kind is None or self._closed or len(self._lanes) >= MAX_LANES:
            return NO_LANE
        number = self._inlet.enter(took, self._room)
        lane = self._lanes[ssrc] = KernelLane(self._inlet.ffi, number, ssrc, kind)
        self._list()
        return lane

    def forget(self, ssrc: int) -> None:
        """Drop the lane of a stream."""
        if (lane := self._lanes.pop(ssrc, None)) is not None:
            lane.disarm()
            self._inlet.leave(lane.record.number)
            self._list()

    def close(self) -> None:
        """Let go of everything."""
        self._show(False)
        self._closed = True
        for ssrc in list(self._lanes):
            self.forget(ssrc)
        self.record.session = self._inlet.ffi.NULL
        self._inlet.forget(self)
        self.arrived = _nothing  # who is told holds us

    def _list(self) -> None:
        record = self.record
        record.count = len(self._lanes)
        for number, lane in enumerate(self._lanes.values()):
            record.lanes[number] = lane.record

    def _show(self, shown: bool) -> None:
        """Have it found, if all is there that is needed, or not."""
        if self._known:
            self._inlet.hide(self)
            self._known = False
        if not shown or self._closed or self._holds or self._path is None or not self.record.session:
            return
        endpoint, record = self._inlet.number(self._path), self.record
        if endpoint is None:
            return
        name = pack_address(self._path.address)
        record.endpoint = endpoint
        self._inlet.ffi.memmove(record.address, name, len(name))
        record.address_length = len(name)
        self._inlet.show(self)
        self._known = True


class KernelInlet:
    """The inlet in C, made of what `media.worker.kernel.load` returns.

    ``loop`` is the descriptor on which the loop waits (epoll) for everything else.
    """

    def __init__(self, module: Any, fanout: KernelFanout, counters: Counters, serving: Cell, loop: int) -> None:
        self.ffi, self._lib = module.ffi, module.lib
        #: How C reads the payloads of which codec.
        self.kinds = {"opus": self._lib.LANE_SOUND, "VP8": self._lib.LANE_VP8}
        self._fanout = fanout  # what C forwards with
        self._counters = counters
        self._serving = serving
        self._shared = self.ffi.from_buffer("uint64_t[1]", serving)
        unprotect = self.ffi.cast("void *", srtp_unprotect_address())
        state = self._lib.inlet_new(unprotect, fanout.state, self._shared, loop, STAMP, LEVEL)
        if not state:
            raise OSError(self.ffi.errno, os.strerror(self.ffi.errno))
        self._state = self.ffi.gc(state, self._lib.inlet_free)
        assert self.ffi.sizeof("arrival_t") == _ARRIVAL.size, "what is unpacked is not what C wrote"
        self._arrivals = self.ffi.buffer(self._lib.inlet_arrivals(state), _ARRIVAL.size * self._lib.INLET_QUEUE)
        self._step = self._lib.INLET_DATAGRAM
        self._data = self.ffi.buffer(self._lib.inlet_data(state), self._step * self._lib.INLET_QUEUE)
        self._totals = self._lib.inlet_totals(state)
        self._others = self.ffi.new("int *")
        self._endpoints: dict[int, UdpEndpoint] = {}
        self._doors: dict[int, KernelDoor] = {}
        #: Who takes what went out by which lane, and the mark of its room.
        self._lanes: dict[int, tuple[Took, int]] = {}
        self._next = 0
        self._ahead = 0

    def door(self, room: int, arrived: Arrived) -> KernelDoor:
        """Make the way in to a transport."""
        self._next += 1
        door = self._doors[self._next] = KernelDoor(self, self._next, room, arrived)
        return door

    def forget(self, door: KernelDoor) -> None:
        """A door was closed."""
        self._doors.pop(door.number, None)

    def enter(self, took: Took, room: int) -> int:
        """Return a number for a lane."""
        self._next += 1
        self._lanes[self._next] = took, room
        return self._next

    def leave(self, number: int) -> None:
        """A lane is no more."""
        del self._lanes[number]

    def number(self, path: Path) -> int | None:
        """Return the number of the endpoint of a path; None if it is not read here."""
        return next((number for number, each in self._endpoints.items() if each is path.endpoint), None)

    def show(self, door: KernelDoor) -> None:
        """Have a door found. Raises MemoryError."""
        if self._lib.inlet_add(self._state, door.record) < 0:
            raise MemoryError

    def hide(self, door: KernelDoor) -> None:
        """Have a door found no more."""
        self._lib.inlet_remove(self._state, door.record)

    def watch(self, endpoint: UdpEndpoint) -> bool:
        """Read an endpoint from now on. Raises OSError."""
        number = len(self._endpoints)
        if self._lib.inlet_watch(self._state, endpoint.descriptor[0], number) < 0:
            raise OSError(self.ffi.errno, os.strerror(self.ffi.errno))
        self._endpoints[number] = endpoint
        return True

    def ignore(self, endpoint: UdpEndpoint) -> None:
        """Read an endpoint no more."""
        self._lib.inlet_ignore(self._state, endpoint.descriptor[0])

    def wait(self, timeout: float | None) -> bool:
        """Wait, and hand over what came in. Raises OSError."""
        count = self._lib.inlet_wait(self._state, -1.0 if timeout is None else max(0.0, timeout), self._others)
        if count > 0:
            self._count()
            self._hand_over(count)
        elif count < 0:
            raise OSError(self.ffi.errno, os.strerror(self.ffi.errno))
        return bool(self._others[0])

    def statistics(self) -> InletStatistics:
        """A snapshot."""
        return InletStatistics(True, len(self._doors), len(self._lanes), self._ahead)

    def close(self) -> None:
        """Let go of the doors."""
        for door in list(self._doors.values()):
            door.close()

    def _count(self) -> None:
        totals, counters = self._totals, self._counters
        if totals.received:
            self._ahead += totals.ahead
            counters.packets_received += totals.received
            counters.octets_received += totals.octets_received
            counters.packets_sent += totals.sent
            counters.octets_sent += totals.octets + totals.sent * OWN
            counters.sends_full += totals.full
            counters.sends_refused += totals.refused
            counters.sends_unprotected += totals.unprotected
            self.ffi.memmove(totals, _NOTHING, len(_NOTHING))

    def _hand_over(self, count: int) -> None:
        """Give everybody what is theirs, in order."""
        serving, lanes, data, step = self._serving, self._lanes, self._data, self._step
        at = 0
        # A copy, as a handler may wait itself one day.
        for now, kind, length, door, lane, *read, endpoint, address_length, address, _ in _ARRIVAL.iter_unpack(
            self._arrivals[: count * _ARRIVAL.size]
        ):
            packet = data[at : at + length]
            at += step
            try:
                if kind == _FORWARDED:
                    if (known := lanes.get(lane)) is not None:  # it may have gone with what came before
                        took, serving[0] = known
                        took(packet, now, *read)
                elif kind == _UNTOUCHED:
                    serving[0] = 0
                    name = unpack_address(address[:address_length])
                    self._endpoints[endpoint].take(packet, name, now)
                elif door in self._doors:
                    self._doors[door].arrived(None if kind == _REFUSED else packet, now)
            except Exception:  # a bug; the others' datagrams are not lost for it
                logger.exception("datagram not handled")
        serving[0] = 0


def _nothing(packet: bytes | None, now: float) -> None:
    """Stand where something was called."""


def unpack_address(name: bytes) -> Address:
    """Return the address of a struct sockaddr_in or sockaddr_in6 as the socket module has it."""
    port = int.from_bytes(name[2:4])
    if len(name) == 16:
        return socket.inet_ntoa(name[4:8]), port
    host = socket.inet_ntop(socket.AF_INET6, name[8:24])
    return host, port, int.from_bytes(name[4:8]), int.from_bytes(name[24:28], "little")
