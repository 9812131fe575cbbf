"""Very many pages in one thread: sockets under one epoll, frames counted by their heads.

It must cost less than the servers that it measures, so it is made of reads, and reads little of what it gets: which
event it is, from the first bytes. The kernel says when something arrived, so nothing is later for being read later.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence

import attrs

from benchmarks.signalling.frames import CLOSE, PING, PONG, TEXT, extent, frame, handshake

#: Seconds without anything new after which something was lost.
PATIENCE = 60.0
#: Pages on their way in at a time.
AT_ONCE = 16
#: As much as is read from a page at a time.
READ = 65_536
#: One page in so many says when things arrive.
SAMPLED = 4
#: What a socket says when its data arrived, in nanoseconds of Unix time; Python does not name it.
SO_TIMESTAMPNS = 35

_JOINED, _CHAT, _PING = b'{"type":"joined"', b'{"type":"chat"', b'{"type":"ping"'
_ARRIVED, _ERROR = b'{"type":"participant_joined"', b'{"type":"error"'


class Wrong(Exception):
    """A server did what it must not: refused, hung up, lost a message."""


class Stalled(Wrong):
    """What was waited for has not come."""


@attrs.define(eq=False)
class Member:
    """One page."""

    sock: socket.socket
    room: str
    name: str
    #: Whether it is asked when things arrive, which takes a little longer.
    sampled: bool
    rest: bytes = b""
    upgraded: bool = False
    joined: bool = False


@attrs.define(eq=False)
class Swarm:
    """The pages at one server. Raises Wrong from whatever reads."""

    port: int
    #: What was received in all: `chat` events, their size, and `participant_joined` events.
    chats: int = 0
    chat_bytes: int = 0
    arrivals: int = 0
    #: When `chat` events arrived at the pages that are sampled, in nanoseconds of Unix time.
    receipts: list[int] = attrs.field(factory=list)
    members: dict[int, Member] = attrs.field(factory=dict)
    _joined: int = 0
    _people: Counter[str] = attrs.field(factory=Counter)
    _epoll: select.epoll = attrs.field(factory=select.epoll)

    def join(self, rooms: Sequence[str], receive_buffer: int | None = None) -> list[Member]:
        """Bring one page into each of these rooms, and return them once all are in and those before were told.

        Few are on their way at a time, so that no server is further behind than that.
        """
        newcomers = []
        already = self._joined
        due = [self.arrivals]
        for number, room in enumerate(rooms):
            early = max(number - AT_ONCE, 0)
            self._until(lambda: self._joined, already + early, "joins")
            self._until(lambda: self.arrivals, due[early], "arrivals")
            due.append(due[-1] + self._people[room])
            self._people[room] += 1
            newcomers.append(self._connect(room, f"Guest {number}", receive_buffer))
        self._until(lambda: self._joined, already + len(rooms), "joins")
        self._until(lambda: self.arrivals, due[-1], "arrivals")
        return newcomers

    def say(self, member: Member, text: str) -> int:
        """Write in the chat, and return the time of it in nanoseconds of Unix time."""
        words = frame(TEXT, json.dumps({"type": "chat", "text": text}).encode())
        now = time.time_ns()
        member.sock.send(words)
        return now

    def broadcast(self, member: Member, text: str, receivers: int, patience: float = PATIENCE) -> list[float]:
        """Write in the chat, wait until that many have it, and return the seconds that it took to some of them.

        Raises Stalled.
        """
        expected = self.chats + receivers
        self.receipts.clear()
        sent = self.say(member, text)
        deadline = time.monotonic() + patience
        while self.chats < expected:
            self.poll(0.1)
            if time.monotonic() > deadline:
                raise Stalled(f"{expected - self.chats} of {receivers} did not get a message within {patience:g} s")
        if self.chats > expected:
            raise Wrong(f"{self.chats - expected} messages came twice")
        return [(receipt - sent) / 1e9 for receipt in self.receipts]

    def idle(self, seconds: float) -> None:
        """Be there, and answer pings."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.poll(left)

    def stop_reading(self, member: Member) -> None:
        """Leave a page's socket open and unread."""
        self._epoll.unregister(member.sock)

    def close(self) -> None:
        """Drop every page."""
        for member in self.members.values():
            member.sock.close()
        self.members.clear()
        self._epoll.close()

    def poll(self, timeout: float) -> None:
        """Read whatever there is, after waiting for something for at most so many seconds."""
        for fd, _ in self._epoll.poll(timeout):
            member = self.members[fd]
            try:
                if member.sampled:
                    data, notes, _, _ = member.sock.recvmsg(READ, 64)
                else:
                    data, notes = member.sock.recv(READ), []
            except BlockingIOError:
                continue
            except OSError as error:
                raise Wrong(f"the connection of {member.name} was lost: {error}") from None
            if not data:
                raise Wrong(f"the server hung up on {member.name}: {member.rest[:200]!r}")
            self._feed(member, data, notes[0][2] if notes else b"")

    def _until(self, count: Callable[[], int], wanted: int, what: str) -> None:
        """Read until there are that many. However slow it is, it is no stall while there are ever more."""
        before, deadline = count(), time.monotonic() + PATIENCE
        while before < wanted:
            self.poll(0.1)
            if (now := count()) > before:
                before, deadline = now, time.monotonic() + PATIENCE
            elif time.monotonic() > deadline:
                raise Stalled(f"{wanted - now} of {wanted} {what} are missing, and none came for {PATIENCE:g} s")

    def _connect(self, room: str, name: str, receive_buffer: int | None) -> Member:
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sampled = len(self.members) % SAMPLED == 0
        if sampled:
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.sendall(handshake(self.port))
        sock.setblocking(False)
        member = self.members[sock.fileno()] = Member(sock, room, name, sampled)
        self._epoll.register(sock, select.EPOLLIN)
        return member

    def _feed(self, member: Member, data: bytes, stamp: bytes) -> None:
        if member.rest:
            data = member.rest + data
        if not member.upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                member.rest = head
                return
            self._upgraded(member, head)
        at = 0
        while (found := extent(data, at)) is not None and found[1] <= len(data):
            start, end_at = found
            opcode = data[at] & 15
            if opcode == TEXT:
                self._event(member, data, start, end_at, stamp)
            elif opcode == PING:
                member.sock.send(frame(PONG, data[start:end_at]))
            elif opcode == CLOSE:
                raise Wrong(f"{member.name} was closed: {data[start:end_at]!r}")
            at = end_at
        member.rest = data[at:]

    def _upgraded(self, member: Member, head: bytes) -> None:
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise Wrong(f"{member.name} got no websocket: {head!r}")
        member.upgraded = True
        words = {"type": "join", "ref": "j", "room": member.room, "name": member.name}
        member.sock.send(frame(TEXT, json.dumps({**words, "microphone": True, "camera": True}).encode()))

    def _event(self, member: Member, data: bytes, start: int, end: int, stamp: bytes) -> None:
        if data.startswith(_CHAT, start):
            self.chats += 1
            self.chat_bytes += end - start
            if stamp:
                seconds, nanoseconds = struct.unpack("qq", stamp)
                self.receipts.append(seconds * 1_000_000_000 + nanoseconds)
        elif data.startswith(_ARRIVED, start):
            self.arrivals += 1
        elif data.startswith(_PING, start):
            number = json.loads(data[start:end]).get("n")
            words = {"type": "pong"} if number is None else {"type": "pong", "n": number}
            member.sock.send(frame(TEXT, json.dumps(words).encode()))
        elif data.startswith(_JOINED, start):
            member.joined = True
            self._joined += 1
        elif data.startswith(_ERROR, start):
            raise Wrong(f"{member.name} was refused: {data[start:end].decode()}")
