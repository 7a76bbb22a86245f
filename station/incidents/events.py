"""The append-only story of an incident; the state can be replayed from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock
from station.db import StationDatabase


@dataclass(frozen=True)
class Event:
    id: int
    incident_id: int | None
    at: datetime
    actor: str  # finder, staff, family, sender, system
    staff_id: int | None
    kind: str
    from_state: str | None
    to_state: str | None
    slot: str | None
    scan_id: int | None
    detail: str


def add(  # noqa: PLR0913 - an event is a row, and its columns are named at every call
    db: StationDatabase,
    incident_id: int | None,
    kind: str,
    *,
    actor: str,
    now: datetime,
    staff_id: int | None = None,
    from_state: str | None = None,
    to_state: str | None = None,
    slot: str | None = None,
    scan_id: int | None = None,
    detail: str = "",
) -> int:
    """Write one event inside the caller's transaction. It holds ids and fixed words, never what people typed."""
    return db.insert(
        "event",
        incident_id=incident_id,
        at=clock.text(now),
        actor=actor,
        staff_id=staff_id,
        kind=kind,
        from_state=from_state,
        to_state=to_state,
        slot=slot,
        scan_id=scan_id,
        detail=detail,
    )


def of_incident(db: StationDatabase, incident_id: int) -> list[Event]:
    return _events(db.rows("SELECT * FROM event WHERE incident_id = ? ORDER BY id", incident_id))


def turning_points(db: StationDatabase, incident_id: int) -> list[Event]:
    """The events of an incident that may call for a message, and its newest: of the scans only the first of each act,

    of the places only news. A flood of scans of one badge makes thousands of the others.
    """
    return _events(
        db.rows(
            "SELECT * FROM event WHERE incident_id = ? AND (kind NOT IN ('scan', 'place') "
            "OR (kind = 'place' AND detail = 'later') "
            "OR id IN (SELECT min(id) FROM event WHERE incident_id = ? AND kind = 'scan' GROUP BY detail) "
            "OR id = (SELECT max(id) FROM event WHERE incident_id = ?)) ORDER BY id",
            incident_id,
            incident_id,
            incident_id,
        )
    )


def after(db: StationDatabase, event_id: int, most: int = 200) -> list[Event]:
    """Events newer than `event_id`, oldest first; what the live console and the sender follow."""
    return _events(db.rows("SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?", event_id, most))


def newest_id(db: StationDatabase) -> int:
    return int(db.scalar("SELECT max(id) FROM event") or 0)


def replay(story: list[Event]) -> str:
    """The state that the events lead to."""
    state = "alerting"
    for event in story:
        state = event.to_state or state
    return state


def _events(rows: list[dict[str, Any]]) -> list[Event]:
    return [Event(**{**row, "at": clock.parse(row["at"])}) for row in rows]
