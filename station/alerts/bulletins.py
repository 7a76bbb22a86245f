"""What the station tells its own staff about itself: whether tonight is covered, and how the drills went."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.alerts import people, planned
from station.alerts.people import Person
from station.db import StationDatabase, transaction

WORTH_SENDING = timedelta(hours=12)
NIGHT_HOURS = 12  # those who are on duty within so many hours hear whether the night is covered


@dataclass(frozen=True)
class Bulletin:
    id: int
    station: int
    kind: str  # tonight or report
    day: str  # local date
    good: bool
    content: Any  # codes and numbers, no names
    at: datetime


def post(
    db: StationDatabase,
    station: int,
    kind: str,
    *,
    day: str,
    good: bool,
    content: Any,
    by: int | None,
    now: datetime,
) -> int | None:
    """Keep a bulletin for the sender to send; None when the one of this day is there already.

    One that somebody asked for is always kept.
    """
    with transaction(db):
        if by is None and is_posted(db, station, kind, day):
            return None
        return db.insert(
            "bulletin",
            station=station,
            kind=kind,
            day=day,
            good=int(good),
            content=json.dumps(content),
            asked_by=by,
            at=clock.text(now),
        )


def is_posted(db: StationDatabase, station: int, kind: str, day: str) -> bool:
    """Whether the bulletin that comes by itself has come on this day."""
    known = db.scalar(
        "SELECT 1 FROM bulletin WHERE station = ? AND kind = ? AND day = ? AND asked_by IS NULL",
        station,
        kind,
        day,
    )
    return known is not None


def newest(db: StationDatabase, station: int, kind: str) -> Bulletin | None:
    row = db.row(
        "SELECT * FROM bulletin WHERE station = ? AND kind = ? ORDER BY id DESC LIMIT 1", station, kind
    )
    return _bulletin(row) if row else None


def of_alert(db: StationDatabase, alert_id: int) -> Bulletin | None:
    """The bulletin that a message is about."""
    row = db.row(
        "SELECT bulletin.* FROM bulletin JOIN alert ON alert.about = 'bulletin/' || bulletin.id WHERE alert.id = ?",
        alert_id,
    )
    return _bulletin(row) if row else None


def plan(db: StationDatabase, *, timezone: str, now: datetime) -> int:
    """Insert the messages that bulletins call for and that are not there yet; returns how many."""
    rows: list[dict[str, Any]] = []
    for row in db.rows("SELECT * FROM bulletin WHERE at > ? AND at <= ?", *_span(now)):
        one = _bulletin(row)
        about = f"bulletin/{one.id}"
        for person in _whom(db, one, timezone):
            key = f"bulletin|{one.id}|{person.kind}{person.id}"
            rows += planned.of_person(db, one.kind, key, person, incident_id=None, about=about, now=now)
    return planned.insert(db, rows)


def _span(now: datetime) -> tuple[str, str]:
    return clock.text(now - WORTH_SENDING), clock.text(now)


def _whom(db: StationDatabase, one: Bulletin, timezone: str) -> list[Person]:
    found = people.secretaries(db, {"elder_id": None, "community_id": None, "station": one.station})
    if one.kind == "tonight":
        for hours in range(NIGHT_HOURS):
            found += people.on_duty(db, one.station, one.at + timedelta(hours=hours), timezone)
    return list(dict.fromkeys(found))


def _bulletin(row: dict[str, Any]) -> Bulletin:
    same = {key: row[key] for key in ("id", "station", "kind", "day")}
    return Bulletin(
        **same, good=bool(row["good"]), content=json.loads(row["content"]), at=clock.parse(row["at"])
    )
