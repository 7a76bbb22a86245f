"""Rehearsal at hand-over: the new badge is scanned as a test, and each contact says that the message came."""

from dataclasses import dataclass
from datetime import datetime

from station import audit, clock, consents, seal
from station.db import StationDatabase, transaction
from station.errors import Conflict, Gone, NotFound
from station.issuing import life, records
from station.issuing.records import Badge
from station.seal import Keyring
from station.vault import Vault

LIVES = life.WINDOW  # the messages go out, or not at all, while the family stands at the desk


@dataclass(frozen=True)
class Answer:
    """How far one contact of the newest rehearsal is."""

    contact_id: int
    reached_at: datetime | None  # a provider took the message
    confirmed_at: datetime | None
    confirmed_by: str  # link, call or empty


@dataclass(frozen=True)
class Invitation:
    """What the page behind a contact's link shows."""

    station: int
    badge_number: str
    confirmed: bool


def start(db: StationDatabase, vault: Vault, badge_id: int, *, by: int, now: datetime) -> None:
    """Open the badge's window and call for a message marked as a drill to the contacts and those on duty.

    The sender plans the messages from what is written here. Contacts who may not learn of scans get none.
    """
    with transaction(db):
        badge = records.get(db, badge_id)
        if badge.elder_id is None:
            raise Conflict("This badge belongs to no elder yet.")
        life.open_window(db, vault.ring, badge_id, why="rehearsal", by=by, now=now)
        rehearsal_id = db.insert("rehearsal", badge_id=badge_id, staff_id=by, started_at=clock.text(now))
        for contact_id in _may_hear(db, badge.elder_id):
            _invite(db, vault.ring, rehearsal_id, contact_id)


def token(ring: Keyring, rehearsal_id: int, contact_id: int) -> str:
    """A contact's link; made again on demand, only its hash is stored."""
    return seal.derived_token(ring, "rehearsal", f"{rehearsal_id}|{contact_id}")


def invitation(db: StationDatabase, link: str) -> Invitation:
    """What is behind a link. Raises NotFound when it never was, Gone when its badge has ended."""
    row = db.row(
        "SELECT badge.station, badge.number, badge.state, confirmed_at FROM rehearsal_contact "
        "JOIN rehearsal ON rehearsal.id = rehearsal_id JOIN badge ON badge.id = badge_id WHERE token_hash = ?",
        seal.token_hash(link),
    )
    if row is None:
        raise NotFound("This link is not known. Ring the hotline.")
    if row["state"] in records.ENDED:
        raise Gone("This badge is no longer used, so there is nothing to confirm.")
    return Invitation(row["station"], records.shown_number(row["number"]), row["confirmed_at"] is not None)


def confirm(db: StationDatabase, link: str, now: datetime) -> None:
    """The contact has the message on their own phone. A second press changes nothing."""
    invitation(db, link)
    with transaction(db):
        db.write(
            "UPDATE rehearsal_contact SET confirmed_at = ?, confirmed_by = 'link' "
            "WHERE token_hash = ? AND confirmed_at IS NULL",
            clock.text(now),
            seal.token_hash(link),
        )


def confirm_by_call(
    db: StationDatabase, vault: Vault, badge_id: int, contact_id: int, *, by: int, now: datetime
) -> None:
    """A worker rang the contact, who answered: all there is for a contact without any other way."""
    badge = records.get(db, badge_id)
    with transaction(db):
        if not db.scalar("SELECT 1 FROM contact WHERE id = ? AND elder_id = ?", contact_id, badge.elder_id):
            raise NotFound("There is no such contact.")
        rehearsal_id = _newest(db, badge_id) or db.insert(
            "rehearsal", badge_id=badge_id, staff_id=by, started_at=clock.text(now)
        )
        _invite(db, vault.ring, rehearsal_id, contact_id)
        db.write(
            "UPDATE rehearsal_contact SET confirmed_at = ?, confirmed_by = 'call' "
            "WHERE rehearsal_id = ? AND contact_id = ? AND confirmed_at IS NULL",
            clock.text(now),
            rehearsal_id,
            contact_id,
        )
        audit.record(db, vault.ring, staff_id=by, action="badge.reached", about=f"badge/{badge_id}", now=now)


def answers(db: StationDatabase, badge: Badge) -> dict[int, Answer]:
    """By contact, of the newest rehearsal; empty before the first."""
    rows = db.rows(
        "SELECT contact_id, confirmed_at, confirmed_by, (SELECT min(accepted_at) FROM alert "
        "WHERE alert.rehearsal_id = rehearsal_contact.rehearsal_id "
        "AND alert.contact_id = rehearsal_contact.contact_id) AS reached_at "
        "FROM rehearsal_contact WHERE rehearsal_id = ?",
        _newest(db, badge.id),
    )
    return {
        row["contact_id"]: Answer(
            row["contact_id"],
            clock.parse(row["reached_at"]) if row["reached_at"] else None,
            clock.parse(row["confirmed_at"]) if row["confirmed_at"] else None,
            row["confirmed_by"] or "",
        )
        for row in rows
    }


def is_confirmed(db: StationDatabase, badge_id: int) -> bool:
    """Whether any contact ever confirmed for this badge; without one it is amber."""
    return bool(
        db.scalar(
            "SELECT 1 FROM rehearsal JOIN rehearsal_contact ON rehearsal_id = rehearsal.id "
            "WHERE badge_id = ? AND confirmed_at IS NOT NULL",
            badge_id,
        )
    )


def _newest(db: StationDatabase, badge_id: int) -> int | None:
    found: int | None = db.scalar("SELECT max(id) FROM rehearsal WHERE badge_id = ?", badge_id)
    return found


def _may_hear(db: StationDatabase, elder_id: int) -> list[int]:
    if "family_place" not in consents.standing(db, elder_id):
        return []
    rows = db.rows("SELECT id FROM contact WHERE elder_id = ? ORDER BY position", elder_id)
    return [row["id"] for row in rows]


def _invite(db: StationDatabase, ring: Keyring, rehearsal_id: int, contact_id: int) -> None:
    db.write(
        "INSERT OR IGNORE INTO rehearsal_contact (rehearsal_id, contact_id, token_hash) VALUES (?, ?, ?)",
        rehearsal_id,
        contact_id,
        seal.token_hash(token(ring, rehearsal_id, contact_id)),
    )
