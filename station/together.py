"""One transaction for many: what waits for its turn at the same moment is written by one thread and synced once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from station.db import StationDatabase, transaction

T = TypeVar("T")

# So long does another process wait for the lock at most: about ten milliseconds.
MOST = 24


@dataclass(eq=False)
class Work:
    """What one thread wants written; whichever thread has its turn does it."""

    do: Callable[[StationDatabase], Any]
    done: bool = False
    result: Any = None
    error: BaseException | None = None


def together(db: StationDatabase, do: Callable[[StationDatabase], T]) -> T:
    """Run `do` in a durable transaction that it may share with other threads; on return it is on the disk.

    `do` gets the connection to use, which may be another thread's. What it raises undoes its own writes alone.
    Raises what `do` raises, and what `transaction` raises.
    """
    mine = Work(do)
    db.turns.waiting.append(mine)
    with db.turns.lock:
        if not mine.done:
            _do_waiting(db, mine)
    if mine.error is not None:
        raise mine.error
    result: T = mine.result
    return result


def _do_waiting(db: StationDatabase, mine: Work) -> None:
    """Do the caller's work and that of others who wait, the longest waiting first."""
    waiting = db.turns.waiting
    waiting.remove(mine)
    works = [mine, *(waiting.popleft() for _ in range(min(MOST - 1, len(waiting))))]
    try:
        with transaction(db):
            for work in works:
                _do(db, work)
    except BaseException as error:
        # Nothing of it is on the disk, so each must hear it.
        for work in works:
            work.error = work.error or error
        raise
    finally:
        for work in works:
            work.done = True


def _do(db: StationDatabase, work: Work) -> None:
    db.conn.execute("SAVEPOINT one")
    try:
        work.result = work.do(db)
    except BaseException as error:
        # On a full disk SQLite has undone the whole transaction, and the others' work with it.
        if not db.conn.in_transaction:
            raise
        db.conn.execute("ROLLBACK TO one")
        work.error = error
    db.conn.execute("RELEASE one")
