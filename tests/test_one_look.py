"""One look at the database: the same question is asked once, and never answered from before a write of our own."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import NOW, Home

from station.db import IntegrityError, OperationalError, StationDatabase, transaction
from station.incidents import events

COUNT = "SELECT count(*) FROM event WHERE kind = ?"


def add(db: StationDatabase) -> None:
    with transaction(db):
        events.add(db, None, "test", actor="system", now=NOW)


@contextmanager
def statements(db: StationDatabase) -> Iterator[list[str]]:
    asked: list[str] = []
    db.conn.set_trace_callback(asked.append)
    yield asked
    db.conn.set_trace_callback(None)


def test_the_same_question_is_asked_of_the_disk_once(home: Home) -> None:
    with statements(home.db) as asked, home.db.one_look():
        assert [home.db.scalar(COUNT, "test") for _ in range(3)] == [0, 0, 0]
        assert home.db.scalar(COUNT, "other") == 0
    assert len(asked) == 2


def test_rows_that_somebody_changed_are_fresh_for_the_next_who_asks(home: Home) -> None:
    with home.db.one_look():
        home.db.rows("SELECT * FROM station")[0]["name"] = "changed"
        assert home.db.rows("SELECT * FROM station")[0]["name"] == "龙城社区防走失驿站"


def test_a_write_of_our_own_is_seen_within_the_look(home: Home) -> None:
    with home.db.one_look():
        assert home.db.scalar(COUNT, "test") == 0
        add(home.db)
        assert home.db.scalar(COUNT, "test") == 1


def test_within_a_transaction_nothing_is_remembered(home: Home) -> None:
    with home.db.one_look(), transaction(home.db):
        assert home.db.scalar(COUNT, "test") == 0
        events.add(home.db, None, "test", actor="system", now=NOW)
        assert home.db.scalar(COUNT, "test") == 1


def test_the_memory_ends_with_the_look_also_when_it_breaks_off(home: Home) -> None:
    with pytest.raises(OperationalError), home.db.one_look(), home.db.one_look():
        home.db.scalar("SELECT nothing FROM nowhere")
    assert home.db.scalar(COUNT, "test") == 0
    other = StationDatabase(home.config.database)
    add(other)
    other.close()
    assert home.db.scalar(COUNT, "test") == 1


def test_only_rows_whose_key_is_new_are_inserted(home: Home) -> None:
    rows = [{"key": f"k{n}", "value": "old" if n else "older"} for n in (0, 1, 1, 2)]
    with transaction(home.db):
        assert [row["key"] for row in home.db.insert_new("meta", rows, "key")] == ["k0", "k1", "k2"]
        assert home.db.insert_new("meta", [{"key": "k2", "value": "new"}], "key") == []
    assert home.db.scalar("SELECT value FROM meta WHERE key = 'k2'") == "old"


def test_what_breaks_another_rule_than_the_key_is_refused_not_dropped(home: Home) -> None:
    with pytest.raises(IntegrityError), transaction(home.db):
        home.db.insert_new("meta", [{"key": "k9", "value": None}], "key")
