"""A claim is a lease: who holds an incident and is not there yet owes news, or it rings again."""

from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.communities import Policy
from station.db import StationDatabase, transaction
from station.incidents import events
from station.incidents.states import LEASED


def until(row: dict[str, Any], state: str, now: datetime, eta_minutes: int | None = None) -> str | None:
    """Until when there must be news; None where nobody is on the way any more."""
    if state not in LEASED:
        return None
    policy = Policy.load(row["policy"])
    seconds = policy.going_within_s if state == "acked" else policy.news_within_s
    return clock.text(now + timedelta(seconds=max(seconds, policy.minute_s * (eta_minutes or 0))))


def put(db: StationDatabase, incident_id: int, lease: str | None) -> None:
    db.write("UPDATE incident SET lease_until = ? WHERE id = ?", lease, incident_id)


def renew(db: StationDatabase, row: dict[str, Any], now: datetime) -> None:
    """Somebody else holds the incident from now on: their time begins; inside the caller's transaction."""
    if row["state"] in LEASED:
        put(db, row["id"], until(row, row["state"], now))


def still_going(
    db: StationDatabase, row: dict[str, Any], eta_minutes: int | None, *, by: int, now: datetime
) -> None:
    """Somebody on the way says so once more: the time without news begins anew; inside the caller's transaction.

    A new time of arrival counts; without one the earlier promise stays.
    """
    lease = max(until(row, "going", now, eta_minutes) or "", row["lease_until"] or "")
    arrives = None if eta_minutes is None else clock.text(now + timedelta(minutes=eta_minutes))
    db.write(
        "UPDATE incident SET lease_until = ?, arrives_at = coalesce(?, arrives_at), version = version + 1 WHERE id = ?",
        lease,
        arrives,
        row["id"],
    )
    events.add(db, row["id"], "news", actor="staff", staff_id=by, now=now)


def overdue(db: StationDatabase, now: datetime) -> list[int]:
    """Incidents whose holder owes news; the reminder is due."""
    rows = db.rows("SELECT id FROM incident WHERE closed_at IS NULL AND lease_until < ?", clock.text(now))
    return [row["id"] for row in rows]


def lapse(db: StationDatabase, now: datetime) -> list[int]:
    """Give back incidents whose holder went silent: they ring again from the first rung. Returns their ids."""
    rows = db.rows("SELECT * FROM incident WHERE closed_at IS NULL AND lease_until IS NOT NULL")
    late = [row for row in rows if now > _lapses_at(row)]
    if late:
        with transaction(db):
            for row in late:
                _give_back(db, row, now)
    return [row["id"] for row in late]


def _give_back(db: StationDatabase, row: dict[str, Any], now: datetime) -> None:
    changed = db.write(
        "UPDATE incident SET state = 'alerting', on_site_by = NULL, liaison_by = NULL, lease_until = NULL, "
        "arrives_at = NULL, ring_since = ?, ring_round = ring_round + 1, version = version + 1 "
        "WHERE id = ? AND version = ?",
        clock.text(now),
        row["id"],
        row["version"],
    )
    if changed:
        events.add(
            db, row["id"], "lapsed", actor="system", from_state=row["state"], to_state="alerting", now=now
        )


def _lapses_at(row: dict[str, Any]) -> datetime:
    return clock.parse(row["lease_until"]) + timedelta(seconds=Policy.load(row["policy"]).grace_s)
