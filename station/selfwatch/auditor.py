"""The auditor's book: what should have happened by itself, did not, and was mended."""

import logging
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.alerts import ladder
from station.communities import Policy
from station.db import StationDatabase, transaction
from station.vocabulary import N_

log = logging.getLogger("station.auditor")

LATE = timedelta(seconds=10)  # planned so long after its cause, a message was forgotten before
STUCK = timedelta(seconds=120)  # four times as long as any attempt may take
CLOCK_STEP_S = 2.0
NO_RESULT = N_("no result came back")


def note_late(db: StationDatabase, incident_id: int, now: datetime) -> int:
    """Write down the messages of an incident that were planned at `now` and were due long before."""
    incident = db.row("SELECT opened_at, ring_since, policy FROM incident WHERE id = ?", incident_id)
    planned = db.rows(
        "SELECT kind, step, (SELECT at FROM event WHERE event.id = alert.event_id) AS caused_at FROM alert "
        "WHERE incident_id = ? AND created_at = ?",
        incident_id,
        clock.text(now),
    )
    if incident is None:
        return 0
    count = sum(now - _due(incident, row) > LATE for row in planned)
    if count:
        _note(db, "late_alert", count, incident_id, now)
    return count


def free_stuck(db: StationDatabase, now: datetime) -> int:
    """Put back what has been in the air for longer than any attempt takes. Twice is better than lost."""
    before = clock.text(now - STUCK)
    stuck = (
        "SELECT alert.id FROM alert JOIN attempt ON attempt.alert_id = alert.id AND number = attempts "
        "WHERE state = 'sending' AND started_at < ?"
    )
    ids = [row["id"] for row in db.rows(stuck, before)]
    for alert_id in ids:
        with transaction(db):
            db.write(
                "UPDATE attempt SET outcome = 'unknown', ended_at = ?, detail = ? "
                "WHERE alert_id = ? AND outcome = 'sending'",
                clock.text(now),
                NO_RESULT,
                alert_id,
            )
            db.write(
                "UPDATE alert SET state = 'pending', due_at = ? WHERE id = ? AND state = 'sending'",
                clock.text(now),
                alert_id,
            )
    if ids:
        _note(db, "stuck_attempt", len(ids), None, now)
    return len(ids)


def note_clock(db: StationDatabase, step_s: float, now: datetime) -> bool:
    """Write down that the machine's clock went `step_s` seconds away from its own count of seconds, if it did."""
    if abs(step_s) <= CLOCK_STEP_S:
        return False
    log.warning("the machine's clock stepped by %+.1f s", step_s)
    _note(db, "clock", 1, None, now)
    return True


def count(db: StationDatabase, kind: str, since: datetime) -> int:
    """How much was mended since a moment."""
    found = db.scalar("SELECT sum(count) FROM repair WHERE kind = ? AND at > ?", kind, clock.text(since))
    return int(found or 0)


def _due(incident: dict[str, Any], row: dict[str, Any]) -> datetime:
    if row["kind"] == "ladder" and row["step"] >= 0:
        begins = ladder.begins_s(Policy.load(incident["policy"]), row["step"])
        return clock.parse(incident["ring_since"]) + timedelta(seconds=begins)
    if row["kind"] == "notice" or row["caused_at"] is None:
        return clock.parse(incident["opened_at"])
    return clock.parse(row["caused_at"])


def _note(db: StationDatabase, kind: str, count: int, incident_id: int | None, now: datetime) -> None:
    log.warning("mended: %s, %s of incident %s", kind, count, incident_id)
    with transaction(db):
        db.insert("repair", at=clock.text(now), kind=kind, incident_id=incident_id, count=count)
