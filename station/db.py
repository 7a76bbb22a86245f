"""SQLite as the service uses it: opened never created, WAL, durable, one writer at a time across processes."""

import fcntl
import mmap
import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
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

ROWS_AT_ONCE = 500  # of one INSERT: their values must stay below SQLite's 32,766

Made = TypeVar("Made")
_Answer = tuple[list[str], list[tuple[Any, ...]]]  # the names of the columns, the rows


class Turns:
    """Whose turn it is, among the threads of this process, to write to one database file; and what they want written."""

    def __init__(self) -> None:
        # Only one thread of a process asks for the file lock; a release that wakes 256 threads serves none of them.
        self.lock = threading.RLock()
        # What together.py is to do in one transaction, and whether one of its threads sees to it.
        self.waiting: deque[Any] = deque()
        self.is_led = False
        self.door = threading.Lock()  # held for the moment in which these two change


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
        self._answers: dict[Any, Any] | None = None  # of one look
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
        names, found = self._ask(sql, values, 1)
        return dict(zip(names, found[0], strict=True)) if found else None

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a query as dicts."""
        names, found = self._ask(sql, values)
        return [dict(zip(names, row, strict=True)) for row in found]

    def scalar(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        _, found = self._ask(sql, values, 1)
        return found[0][0] if found else None

    def _ask(self, sql: str, values: tuple[Any, ...], most: int | None = None) -> _Answer:
        if self._answers is None:
            return self._asked(sql, values, most)
        return self.once((sql, values, most), lambda: self._asked(sql, values, most))

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` reads and builds; within a look it does so once for each key. For what nobody changes afterwards."""
        if self._answers is None:
            return make()
        if key not in self._answers:
            self._answers[key] = make()
        return cast(Made, self._answers[key])

    def _asked(self, sql: str, values: tuple[Any, ...], most: int | None) -> _Answer:
        cursor = self.conn.execute(sql, values)
        found = cursor.fetchall() if most is None else cursor.fetchmany(most)
        return [column[0] for column in cursor.description or ()], found

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """Within it the same question is asked of the disk once, whoever asks again: for many messages made together.

        A transaction of this connection begins the look anew; what other connections write meanwhile is not seen,
        so it is for moments, not for minutes.
        """
        if self._answers is not None:  # within another look
            yield
            return
        self._answers = {}
        try:
            yield
        finally:
            self._answers = None

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

    def insert_new(self, table: str, rows: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
        """Insert those rows whose `key`, the columns of a unique index, is not there yet; returns their keys.

        All rows have the same columns. Names come from our own code, values are bound.
        """
        assert self.conn.in_transaction, "write inside `with transaction(db):`"
        inserted: list[dict[str, Any]] = []
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            columns = ", ".join(f'"{name}"' for name in some[0])
            marks = ", ".join(["(" + ", ".join("?" * len(some[0])) + ")"] * len(some))
            sql = f'INSERT INTO "{table}" ({columns}) VALUES {marks} ON CONFLICT ({key}) DO NOTHING RETURNING {key}'  # noqa: S608
            inserted += self.rows(sql, *(row[name] for row in some for name in some[0]))
        return inserted


_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    "temp_store = MEMORY",
    "busy_timeout = 10000",
    # After a reader that held it open, the write-ahead log is cut by itself; without a limit it keeps its size for good.
    "journal_size_limit = 33554432",
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
        looking, db._answers = db._answers is not None, None
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
            db._answers = {} if looking else None
            fcntl.flock(db._lock_file, fcntl.LOCK_UN)


def create(path: Path) -> StationDatabase:
    """Make an empty database file readable by its owner alone, and open it. Opens an existing one as it is."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return StationDatabase(path)
