"""What the officer of an open incident shows to one finder for half an hour: consented, or for life and health."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock, consents, portraits, voices
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.incidents import events, finders
from station.incidents.intake import clean
from station.vault import Unsealable, Vault
from station.vocabulary import CAUSES, SHOWABLE, in_force

LASTS = timedelta(minutes=30)
LONGEST_WORDS = 200
# Then there is no need any more.
SAFE = ("at_station", "handed_over", "closed")
# The consent item under which each may be shown.
CONSENT = {
    "call_name": "page_call_name",
    "photo": "finder_photo",
    "health_notes": "finder_health",
    "voice": "voice",
}


@dataclass(frozen=True)
class Unlock:
    """What an officer wants to show, and to whom. `cause` is needed for what the family has not consented to."""

    scan_id: int
    items: tuple[str, ...]
    cause: str = ""  # a key of vocabulary.CAUSES
    words: str = ""  # with the cause `other`


@dataclass(frozen=True)
class Offer:
    item: str
    consented: bool


@dataclass(frozen=True)
class Disclosure:
    """One item that is or was shown to one finder."""

    id: int
    scan_id: int
    item: str
    reason: str  # consent or break_glass
    cause: str
    words: str
    staff_id: int
    at: datetime
    until: datetime
    ended_at: datetime | None


def offered(db: StationDatabase, elder_id: int | None) -> list[Offer]:
    """What there is to show of an elder, known without opening the record. A clip is kept with consent alone."""
    if elder_id is None:
        return []
    given = in_force(consents.standing(db, elder_id))
    missing = set() if portraits.exists(db, elder_id) else {"photo"}
    missing |= set() if "voice" in given and voices.exists(db, elder_id) else {"voice"}
    return [Offer(item, CONSENT[item] in given) for item in SHOWABLE if item not in missing]


def unlock(
    db: StationDatabase, vault: Vault, incident_id: int, wanted: Unlock, *, by: int, now: datetime
) -> None:
    """Show items on one finder's page for half an hour, from now on.

    Raises Conflict unless `by` holds the open incident and the elder is known, Invalid on missing words,
    NotFound for a report of another incident.
    """
    with transaction(db):
        row = _held(db, incident_id, by)
        finder = finders.in_incident(db, wanted.scan_id, incident_id)
        consented = {offer.item: offer.consented for offer in offered(db, row["elder_id"])}
        words = _check(wanted, consented)
        for item in wanted.items:
            cause = "" if consented[item] else wanted.cause
            _end(db, now, scan_id=finder, item=item)
            _insert(db, vault, incident_id, (finder, item, cause, words if cause == "other" else ""), by, now)
            reason = f"{item}.{'break_glass' if cause else 'consent'}"
            _write_down(db, vault, incident_id, "disclosed", finder, (reason, cause), by=by, now=now)


def end(
    db: StationDatabase, vault: Vault, incident_id: int, disclosure_id: int, *, by: int, now: datetime
) -> None:
    """Stop showing an item before its time. One that has ended already stays as it is."""
    with transaction(db):
        row = db.row("SELECT * FROM disclosure WHERE id = ? AND incident_id = ?", disclosure_id, incident_id)
        if row is None:
            raise NotFound("There is nothing like that shown to a helper.")
        if _end(db, now, scan_id=row["scan_id"], item=row["item"]):
            what = row["item"], ""
            _write_down(db, vault, incident_id, "hidden", row["scan_id"], what, by=by, now=now)


def live(db: StationDatabase, scan_id: int, now: datetime) -> dict[str, datetime]:
    """What the finder of a report is shown now, each until when. Nothing once the elder is safe."""
    rows = db.rows(
        "SELECT disclosure.item, disclosure.reason, disclosure.until, incident.elder_id, incident.state FROM disclosure "
        "JOIN incident ON incident.id = disclosure.incident_id WHERE disclosure.scan_id = ? "
        "AND disclosure.ended_at IS NULL AND disclosure.until > ? AND incident.elder_id IS NOT NULL",
        finders.first_of(db, scan_id),
        clock.text(now),
    )
    given = in_force(consents.standing(db, rows[0]["elder_id"]) if rows else ())
    return {
        row["item"]: clock.parse(row["until"])
        for row in rows
        if row["state"] not in SAFE
        # A consent may be taken back meanwhile.
        and (row["reason"] == "break_glass" or CONSENT[row["item"]] in given)
    }


def of_incident(db: StationDatabase, vault: Vault, incident_id: int) -> list[Disclosure]:
    """All that was ever shown in an incident, newest first."""
    rows = db.rows("SELECT * FROM disclosure WHERE incident_id = ? ORDER BY id DESC", incident_id)
    return [_disclosure(vault, row) for row in rows]


def is_live(shown: Disclosure, now: datetime) -> bool:
    return shown.ended_at is None and shown.until > now


def broke_glass(event: events.Event) -> bool:
    """Whether something was shown without consent, of which the family is told."""
    return event.kind == "disclosed" and event.detail.endswith(".break_glass")


def _held(db: StationDatabase, incident_id: int, by: int) -> dict[str, Any]:
    row = db.row("SELECT * FROM incident WHERE id = ?", incident_id)
    if row is None:
        raise NotFound("There is no such incident.")
    if row["closed_at"] is not None:
        raise Conflict("This incident is closed.")
    if by not in (row["on_site_by"], row["liaison_by"]):
        raise Conflict("Only who has taken this incident may show something to a helper. Take it first.")
    if row["state"] in SAFE:
        raise Conflict("The elder is safe with our people. The helper needs to see nothing any more.")
    if row["elder_id"] is None:
        raise Conflict("It is not known yet who the elder is, so there is nothing to show.")
    return row


def _check(wanted: Unlock, consented: dict[str, bool]) -> str:
    """The reason's words. Raises Invalid."""
    if not wanted.items or not set(wanted.items) <= set(consented):
        raise Invalid("items", "Choose what the helper shall see.")
    words = clean(wanted.words)[:LONGEST_WORDS]
    if all(consented[item] for item in wanted.items):
        return ""
    if wanted.cause not in CAUSES:
        raise Invalid(
            "cause",
            "The family has not consented to this. It may be shown only where life or health is at stake: choose why.",
        )
    if wanted.cause == "other" and not words:
        raise Invalid("words", "Write in a few words what danger there is.")
    return words


