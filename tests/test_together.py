"""Writes that wait for their turn share a transaction, and none of them pays for another's failure."""

import threading
import time
from contextlib import closing
from queue import SimpleQueue

import pytest

from station.db import DatabaseError, StationDatabase, transaction
from station.together import MOST, together

COUNT = 2 * MOST + 5


@pytest.fixture
def at_once(home):
    """Runs each work in a thread and on a connection of its own; all wait until the last one is there."""

    def run(works, patience_ms: int = 10_000):
        outcomes: list[object] = [None] * len(works)

        def one(n):
            db = StationDatabase(home.config.database)
            db.conn.execute(f"PRAGMA busy_timeout = {patience_ms}")
            try:
                outcomes[n] = together(db, works[n])
            except (DatabaseError, ValueError) as error:
                outcomes[n] = error
            finally:
                db.close()

        threads = [threading.Thread(target=one, args=(n,)) for n in range(len(works))]
        with home.db.turns.lock:
            for thread in threads:
                thread.start()
            while len(home.db.turns.waiting) < len(works):
                time.sleep(0.001)
        for thread in threads:
            thread.join(30)
        return outcomes

    return run


def add(key):
    def work(db):
        db.write("INSERT INTO meta (key, value) VALUES (?, 'x')", f"t{key}")
        return key

    return work


def fail_after_writing(db):
    db.write("INSERT INTO meta (key, value) VALUES ('half', 'x')")
    raise ValueError("in the middle")


def kept(home):
    return {row["key"] for row in home.db.rows("SELECT key FROM meta WHERE key LIKE 't%' OR key = 'half'")}


def test_each_gets_its_own_result_whoever_wrote_it(home, at_once):
    before = home.db.scalar("PRAGMA data_version")
    assert at_once([add(n) for n in range(COUNT)]) == list(range(COUNT))
    assert kept(home) == {f"t{n}" for n in range(COUNT)}
    assert home.db.scalar("PRAGMA data_version") != before


def test_what_fails_is_undone_alone(home, at_once):
    outcomes = at_once([add(0), fail_after_writing, add(1), add(1), add(2)])
    assert [outcomes[0], outcomes[4]] == [0, 2]
    assert isinstance(outcomes[1], ValueError)
    assert sorted(map(str, outcomes[2:4])) == ["1", "UNIQUE constraint failed: meta.key"]
    assert kept(home) == {"t0", "t1", "t2"}


def test_when_the_transaction_is_lost_everybody_in_it_hears(home, at_once):
    def lose_all(db):
        db.conn.execute("ROLLBACK")
        raise ValueError("the disk is full")

    outcomes = at_once([add(0), lose_all, add(1)])
    assert {str(outcome) for outcome in outcomes} >= {"the disk is full"}
    written = {f"t{outcome}" for outcome in outcomes if isinstance(outcome, int)}
    assert kept(home) == written, "somebody was told that a lost write was kept"


def test_several_share_one_transaction(home, at_once):
    counted = []

    def work(db):
        counted.append(db.scalar("SELECT count(*) FROM meta WHERE key LIKE 'begun%'"))
        db.write("INSERT INTO meta (key, value) VALUES (?, '')", f"begun{len(counted)}")
        # Another connection sees nothing of the writes of a transaction that has not ended.
        with_own = StationDatabase(home.config.database)
        seen = with_own.scalar("SELECT count(*) FROM meta WHERE key LIKE 'begun%'")
        with_own.close()
        return seen

    seen = at_once([work for _ in range(MOST)])
    assert max(seen) < MOST / 2, "each wrote a transaction of its own"


def test_who_is_written_needs_no_turn_to_hear_it(home):
    begun, heard, over = [], SimpleQueue(), []

    def ask():
        with closing(StationDatabase(home.config.database)) as db:
            together(db, begun.append)
        heard.put("written")

    def write_long():
        """Has its turn after the first that asked, and before the others would have theirs."""
        with closing(StationDatabase(home.config.database)) as db, transaction(db):
            for _ in begun:
                heard.get(timeout=10)
        over.append(len(begun))

    threads = [threading.Thread(target=one) for one in (ask, write_long, ask, ask)]
    with home.db.turns.lock:
        for thread in threads:
            thread.start()
            time.sleep(0.1)
    for thread in threads:
        thread.join(30)
    assert over, "those who were written stood in the queue for a turn that they did not need"


def test_a_lock_that_is_not_given_fails_all_who_wait_and_nobody_who_comes_later(home, at_once):
    holder = StationDatabase(home.config.database)
    holder.conn.execute("BEGIN IMMEDIATE")
    outcomes = at_once([add(n) for n in range(COUNT)], patience_ms=20)
    assert {str(outcome) for outcome in outcomes} == {"database is locked"}
    holder.conn.execute("ROLLBACK")
    holder.close()
    assert kept(home) == set()
    assert at_once([add(n) for n in range(COUNT)]) == list(range(COUNT))


def test_a_commit_is_on_the_disk_before_it_is_told(home):
    assert home.db.scalar("PRAGMA synchronous") == 2
    with transaction(home.db):
        home.db.write("INSERT INTO meta (key, value) VALUES ('a', 'b')")
    assert home.db.scalar("PRAGMA synchronous") == 2
