"""SQLite as the service uses it: opened never created, WAL, durable, one writer at a time across processes."""

import fcntl
import mmap
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlite_utils import Database
from sqlite_utils.utils import sqlite3

from station.errors import StorageGone

OperationalError = sqlite3.OperationalError
DatabaseError = sqlite3.DatabaseError
IntegrityError = sqlite3.IntegrityError
SQLITE_VERSION = sqlite3.sqlite_version_info

# STRICT tables and RETURNING need 3.37; the WAL-reset bug is mended in 3.51.3.
WAL_RESET_MENDED = (3, 51, 3)


class Turns:
    """Whose turn it is, among the threads of this process, to write to one database file; and what they want written."""

    def __init__(self) -> None:
        # Only one thread of a process asks for the file lock; a release that wakes 256 threads serves none of them.
        self.lock = threading.RLock()
        self.waiting: deque[Any] = deque()  # what together.py is to do in one transaction


def _open_to_all() -> None:
    """Who may write: everybody, but for the sender."""


# The commits of this process and of all that were forked with it, in memory that they share; one number for keys.db,
# one for every other file. Each is added to under its file's lock.
_committed = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("Q")
_KEYS = "keys.db"


def commits() -> tuple[int, int]:
    """Differs from what it was when this process, or one that was forked with it, has written since."""
    return _committed[0], _committed[1]


_turns: dict[Path, Turns] = {}
_naming = threading.Lock()


def _turns_of(path: Path) -> Turns:
    with _naming:
        return _turns.setdefault(path.absolute(), Turns())


class StationDatabase(Database):
    """One connection, for one thread, to a database file that exists."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(path.name + "-wal")
        self.turns = _turns_of(path)
        self.fence: Callable[[], None] = _open_to_all
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw",
                uri=True,
                timeout=10,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
            )
            self.inode = path.stat().st_ino
            self._lock_file = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OperationalError, OSError) as error:
            raise StorageGone(f"cannot open {path.name}") from error
        super().__init__(connection)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        super().close()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def check_same_file(self) -> None:
        """A connection to a file that was deleted or replaced still says yes to a COMMIT; this says no."""
        try:
            same = self.path.stat().st_ino == self.inode
        except OSError:
            same = False
        if not same:
            raise StorageGone(f"{self.path.name} was removed or replaced while in use")

    def check_log(self) -> None:
        """Inside a transaction. A log that was deleted or moved away still takes a COMMIT, and takes it along."""
        if not self._log.exists():
            raise StorageGone(f"{self._log.name} was removed while in use")

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        """The first row of a query as a dict, or None."""
        cursor = self.conn.execute(sql, values)
        found = cursor.fetchone()
        if found is None:
            return None
        return dict(zip([column[0] for column in cursor.description], found, strict=True))

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query as dicts."""
        cursor = self.conn.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def scalar(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.conn.execute(sql, values).fetchone()
        return found[0] if found else None

    def write(self, sql: str, *values: Any) -> int:
        """Run one INSERT, UPDATE or DELETE inside a transaction; the number of rows it changed.

        A write outside `transaction` would commit itself without the lock, so it is refused.
        """
        assert self.conn.in_transaction, "write inside `with transaction(db):`"
        return self.conn.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row and return its rowid. Names come from our own code, values are bound."""
        assert self.conn.in_transaction, "write inside `with transaction(db):`"
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        sql = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608
        return int(self.conn.execute(sql, tuple(values.values())).lastrowid or 0)


_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "busy_timeout = 10000",
)


@contextmanager
def transaction(db: StationDatabase) -> Iterator[None]:
    """One durable write transaction; on return it is on the disk.

    Every writer of every process first takes one blocking file lock. SQLite's own waiting is unfair: with
    busy_timeout alone 16 writers saw a p99 of 3.7 s. IMMEDIATE, because a deferred transaction that reads
    and then writes loses to "database is locked" when another one wrote in between.
    Raises StorageGone when the file is no longer the one that was opened, Superseded when a fence (terms.py) says so.
    """
    with db.turns.lock:
        fcntl.flock(db._lock_file, fcntl.LOCK_EX)
        try:
            db.conn.execute("BEGIN IMMEDIATE")
            try:
                db.fence()
                yield
                db.check_same_file()
                db.check_log()
                db.conn.execute("COMMIT")
                _committed[db.path.name == _KEYS] += 1
            except BaseException:
                # On a full disk SQLite has already rolled back, and a second ROLLBACK would hide the cause.
                if db.conn.in_transaction:
                    db.conn.execute("ROLLBACK")
                raise
        finally:
            fcntl.flock(db._lock_file, fcntl.LOCK_UN)


def create(path: Path) -> StationDatabase:
    """Make an empty database file readable by its owner alone, and open it. Opens an existing one as it is."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return StationDatabase(path)
