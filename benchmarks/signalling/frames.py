"""The little of websockets (RFC 6455) that a page needs which counts what it is sent."""

from __future__ import annotations

import os
import struct

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def handshake(port: int, path: str = "/ws") -> bytes:
    """Ask for a websocket, without extensions: nothing is compressed."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """Write a whole frame, masked as a page's are."""
    mask = os.urandom(4)
    if len(payload) < 126:
        head = bytes([0x80 | opcode, 0x80 | len(payload)])
    else:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(payload))
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + body.to_bytes(len(payload), "big")


def closing(code: int) -> bytes:
    """Write a close frame."""
    return frame(CLOSE, struct.pack("!H", code))


def extent(buffer: bytes, at: int) -> tuple[int, int] | None:
    """Where the payload of the server's frame at ``at`` begins and ends; None if its head is not there yet."""
    if len(buffer) - at < 2:
        return None
    length = buffer[at + 1]
    start = at + 2
    if length >= 126:
        wide = 2 if length == 126 else 8
        if len(buffer) < start + wide:
            return None
        length = int.from_bytes(buffer[start : start + wide], "big")
        start += wide
    return start, start + length
