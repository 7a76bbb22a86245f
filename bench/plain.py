"""Bare SQLite: the same two rows a scan, durable, one transaction each, on the same disk; no web, no seal, no lock."""

import json
import sys
import time
import uuid
from pathlib import Path

from bench import stations
from station.db import StationDatabase
from station.incidents import events

SCAN = (
    "INSERT INTO scan (uid, request_hash, incident_id, station, serial, act, status_hash, code, source, at) "
    "VALUES (?, ?, NULL, 1, ?, 'with_elder', ?, '123', ?, ?)"
)


def main() -> None:
    """`python -m bench.plain FOLDER SECONDS` prints transactions a second."""
    with stations.opened(Path(sys.argv[1])) as (db, _):
        db.conn.execute("PRAGMA synchronous = FULL")
        count, began = 0, time.monotonic()
        while (spent := time.monotonic() - began) < float(sys.argv[2]):
            one(db)
            count += 1
    json.dump(count / spent, sys.stdout)


def one(db: StationDatabase) -> None:
    """One scan's rows, durable."""
    key = uuid.uuid4()
    db.conn.execute("BEGIN IMMEDIATE")
    cursor = db.conn.execute(
        SCAN, (key.hex, key.bytes * 2, key.int % 8, key.bytes * 2, key.bytes[:8], stations.BEGAN.isoformat())
    )
    events.add(db, None, "test", actor="finder", scan_id=cursor.lastrowid, now=stations.BEGAN)
    db.conn.execute("COMMIT")


if __name__ == "__main__":
    main()