def _insert(
    db: StationDatabase,
    vault: Vault,
    incident_id: int,
    what: tuple[int, str, str, str],
    by: int,
    now: datetime,
) -> None:
    (scan_id, item, cause, words), uid = what, uuid.uuid4().hex
    db.insert(
        "disclosure",
        uid=uid,
        incident_id=incident_id,
        scan_id=scan_id,
        item=item,
        reason="break_glass" if cause else "consent",
        cause=cause,
        words=vault.seal(f"incident/{incident_id}", f"disclosure|{uid}|words", words) if words else None,
        staff_id=by,
        at=clock.text(now),
        until=clock.text(now + LASTS),
    )


def _end(db: StationDatabase, now: datetime, *, scan_id: int, item: str) -> int:
    at = clock.text(now)
    return db.write(
        "UPDATE disclosure SET ended_at = ? WHERE scan_id = ? AND item = ? AND ended_at IS NULL AND until > ?",
        at,
        scan_id,
        item,
        at,
    )


def _write_down(  # noqa: PLR0913 - a row of two logs
    db: StationDatabase,
    vault: Vault,
    incident_id: int,
    kind: str,
    scan_id: int,
    what: tuple[str, str],
    *,
    by: int,
    now: datetime,
) -> None:
    """Into the incident's story and the audit log: item, reason and cause, never what was shown."""
    events.add(db, incident_id, kind, actor="staff", staff_id=by, scan_id=scan_id, detail=what[0], now=now)
    detail = " ".join(filter(None, (*what, f"scan/{scan_id}")))
    about = f"incident/{incident_id}"
    audit.record(db, vault.ring, staff_id=by, action=f"finder.{kind}", about=about, detail=detail, now=now)


def _disclosure(vault: Vault, row: dict[str, Any]) -> Disclosure:
    words = ""
    if row["words"] is not None:
        try:
            place = f"disclosure|{row['uid']}|words"
            words = vault.open(f"incident/{row['incident_id']}", place, row["words"])
        except Unsealable:  # the incident's words have expired; that something was shown stays
            words = ""
    same = {key: row[key] for key in ("id", "scan_id", "item", "reason", "cause", "staff_id")}
    return Disclosure(
        **same,
        words=words,
        at=clock.parse(row["at"]),
        until=clock.parse(row["until"]),
        ended_at=clock.parse(row["ended_at"]) if row["ended_at"] else None,
    )
