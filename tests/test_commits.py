"""What a transaction promises: on return it is on the disk, and one that cannot get there is refused."""

import threading

import pytest
from conftest import NOW, Home

from station.db import StationDatabase, transaction
from station.errors import StorageGone
from station.incidents import events


def write(db: StationDatabase) -> None:
    events.add(db, None, "test", actor="system", now=NOW)


def test_a_commit_that_cannot_be_made_durable_is_refused(home: Home) -> None:
    log = home.config.database.with_name("station.db-wal")

    def commit_without_log() -> None:
        with transaction(home.db):
            write(home.db)
            log.rename(log.with_suffix(".away"))

    with pytest.raises(StorageGone):
        commit_without_log()
    log.with_suffix(".away").rename(log)
    with transaction(home.db):
        write(home.db)


def test_a_write_into_a_replaced_file_is_refused(home: Home) -> None:
    away = home.config.database.with_suffix(".away")

    def commit_beside_the_file() -> None:
        with transaction(home.db):
            write(home.db)
            home.config.database.rename(away)
            home.config.database.write_bytes(away.read_bytes())

    with pytest.raises(StorageGone):
        commit_beside_the_file()
    assert not home.db.conn.in_transaction


def test_writers_on_connections_of_their_own_lose_nothing(home: Home) -> None:
    def run() -> None:
        db = StationDatabase(home.config.database)
        for _ in range(25):
            with transaction(db):
                write(db)
        db.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'test'") == 200


def test_a_failed_write_leaves_the_turn_to_the_next(home: Home) -> None:

    def break_off() -> None:
        with transaction(home.db):
            write(home.db)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    other = StationDatabase(home.config.database)
    with transaction(other):
        write(other)
    other.close()
    assert home.db.scalar("SELECT count(*) FROM event WHERE kind = 'test'") == 1
