"""The outbox on disk: SQLite in WAL, used by one thread at a time.

Events are written many at a time, with what endpoints have answered since, in one transaction. Every method may wait
for the disk, and raises OutboxFull or OutboxBroken.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from web.webhooks.errors import OutboxBroken, OutboxFull, OutboxUnusable
from web.webhooks.event import RANKS
from web.webhooks.waiting import Numbered

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, room TEXT NOT NULL, rank INTEGER NOT NULL,
    at REAL NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_rank ON event (rank, number);
CREATE TABLE IF NOT EXISTS pending (
    endpoint TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (endpoint, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_number ON pending (number);
"""
VERSION = 1
_PAGE = 4_096
#: Bytes of the file for one of bodies, and at least so many: there is more in it than these.
_FILE = 3
_SMALLEST = 4 << 20
#: What SQLite says where the file cannot take more, and where another has it.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@attrs.frozen
class Stored:
    """An event as it is sent. ``at`` is in Unix seconds."""

    id: str
    type: str
    at: float
    body: bytes


class Outbox:
    """Events that not all endpoints have, in ``file``: at most ``max_events``, of ``max_bytes``. `open` it first."""

    def __init__(self, file: Path, max_events: int, max_bytes: int) -> None:
        self.file = file
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._db: sqlite3.Connection
        #: Events, and bytes of their bodies.
        self.events = 0
        self.bytes = 0

    def open(self) -> None:
        """Open the file, which is made if it is not there. Raises OutboxUnusable, OutboxFull, OutboxBroken."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))  # it holds people's names
            self._db = sqlite3.connect(self.file, timeout=0.5, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise OutboxUnusable(f"{self.file} cannot be opened: {error}.") from None
        try:
            with _explained():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file. Of errors there is nobody left to tell."""
        with suppress(sqlite3.Error):
            self._db.close()

    def set_aside(self, suffix: str) -> Path:
        """Give a file that makes no sense another name, for whoever wants to look. Raises OSError."""
        self.close()
        aside = self.file.with_name(f"{self.file.name}.{suffix}")
        for name in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                self.file.with_name(self.file.name + name).rename(aside.with_name(aside.name + name))
        return aside

    def load(self, endpoints: Iterable[str]) -> list[tuple[str, int, str]]:
        """Return what is still to be sent to these endpoints, in order, and forget what is to be sent to others.

        Each is (endpoint, number, room).
        """
        known = list(endpoints)
        with _explained(), self._transaction():
            marks = ",".join("?" * len(known))
            self._db.execute(f"DELETE FROM pending WHERE endpoint NOT IN ({marks})", known)  # noqa: S608
            self._db.execute("DELETE FROM event WHERE number NOT IN (SELECT number FROM pending)")
            self._measure()
            return self._db.execute(
                "SELECT endpoint, number, room FROM pending JOIN event USING (number) ORDER BY number"
            ).fetchall()

    def last(self) -> int:
        """The greatest number there is."""
        with _explained():
            (number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM event").fetchone()
        return int(number)

    def commit(
        self, events: Sequence[Numbered], endpoints: Sequence[str], done: Sequence[tuple[str, int]], oldest: float
    ) -> list[tuple[int, int | None]]:
        """Write events, to be sent to all endpoints, and forget those that are ``done``, in one transaction.

        Returns (number, rank) of what was dropped to make room, and (number, None) of what is from before ``oldest``.
        """
        with _explained():
            try:
                with self._transaction():
                    self._forget(done)
                    self._write(events, endpoints)
                    gone = [(number, None) for number in self._expire(oldest)]
                    return gone + self._bound()
            except BaseException:
                self._measure()
                raise

    def read(self, number: int) -> Stored | None:
        """Return an event; None if it is not there any more."""
        with _explained():
            row = self._db.execute("SELECT id, type, at, body FROM event WHERE number = ?", (number,)).fetchone()
        return None if row is None else Stored(*row)

    def _prepare(self) -> None:
        execute = self._db.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")  # two servers must not send the same
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA journal_size_limit = 1048576")
        execute("PRAGMA trusted_schema = OFF")
        execute(f"PRAGMA max_page_count = {max(self._max_bytes * _FILE, _SMALLEST) // _PAGE}")
        (sound,) = execute("PRAGMA quick_check(1)").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        if sound != "ok" or version not in {0, VERSION}:
            raise OutboxBroken(sound if sound != "ok" else f"it is of version {version}")
        with self._transaction():
            for statement in _SCHEMA.split(";"):
                execute(statement)
            execute(f"PRAGMA user_version = {VERSION}")
        self._measure()

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # where the disk is full it was rolled back already
                self._db.execute("ROLLBACK")
            raise

    def _measure(self) -> None:
        counted = self._db.execute("SELECT count(*), coalesce(sum(length(body)), 0) FROM event").fetchone()
        self.events, self.bytes = counted

    def _forget(self, done: Sequence[tuple[str, int]]) -> None:
        self._db.executemany("DELETE FROM pending WHERE endpoint = ? AND number = ?", done)
        nobodys = "NOT EXISTS (SELECT 1 FROM pending WHERE pending.number = event.number)"
        for number in {number for _, number in done}:
            rows = self._db.execute(
                f"DELETE FROM event WHERE number = ? AND {nobodys} RETURNING length(body)",  # noqa: S608
                (number,),
            ).fetchall()
            self._gone(rows)

    def _write(self, events: Sequence[Numbered], endpoints: Sequence[str]) -> None:
        rows = [
            (each.number, each.id, each.event.type, each.event.room, each.event.rank, each.event.at, each.event.body())
            for each in events
        ]
        self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        pending = [(endpoint, each.number) for each in events for endpoint in endpoints]
        self._db.executemany("INSERT INTO pending VALUES (?, ?)", pending)
        self.events += len(rows)
        self.bytes += sum(len(row[-1]) for row in rows)

    def _expire(self, oldest: float) -> list[int]:
        numbers = [number for (number,) in self._db.execute("SELECT number FROM event WHERE at < ?", (oldest,))]
        self._delete(numbers)
        return numbers

    def _bound(self) -> list[tuple[int, int | None]]:
        """Make room: the lowest rank goes first, and of it the oldest."""
        dropped: list[tuple[int, int | None]] = []
        for rank in RANKS:
            if self.events <= self._max_events and self.bytes <= self._max_bytes:
                break
            numbers, events, size = [], self.events, self.bytes
            rows = self._db.execute("SELECT number, length(body) FROM event WHERE rank = ? ORDER BY number", (rank,))
            for number, length in rows:
                if events <= self._max_events and size <= self._max_bytes:
                    break
                numbers.append(number)
                events, size = events - 1, size - length
            rows.close()
            self._delete(numbers)
            dropped += [(number, rank) for number in numbers]
        return dropped

    def _delete(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._db.execute("DELETE FROM pending WHERE number = ?", (number,))
            rows = self._db.execute("DELETE FROM event WHERE number = ? RETURNING length(body)", (number,)).fetchall()
            self._gone(rows)

    def _gone(self, rows: Sequence[tuple[int]]) -> None:
        self.events -= len(rows)
        self.bytes -= sum(length for (length,) in rows)


@contextmanager
def _explained() -> Generator[None]:
    """Say of an error of SQLite's which of ours it is."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise OutboxUnusable(f"another server has the outbox: {error}.") from None
        if code in _FULL:
            raise OutboxFull(str(error)) from error
        raise OutboxBroken(str(error)) from error
