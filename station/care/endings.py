"""The end of a record: the elder has passed away or left for good. Everything falls silent, and a clock runs.

A mistake is undone until the clock has run out; then the person's key is destroyed, and with it all that it opens.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock, elders
from station.care import standing
from station.db import StationDatabase, transaction
from station.errors import Conflict, Gone, Invalid
from station.issuing import life, records
from station.vault import Vault
from station.vocabulary import CONSENT_VERSION

# 30 days after leaving or death (docs/privacy.md). Relatives may ask for a copy until then (PIPL article 49).
KEPT = timedelta(days=30)
REASONS = {"deceased": "deceased", "moved": "moved", "left": "moved"}  # with the status that follows
_COUNTS = ("ordered", "made", "printed", "worn")


@dataclass(frozen=True)
class Ending:
    """Why a record ends, and when it will be erased."""

    id: int
    elder_id: int
    why: str  # deceased, moved, left (does not want the service any more)
    day: str  # ISO date as told; empty when nobody asked
    badges: dict[int, str]  # the badges that it ended, with the states they had
    at: datetime
    erase_at: datetime
    erased_at: datetime | None


def of_elder(db: StationDatabase, elder_id: int) -> Ending | None:
    """The ending of a record that stands."""
    row = db.row("SELECT * FROM elder_ending WHERE elder_id = ? AND undone_at IS NULL", elder_id)
    return None if row is None else _ending(row)


def begin(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    why: str,
    *,
    day: str = "",
    returned: bool = False,
    by: int,
    now: datetime,
) -> None:
    """Let a record come to rest: its badges end, what would still be asked or sent about it stops, the clock starts.

    Badges that were not returned are revoked: a scan still shows the hotline and still calls the staff, but the
    family hears of none. `day` is an ISO date or empty. An incident that is open is led to its end by the desk.
    Raises Invalid for a day that is none, Conflict when it has ended already.
    """
    if why not in REASONS:
        raise Invalid("why", "Choose one of the listed reasons.")
    _check_day(day, now)
    with transaction(db):
        if of_elder(db, elder_id) is not None:
            raise Conflict("This was already entered. Load the record again.")
        before = {badge.id: badge.state for badge in records.of_elder(db, elder_id) if badge.state in _COUNTS}
        state = "returned" if returned else "revoked"
        for badge_id, old in before.items():
            ended = state if old == "worn" else "revoked"
            life.end_one(db, vault.ring, badge_id, ended, by=by, now=now)
        db.insert(
            "elder_ending",
            elder_id=elder_id,
            why=why,
            day=day,
            badges=json.dumps(before),
            staff_id=by,
            at=clock.text(now),
            erase_at=clock.text(now + KEPT),
        )
        if why == "left":
            _note_withdrawal(db, elder_id, by, now)
        _hush(db, elder_id, now)
        standing.put(db, vault.ring, elder_id, REASONS[why], by=by, now=now)


def bring_back(db: StationDatabase, vault: Vault, badge_id: int, *, by: int, now: datetime) -> None:
    """The badge of somebody whose record has ended came back after all: it is returned, no longer revoked."""
    with transaction(db):
        if not life.bring_back(db, vault.ring, badge_id, by=by, now=now):
            raise Conflict(life.NOT_NOW)


def undo(db: StationDatabase, vault: Vault, elder_id: int, *, by: int, now: datetime) -> None:
    """It was a mistake: the record lives here again, and its badges are what they were.

    Raises Conflict when there is nothing to undo, Gone after the erasure.
    """
    with transaction(db):
        ending = of_elder(db, elder_id)
        if ending is None:
            raise Conflict("There is nothing to take back. Load the record again.")
        if ending.erased_at is not None:
            raise Gone("The record has been erased and cannot come back.")
        db.write(
            "UPDATE elder_ending SET undone_at = ?, undone_by = ? WHERE id = ?",
            clock.text(now),
            by,
            ending.id,
        )
        for badge_id, state in ending.badges.items():
            life.revive(db, vault.ring, badge_id, state, by=by, now=now)
        standing.put(db, vault.ring, elder_id, "living", by=by, now=now)


def erase_due(db: StationDatabase, vault: Vault, now: datetime) -> int:
    """Erase what has waited long enough; returns how many. Safe to repeat after a crash at any point."""
    rows = db.rows(
        "SELECT id, elder_id FROM elder_ending WHERE undone_at IS NULL AND erased_at IS NULL AND erase_at <= ?",
        clock.text(now),
    )
    ready = [row for row in rows if not _is_out(db, row["elder_id"])]
    for row in ready:
        _erase(db, vault, row, now)
    return len(ready)


def _erase(db: StationDatabase, vault: Vault, row: dict[str, Any], now: datetime) -> None:
    """The keys go first: what a crash leaves behind cannot be read, and the next round clears it away."""
    elder_id = row["elder_id"]
    subjects = [f"elder/{elders.uid_of(db, elder_id)}"]
    forms = db.rows("SELECT uid FROM application WHERE elder_id = ?", elder_id)
    for subject in (*subjects, *(f"application/{form['uid']}" for form in forms)):
        vault.destroy(subject, now)
    with transaction(db):
        db.write("DELETE FROM family_proposal WHERE elder_id = ?", elder_id)
        standing.clear(db, elder_id)
        at = clock.text(now)
        db.write("UPDATE elder_ending SET erased_at = ?, day = '' WHERE id = ?", at, row["id"])
        audit.record(db, vault.ring, staff_id=None, action="elder.erased", about=f"elder/{elder_id}", now=now)


def _note_withdrawal(db: StationDatabase, elder_id: int, by: int, now: datetime) -> None:
    """The consent to the record itself is taken back; whoever undoes the ending has to ask for it anew."""
    db.insert(
        "consent",
        elder_id=elder_id,
        item="record",
        given=0,
        given_by="relative",
        means="online",
        text_version=CONSENT_VERSION,
        staff_id=by,
        at=clock.text(now),
    )


def _is_out(db: StationDatabase, elder_id: int) -> bool:
    """Whether an incident about the elder is still open; its desk needs the record until it closes."""
    return bool(db.scalar("SELECT 1 FROM incident WHERE elder_id = ? AND closed_at IS NULL", elder_id))


def _hush(db: StationDatabase, elder_id: int, now: datetime) -> None:
    """What was on its way to the family outside an incident is stopped; a move that waits is called off."""
    db.write(
        "UPDATE alert SET state = 'cancelled' WHERE state = 'pending' AND incident_id IS NULL "
        "AND contact_id IN (SELECT id FROM contact WHERE elder_id = ?)",
        elder_id,
    )
    db.write(
        "UPDATE elder_move SET state = 'withdrawn', decided_at = ? WHERE elder_id = ? AND state = 'offered'",
        clock.text(now),
        elder_id,
    )


def _check_day(day: str, now: datetime) -> None:
    """A date of a year, not in the future. Tomorrow counts: the station's midnight is before UTC's."""
    if not day:
        return
    try:
        told = datetime.fromisoformat(day).date()
    except ValueError:
        raise Invalid("day", "Write the date as year-month-day, or leave it empty.") from None
    if not 0 <= (now.date() + timedelta(days=1) - told).days <= 3660:
        raise Invalid("day", "This date cannot be right; please look again, or leave it empty.")


def _ending(row: dict[str, Any]) -> Ending:
    return Ending(
        id=row["id"],
        elder_id=row["elder_id"],
        why=row["why"],
        day=row["day"],
        badges={int(badge): state for badge, state in json.loads(row["badges"]).items()},
        at=clock.parse(row["at"]),
        erase_at=clock.parse(row["erase_at"]),
        erased_at=clock.parse(row["erased_at"]) if row["erased_at"] else None,
    )
