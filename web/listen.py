"""Listening sockets, and why there are none."""

from __future__ import annotations

import errno
import socket
from typing import Any

#: Milliseconds after which the kernel gives up a peer that acknowledges nothing.
USER_TIMEOUT = 15_000
BACKLOG = 512


class CannotListen(Exception):
    """An address or port that cannot be had; the message is for the operator."""


def listen(host: str, port: int, advice: str) -> list[socket.socket]:
    """Bind the listening sockets: one for each address that the host name stands for.

    ``advice`` says which settings choose another. Raises CannotListen.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, ValueError) as error:  # ValueError: what cannot be a name at all
        reason = error.strerror if isinstance(error, OSError) else error
        raise CannotListen(f"{host} is no address of this machine: {reason}.") from None
    sockets: list[socket.socket] = []
    problem = ""
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            sockets.append(_listen(family, kind, protocol, address))
        except OSError as error:
            problem = f"Cannot listen on {address[0]} port {port}: {error.strerror}. Choose another with {advice}."
            # "localhost" is ::1, too, where there is no IPv6.
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                continue
            for sock in sockets:
                sock.close()
            raise CannotListen(problem) from None
    if not sockets:
        raise CannotListen(problem)
    return sockets


def _listen(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
