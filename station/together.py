"""One transaction for many: what waits for its turn at the same moment is written by one thread and synced once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from station.db import StationDatabase, Turns, transaction

T = TypeVar("T")

# So long does another process wait for the lock at most: about ten milliseconds.
MOST = 24


@dataclass(eq=False)
class Work:
    """What one thread wants written; whichever thread has its turn does it."""

    do: Callable[[StationDatabase], Any]
    # That it is done, or that its thread leads now.
    told: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    result: Any = None
    error: BaseException | None = None


def together(db: StationDatabase, do: Callable[[StationDatabase], T]) -> T:
    """Run `do` in a durable transaction that it may share with other threads; on return it is on the disk.

    `do` gets the connection to use, which may be another thread's. What it raises undoes its own writes alone.
    Raises what `do` raises, and what `transaction` raises.
    """
    mine = Work(do)
    if not _joined(db.turns, mine):
        mine.told.wait()
    if not mine.done:
        try:
            _do_waiting(db)
        finally:
            _hand_on(db.turns)
    if mine.error is not None:
        raise mine.error
    result: T = mine.result
    return result


def _joined(turns: Turns, mine: Work) -> bool:
    """Wait with the others; True for whoever leads, because nobody does.

    Only the one that leads asks for the lock. If all did, those whose work was long done would still stand in its queue.
    """
    with turns.door:
        turns.waiting.append(mine)
        leads, turns.is_led = not turns.is_led, True
    return leads


def _hand_on(turns: Turns) -> None:
    with turns.door:
        turns.is_led = bool(turns.waiting)
        if turns.waiting:
            turns.waiting[0].told.set()


def _do_waiting(db: StationDatabase) -> None:
    """Do the work of those who wait, the longest waiting first; that is the caller's own among it."""
    works: list[Work] = []
    try:
        with transaction(db):
            # Not sooner: while the transaction waited for its turn, others came.
            works = _next(db.turns)
            for work in works:
                _do(db, work)
    except BaseException as error:
        # Nothing of it is on the disk, so each must hear it.
        works = works or _next(db.turns)
        for work in works:
            work.error = work.error or error
        raise
    finally:
        for work in works:
            work.done = True
            work.told.set()


def _next(turns: Turns) -> list[Work]:
    with turns.door:
        return [turns.waiting.popleft() for _ in range(min(MOST, len(turns.waiting)))]


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
