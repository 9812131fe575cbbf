"""What stands between a browser and the server in these tests, and can be as bad as a network."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from typing import Literal

#: Everything goes through; nothing does, and nobody is told; connections are refused.
Mood = Literal["open", "stalled", "closed"]


class TcpRelay:
    """Passes bytes on between whoever connects and the server, as long as it is in the mood."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._mood: Mood = "open"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        #: How many connections were asked for.
        self.accepted = 0
        self._lock = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._listener.getsockname()[1]}"

    def retarget(self, port: int) -> None:
        """From now on connections go to another server."""
        self._target = ("127.0.0.1", port)

    def set(self, mood: Mood) -> None:
        with self._lock:
            self._mood = mood

    def cut(self) -> None:
        """End every connection without a word: a reset to both sides."""
        with self._lock:
            for each in self._peers:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            while self._peers:
                self._drop(next(iter(self._peers)))

    def close(self) -> None:
        self._over = True
        self._thread.join()
        self.cut()
        self._listener.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._over:
            ready = self._selector.select(0.02)
            with self._lock:
                if self._mood == "stalled":
                    # What is not read is not acknowledged for long; what connects hangs.
                    threading.Event().wait(0.02)
                    continue
                for key, _ in ready:
                    assert isinstance(key.fileobj, socket.socket)
                    if key.fileobj is self._listener:
                        self._accept()
                    elif key.fileobj in self._peers:
                        self._pass_on(key.fileobj)

    def _accept(self) -> None:
        try:
            near, _ = self._listener.accept()
        except BlockingIOError:
            return
        self.accepted += 1
        try:
            if self._mood == "closed":
                raise ConnectionRefusedError
            far = socket.create_connection(self._target, timeout=1)
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            one.setblocking(True)
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, one: socket.socket) -> None:
        try:
            data = one.recv(65536)
            if data:
                self._peers[one].sendall(data)
                return
        except OSError:
            pass
        self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        other = self._peers.pop(one, None)
        for each in (one, other):
            if each is None:
                continue
            self._peers.pop(each, None)
            try:
                self._selector.unregister(each)
            except KeyError:
                continue
            each.close()


class UdpRelay:
    """Passes packets on to the media port, each browser's from a port of its own; while it is shut they are lost."""

    def __init__(self) -> None:
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._back: dict[socket.socket, tuple[str, int]] = {}
        self.target = 0
        self.shut = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._near, selectors.EVENT_READ)
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._near.getsockname()[1]
        return port

    def close(self) -> None:
        self._over = True
        self._thread.join()
        for each in (self._near, *self._back):
            each.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.02):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                try:
                    data, source = one.recvfrom(65536)
                    if self.shut or not self.target:
                        continue
                    if one is self._near:
                        self._to_server(source).send(data)
                    else:
                        self._near.sendto(data, self._back[one])
                except OSError:
                    continue

    def _to_server(self, source: tuple[str, int]) -> socket.socket:
        if source not in self._far:
            far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            far.connect(("127.0.0.1", self.target))
            self._far[source] = far
            self._back[far] = source
            self._selector.register(far, selectors.EVENT_READ)
        return self._far[source]
