"""Ports for those who must know them before they are bound."""

from __future__ import annotations

import random
import socket


def free_port(count: int = 1) -> int:
    """The first of ``count`` ports in a row that nobody has, for UDP and for TCP.

    They are below those that the kernel gives out by itself, or a connection of some other test might have one of them
    a moment later.
    """
    while True:
        first = random.randrange(20_000, 32_000)
        if all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(type=kind) as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
