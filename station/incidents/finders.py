"""Which reports came from one and the same finder: each knows the page, and so the first report, it came from."""

from dataclasses import dataclass
from datetime import datetime

from station import clock, seal
from station.db import StationDatabase
from station.errors import NotFound

MOST = 20


@dataclass(frozen=True)
class Finder:
    """One finder of an incident, by their first report."""

    scan_id: int
    code: str  # the three digits of their page
    at: datetime
    act: str  # of their newest report


def follow(db: StationDatabase, scan_id: int, status: str) -> None:
    """Note that a report came from the page behind a status token; inside the caller's transaction.

    Whoever knows the 128-bit token is the finder of that page. A page of another incident counts for nothing.
    """
    db.write(
        "INSERT OR IGNORE INTO scan_follows (scan_id, first_id) "
        "SELECT mine.id, coalesce(follows.first_id, earlier.id) FROM scan AS earlier "
        "JOIN scan AS mine ON mine.id = ? AND mine.incident_id = earlier.incident_id AND mine.id <> earlier.id "
        "LEFT JOIN scan_follows AS follows ON follows.scan_id = earlier.id WHERE earlier.status_hash = ?",
        scan_id,
        seal.token_hash(status),
    )


def first_of(db: StationDatabase, scan_id: int) -> int:
    """The first report of the finder who made this one."""
    return int(db.scalar("SELECT first_id FROM scan_follows WHERE scan_id = ?", scan_id) or scan_id)


def in_incident(db: StationDatabase, scan_id: int, incident_id: int) -> int:
    """The first report of a finder of this incident. Raises NotFound for a report of another one, or a caller's."""
    known = db.scalar(
        "SELECT 1 FROM scan WHERE id = ? AND incident_id = ? AND act <> 'phoned'", scan_id, incident_id
    )
    if known is None:
        raise NotFound("There is no such helper in this incident. Load the page again.")
    return first_of(db, scan_id)


def of_incident(db: StationDatabase, incident_id: int) -> list[Finder]:
    """Who has a page in this incident: the first of all, whom no flood pushes out, then those last heard of; at most 20."""
    rows = db.rows(
        "SELECT first.id, first.code, first.at, scan.act, max(scan.id) AS newest FROM scan "
        "LEFT JOIN scan_follows ON scan_follows.scan_id = scan.id "
        "JOIN scan AS first ON first.id = coalesce(scan_follows.first_id, scan.id) "
        "WHERE scan.incident_id = ? AND scan.act <> 'phoned' GROUP BY first.id "
        "ORDER BY first.id = (SELECT min(id) FROM scan WHERE incident_id = ?) DESC, newest DESC LIMIT ?",
        incident_id,
        incident_id,
        MOST,
    )
    return [Finder(row["id"], row["code"], clock.parse(row["at"]), row["act"]) for row in rows]
