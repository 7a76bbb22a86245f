"""What the console follows besides the incidents: the live feed, scans that rang nobody, earlier incidents."""

from dataclasses import dataclass
from datetime import datetime

from station import clock
from station.db import StationDatabase
from station.incidents import elsewhere, events, views
from station.incidents.views import Brief
from station.issuing import records

MOST = 200


@dataclass(frozen=True)
class Notice:
    """One event as the console hears it; no personal data."""

    id: int
    kind: str
    incident_id: int | None
    state: str | None  # of the incident now
    at: datetime
    badge_number: str  # as printed, or empty
    act: str


@dataclass(frozen=True)
class Quiet:
    """A scan that belongs to no incident: a page that was opened, or a test."""

    at: datetime
    act: str
    badge_number: str
    more: int = 0  # of the same, counted


def after(db: StationDatabase, station: int, event_id: int) -> tuple[list[Notice], int]:
    """Events of a station newer than `event_id`, oldest first, at most 200; and the id to go on from.

    Events of no incident and no badge (of the sender) are for every station; those of an incident that another station
    leads for this one too when it concerns it (elsewhere.py). An id from the future, as after a restored backup, counts
    as the newest.
    """
    newest = events.newest_id(db)
    rows = db.rows(
        "SELECT event.id, event.kind, event.incident_id, event.at, incident.state, badge.number, scan.act, "  # noqa: S608
        "coalesce(incident.station, scan.station, ?) = ? AS is_own, incident.elder_id, elder.station AS home "
        "FROM event LEFT JOIN scan ON scan.id = event.scan_id "
        "LEFT JOIN incident ON incident.id = event.incident_id "
        "LEFT JOIN badge ON badge.id = coalesce(incident.badge_id, scan.badge_id) "
        "LEFT JOIN elder ON elder.id = incident.elder_id "
        "LEFT JOIN community ON community.id = incident.community_id "
        f"WHERE event.id > ? AND event.id <= ? AND (is_own OR {elsewhere.MAY_CONCERN}) ORDER BY event.id LIMIT ?",
        station,
        station,
        event_id,
        newest,
        station,
        station,
        station,
        MOST,
    )
    found = [
        Notice(
            id=row["id"],
            kind=row["kind"],
            incident_id=row["incident_id"],
            state=row["state"],
            at=clock.parse(row["at"]),
            badge_number=_shown(row["number"]),
            act=row["act"] or "",
        )
        for row in rows
        if row["is_own"] or elsewhere.concerns(db, row, station)
    ]
    return found, rows[-1]["id"] if len(rows) == MOST else newest


def quiet(db: StationDatabase, station: int, since: datetime, most: int = 10) -> list[Quiet]:
    """Scans since a moment that rang nobody, newest first."""
    rows = db.rows(
        "SELECT scan.at, scan.act, badge.number, more FROM scan LEFT JOIN badge ON badge.id = scan.badge_id "
        "LEFT JOIN scan_count ON scan_count.scan_id = scan.id "
        "WHERE scan.station = ? AND scan.incident_id IS NULL AND scan.at >= ? ORDER BY scan.id DESC LIMIT ?",
        station,
        clock.text(since),
        most,
    )
    return [
        Quiet(clock.parse(row["at"]), row["act"], _shown(row["number"]), row["more"] or 0) for row in rows
    ]


def earlier(db: StationDatabase, shown: Brief, most: int = 5) -> list[Brief]:
    """Incidents before this one of the same elder or badge, newest first, along the chain of prior ids."""
    found: list[Brief] = []
    prior = shown.prior_id
    while prior is not None and len(found) < most:
        found.append(views.brief(db, prior))
        prior = found[-1].prior_id
    return found


def _shown(number: str | None) -> str:
    return records.shown_number(number) if number else ""
