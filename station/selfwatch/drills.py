"""Drills: the whole chain with the station's drill badge, through the real channels, and how long each link took."""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from station import audit, clock, communities
from station.communities import Policy
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, UserError
from station.incidents import acts, reports
from station.incidents.intake import Report, Sighting
from station.incidents.reports import Door
from station.issuing import orders, records
from station.vault import Vault

START_WITHIN = timedelta(hours=1)  # after its hour; later the week's drill is left out and the report says so
PLACE = "演练"  # shown as the finder's words, to staff alone


@dataclass(frozen=True)
class Plan:
    """When a station drills every week, by its local clock."""

    weekday: int  # 0 is Monday
    minute: int  # after midnight


@dataclass(frozen=True)
class Answer:
    """How one person did. Seconds after the badge was scanned; None where it did not happen."""

    staff_id: int
    tried_s: float | None
    taken_s: float | None  # a provider took a message
    answered_s: float | None


@dataclass(frozen=True)
class Links:
    """The seconds of each link of the chain after the scan; None while it has not happened."""

    incident_id: int
    started_at: datetime
    ended_at: datetime | None
    by_schedule: bool
    planned_s: float | None
    tried_s: float | None
    taken_s: float | None
    seen_s: float | None
    claimed_s: float | None
    people: list[Answer]

    @property
    def silent(self) -> list[int]:
        """Who was called and did not answer."""
        return [one.staff_id for one in self.people if one.answered_s is None]


def start(db: StationDatabase, vault: Vault, station: int, *, by: int | None, now: datetime) -> int:
    """Scan the drill badge; returns the incident. `by` is None for the weekly one.

    Raises Conflict while a drill runs or a real incident waits for somebody.
    """
    if db.scalar(
        "SELECT 1 FROM incident WHERE station = ? AND closed_at IS NULL AND kind = 'drill'", station
    ):
        raise Conflict("A drill is running already.")
    if db.scalar("SELECT 1 FROM incident WHERE station = ? AND state = 'alerting'", station):
        raise Conflict("A real incident waits for somebody. Drill when all is quiet.")
    badge = records.get(db, badge_of(db, vault, station, by=by, now=now))
    sent = Report(uuid.uuid4().hex, "with_elder", Sighting(place=PLACE))
    answer = reports.report(db, vault, Door(station, badge.serial, b"drill"), sent, now)
    assert answer.incident_id is not None, "such a report opens an incident"
    with transaction(db):
        _keep(db, answer.incident_id, station, by, now)
        about = f"incident/{answer.incident_id}"
        audit.record(db, vault.ring, staff_id=by, action="drill.start", about=about, now=now)
    return answer.incident_id


def badge_of(db: StationDatabase, vault: Vault, station: int, *, by: int | None, now: datetime) -> int:
    """The station's drill badge, ordered like any blank one when there is none that can be used.

    One that was given to an elder since is a drill badge no more.
    """
    known = db.scalar(
        "SELECT badge_id FROM drill_badge JOIN badge ON badge.id = badge_id WHERE drill_badge.station = ? "
        "AND elder_id IS NULL AND state NOT IN ('lost', 'replaced', 'revoked', 'returned')",
        station,
    )
    if known is not None:
        return int(known)
    [badge_id] = orders.order_blanks(db, vault, station, 1, form="card", by=by, now=now)
    with transaction(db):
        db.write("DELETE FROM drill_badge WHERE station = ?", station)
        db.insert("drill_badge", station=station, badge_id=badge_id)
    return badge_id


def tend(db: StationDatabase, vault: Vault, *, timezone: str, now: datetime) -> list[int]:
    """Take in drills that began with a scan of the card, end those that are over, start those of the week.

    Returns the incidents that were ended.
    """
    _adopt(db)
    ended = [row["incident_id"] for row in _running(db) if _end(db, row, now)]
    for row in db.rows("SELECT * FROM drill_plan"):
        _start_of_the_week(db, vault, row, timezone, now)
    return ended


def plan_of(db: StationDatabase, station: int) -> Plan | None:
    row = db.row("SELECT weekday, minute FROM drill_plan WHERE station = ?", station)
    return Plan(**row) if row else None


def set_plan(
    db: StationDatabase, vault: Vault, station: int, plan: Plan | None, *, by: int | None, now: datetime
) -> None:
    """Drill every week at this time, or not by itself. Raises Invalid."""
    communities.station(db, station)
    if plan and not (0 <= plan.weekday <= 6 and 0 <= plan.minute < 1440):
        raise Invalid("at", "Give a weekday and a time such as 10:00.")
    with transaction(db):
        db.write("DELETE FROM drill_plan WHERE station = ?", station)
        if plan:
            since = clock.text(now)
            db.insert("drill_plan", station=station, weekday=plan.weekday, minute=plan.minute, since=since)
        audit.record(db, vault.ring, staff_id=by, action="drill.plan", about=f"station/{station}", now=now)


def newest(db: StationDatabase, station: int, most: int = 8) -> list[Links]:
    """The last drills of a station, newest first."""
    rows = db.rows(
        "SELECT incident_id FROM drill WHERE station = ? ORDER BY incident_id DESC LIMIT ?", station, most
    )
    return [links(db, row["incident_id"]) for row in rows]


