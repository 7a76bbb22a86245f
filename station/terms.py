"""Terms of the lead in the database: whoever took the newest may write, an older leader finds out and stops.

The lock of standby.py chooses the leader; this holds where the lock cannot: a process that hung and wakes up.
"""

from collections.abc import Callable
from datetime import datetime

from station import clock
from station.db import StationDatabase, transaction
from station.errors import Superseded


def take(db: StationDatabase, now: datetime) -> Callable[[], None]:
    """Begin a term: from now on every transaction on this connection fails once another term has begun.

    Returns the check itself, which raises Superseded, for what is not a transaction.
    """
    db.fence = _no_fence
    with transaction(db):
        db.write("UPDATE lead SET term = term + 1, since = ?", clock.text(now))
        term = db.scalar("SELECT term FROM lead")

    def check() -> None:
        newest = db.conn.execute("SELECT term FROM lead").fetchone()  # never from the memory of one look
        if newest != (term,):
            raise Superseded(f"another sender has taken over; the term {term} of this one has ended")

    db.fence = check
    return check


def _no_fence() -> None:
    """The first transaction of a term is the one that begins it."""
