"""A worker of a few lines, and none of them ours: what a process does when all goes well, and when it does not.

Usage: tiny_worker.py MODE --control-fd N [...]
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import signal
import socket
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode")
    parser.add_argument("--control-fd", type=int)
    parser.add_argument("--port", type=int, default=0)
    arguments, _ = parser.parse_known_args()
    mode = arguments.mode
    if mode == "exit":
        sys.exit(3)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    listener = socket.socket(fileno=arguments.control_fd)
    connection, _ = listener.accept()
    if mode == "silent":
        wait_for_the_end(connection)
        return
    shake_hands(connection)
    if mode == "start_failed":
        say(connection, b'{"event": "start_failed", "params": {"message": "UDP port 10000 is in use."}}')
        os._exit(1)  # without a goodbye, as fast as it can
    log("time=2026-01-01T00:00:00.000Z level=info logger=tiny message=ready")
    log("x" * 100_000)
    say(connection, b'{"event": "ready", "params": {"port": %d, "addresses": []}}' % arguments.port)
    if mode == "stubborn":
        while True:
            time.sleep(60)
    wait_for_the_end(connection)
    log("time=2026-01-01T00:00:00.000Z level=error logger=tiny message=the last word")


def log(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def shake_hands(connection: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")).split()[1]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def say(connection: socket.socket, text: bytes) -> None:
    assert len(text) < 126
    connection.sendall(bytes([0x81, len(text)]) + text)


def wait_for_the_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


if __name__ == "__main__":
    main()
