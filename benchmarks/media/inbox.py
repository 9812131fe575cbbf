"""Reading many datagrams with one system call, and when the first of them arrived: recvmmsg(2), by ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

#: Datagrams of one call, and octets of one.
SLOTS, STRIDE = 64, 1_536
_TIMESTAMPNS = 35  # SO_TIMESTAMPNS, which the socket module does not have
_TIME = struct.Struct("@ll")
_CONTROL = socket.CMSG_SPACE(_TIME.size)
_CONTROL_DATA = socket.CMSG_LEN(0)
_DONTWAIT = 0x40


class _Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Header(ctypes.Structure):  # struct msghdr
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(_Iovec)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Message(ctypes.Structure):  # struct mmsghdr
    _fields_ = [("header", _Header), ("received", ctypes.c_uint)]


_receive = ctypes.CDLL(None, use_errno=True).recvmmsg


def note_arrivals(sock: socket.socket) -> None:
    """Have the kernel note when datagrams arrive."""
    sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)


class Inbox:
    """Room for the datagrams of one call; the next call overwrites them. One is enough for all sockets."""

    def __init__(self) -> None:
        self._octets = ctypes.create_string_buffer(SLOTS * STRIDE)
        self._control = ctypes.create_string_buffer(_CONTROL)
        self._vectors = (_Iovec * SLOTS)()
        self._messages = (_Message * SLOTS)()
        start = ctypes.addressof(self._octets)
        for number, (vector, message) in enumerate(zip(self._vectors, self._messages, strict=True)):
            vector.base, vector.length = start + number * STRIDE, STRIDE
            message.header.vectors, message.header.vector_count = ctypes.pointer(vector), 1
        #: The datagrams; number ``n`` begins at ``n * STRIDE``.
        self.octets = memoryview(self._octets).cast("B")

    def receive(self, descriptor: int) -> int:
        """Read what there is, and return how many datagrams; `SLOTS` of them means that there may be more."""
        first = self._messages[0].header
        first.control, first.control_length = ctypes.addressof(self._control), _CONTROL
        count: int = _receive(descriptor, self._messages, SLOTS, _DONTWAIT, None)
        if count < 0:
            if ctypes.get_errno() == errno.EAGAIN:
                return 0
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return count

    def datagram(self, number: int) -> bytes:
        start = number * STRIDE
        return bytes(self.octets[start : start + self._messages[number].received])

    def arrival(self) -> float | None:
        """Return when the first datagram arrived, in Unix seconds, if the kernel noted it."""
        if self._messages[0].header.control_length < _CONTROL_DATA + _TIME.size:
            return None
        seconds, nanoseconds = _TIME.unpack_from(self._control.raw, _CONTROL_DATA)
        return float(seconds + nanoseconds * 1e-9)