def links(db: StationDatabase, incident_id: int) -> Links:
    """How a drill went, as far as it has."""
    drill = db.row("SELECT * FROM drill WHERE incident_id = ?", incident_id)
    assert drill is not None, "the caller names a drill"
    start = clock.parse(drill["started_at"])
    told = _told(db, incident_id)
    answered = _firsts(db, incident_id)
    everybody = sorted(told, key=lambda one: (one["planned"], one["staff_id"]))
    return Links(
        incident_id=incident_id,
        started_at=start,
        ended_at=clock.parse(drill["ended_at"]) if drill["ended_at"] else None,
        by_schedule=drill["started_by"] is None,
        planned_s=_seconds(start, min((one["planned"] for one in told), default=None)),
        tried_s=_seconds(start, min((one["tried"] for one in told if one["tried"]), default=None)),
        taken_s=_seconds(start, min((one["taken"] for one in told if one["taken"]), default=None)),
        seen_s=_seconds(start, min(answered.values(), default=None)),
        claimed_s=_seconds(start, _claimed(db, incident_id)),
        people=[
            Answer(
                one["staff_id"],
                _seconds(start, one["tried"]),
                _seconds(start, one["taken"]),
                _seconds(start, answered.get(one["staff_id"])),
            )
            for one in everybody
        ],
    )


def _told(db: StationDatabase, incident_id: int) -> list[dict[str, Any]]:
    """Each person's first message, first attempt, first success; who was only told of the end was not called."""
    return db.rows(
        "SELECT alert.staff_id, min(alert.created_at) AS planned, min(attempt.started_at) AS tried, "
        "min(alert.accepted_at) AS taken FROM alert LEFT JOIN attempt ON attempt.alert_id = alert.id "
        "WHERE incident_id = ? AND staff_id IS NOT NULL AND kind IN ('notice', 'ladder') GROUP BY alert.staff_id",
        incident_id,
    )


def _firsts(db: StationDatabase, incident_id: int) -> dict[int, str]:
    """By person, when they first pressed anything."""
    rows = db.rows(
        "SELECT staff_id, min(at) AS at FROM event WHERE incident_id = ? AND staff_id IS NOT NULL "
        "AND kind IN ('seen', 'claimed', 'moved', 'closed', 'message') GROUP BY staff_id",
        incident_id,
    )
    return {row["staff_id"]: row["at"] for row in rows}


def _claimed(db: StationDatabase, incident_id: int) -> str | None:
    found: str | None = db.scalar(
        "SELECT min(at) FROM event WHERE incident_id = ? AND kind = 'claimed'", incident_id
    )
    return found


def _seconds(start: datetime, at: str | None) -> float | None:
    return None if at is None else max(0.0, (clock.parse(at) - start).total_seconds())


def _keep(db: StationDatabase, incident_id: int, station: int, by: int | None, started_at: datetime) -> None:
    db.write(
        "INSERT OR IGNORE INTO drill (incident_id, station, started_by, started_at) VALUES (?, ?, ?, ?)",
        incident_id,
        station,
        by,
        clock.text(started_at),
    )


def _adopt(db: StationDatabase) -> None:
    rows = db.rows(
        "SELECT id, station, opened_at FROM incident WHERE kind = 'drill' AND closed_at IS NULL "
        "AND id NOT IN (SELECT incident_id FROM drill)"
    )
    if rows:
        with transaction(db):
            for row in rows:
                _keep(db, row["id"], row["station"], None, clock.parse(row["opened_at"]))


def _running(db: StationDatabase) -> list[dict[str, Any]]:
    return db.rows(
        "SELECT drill.incident_id, opened_at, closed_at, policy FROM drill "
        "JOIN incident ON incident.id = drill.incident_id WHERE ended_at IS NULL"
    )


def _end(db: StationDatabase, row: dict[str, Any], now: datetime) -> bool:
    """A drill is over once it was taken and the others have had two minutes, or the ladder has been climbed."""
    if row["closed_at"] is None:
        policy = Policy.load(row["policy"])
        claimed = _claimed(db, row["incident_id"])
        seconds = policy.grace_s if claimed else policy.steps[-1].after_s + policy.repeat_s
        if now < clock.parse(claimed or row["opened_at"]) + timedelta(seconds=seconds):
            return False
        acts.end_drill(db, row["incident_id"], now)
    with transaction(db):
        at = row["closed_at"] or clock.text(now)
        db.write("UPDATE drill SET ended_at = ? WHERE incident_id = ?", at, row["incident_id"])
    return True


def _start_of_the_week(
    db: StationDatabase, vault: Vault, row: dict[str, Any], timezone: str, now: datetime
) -> None:
    due = _last_due(row, now.astimezone(ZoneInfo(timezone)))
    done = db.scalar(
        "SELECT 1 FROM drill WHERE station = ? AND started_by IS NULL AND started_at >= ?",
        row["station"],
        clock.text(due),
    )
    if done or due <= clock.parse(row["since"]) or now - due > START_WITHIN:
        return
    with suppress(UserError):  # a real incident comes first; the next look tries again, for an hour
        start(db, vault, row["station"], by=None, now=now)


def _last_due(row: dict[str, Any], local: datetime) -> datetime:
    """The last time, up to now, at which the week's drill was due."""
    at = local.replace(hour=row["minute"] // 60, minute=row["minute"] % 60, second=0, microsecond=0)
    due = at - timedelta(days=(local.weekday() - row["weekday"]) % 7)
    return due if due <= local else due - timedelta(days=7)
