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
    left_out: int = 0  # so many events that followed are not told; see told()


# A stretch of a story in which nothing else happens is told in full up to so many events; of a longer one so many
# at its beginning and at its end.
IN_FULL, FIRST, NEWEST = 12, 3, 5
# What finders do, and what rings for it, comes without end in a flood; all else ends a stretch.
_TOLD = """
SELECT id, incident_id, at, actor, staff_id, kind, from_state, to_state, slot, scan_id, detail,
  CASE WHEN many AND length > ? AND nth = ? THEN length - ? ELSE 0 END AS left_out
FROM (
  SELECT *, row_number() OVER (PARTITION BY stretch, many ORDER BY id) AS nth,
    count(*) OVER (PARTITION BY stretch, many) AS length
  FROM (
    SELECT *, sum(NOT many) OVER (ORDER BY id) AS stretch
    FROM (
      SELECT *, kind IN ('scan', 'place', 'message', 'rung', 'receipt') AND actor IN ('finder', 'sender') AS many
      FROM event WHERE incident_id = ?
    )
  )
)
WHERE NOT many OR length <= ? OR nth <= ? OR nth > length - ? ORDER BY id
"""


@dataclass(frozen=True)
class Sum:
    """How many events of a kind a story leaves out between two that it tells."""

    kind: str
    detail: str
    count: int
    since: datetime
    until: datetime


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


def told(db: StationDatabase, incident_id: int) -> list[Event]:
    """The story without the inner part of its long stretches; between() says what is left out there."""
    left_out, told = (IN_FULL, FIRST, FIRST + NEWEST), (IN_FULL, FIRST, NEWEST)
    return _events(db.rows(_TOLD, *left_out, incident_id, *told))


def between(db: StationDatabase, before: Event, after: Event) -> list[Sum]:
    """What happened between two events of an incident, the most frequent first."""
    rows = db.rows(
        "SELECT kind, CASE kind WHEN 'scan' THEN detail WHEN 'place' THEN detail ELSE '' END AS what, "
        "count(*) AS count, min(at) AS since, max(at) AS until FROM event "
        "WHERE incident_id = ? AND id > ? AND id < ? GROUP BY 1, 2 ORDER BY 3 DESC",
        before.incident_id,
        before.id,
        after.id,
    )
    return [
        Sum(row["kind"], row["what"], row["count"], clock.parse(row["since"]), clock.parse(row["until"]))
        for row in rows
    ]


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
