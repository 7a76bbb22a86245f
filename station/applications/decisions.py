"""An application ends: approved into a record, refused with a reason, or taken back. What is needed no more is destroyed."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from station import clock, elders, family_words, portraits
from station.applications import pictures, records
from station.applications.records import Application
from station.db import IntegrityError, StationDatabase, transaction
from station.elders import Origin
from station.enrolment import Enrolment
from station.errors import Conflict, Invalid
from station.vault import Vault
from station.vocabulary import N_

DECIDED = N_("This application has been decided already.")
ENDED = {
    "refused": N_("This application has been refused already."),
    "withdrawn": N_("The family has taken this application back."),
}
FORM_LIVES = timedelta(days=90)  # after the decision; an approved one lives on as the elder's record


def approve(
    db: StationDatabase, vault: Vault, application_id: int, checked: Enrolment, *, by: int, now: datetime
) -> int:
    """Make the record of an application, as the worker corrected it; returns the elder's id.

    The portrait, if it came with consent, becomes the record's photo; the identity picture is destroyed.
    """
    application = records.get(db, vault, application_id)
    if application.state in ENDED:
        raise Conflict(ENDED[application.state])
    known = elders.of_form(db, _form_id(application))
    if known is not None:
        return known
    elder_id = _register(db, vault, application, checked, by=by, now=now)
    pictures.destroy(db, vault, application.uid, "identity", now)
    _move_portrait(db, vault, application, elder_id, checked, by=by, now=now)
    return elder_id


def refuse(
    db: StationDatabase, vault: Vault, application_id: int, reason: str, *, by: int, now: datetime
) -> None:
    """Refuse an application; the family reads the reason, and both pictures are destroyed."""
    if not reason.strip():
        raise Invalid("reason", "Write the reason; the family reads it.")
    application = records.get(db, vault, application_id)
    with transaction(db):
        if not _decide(db, vault, application, _Decision("refused", reason.strip()[:200]), by=by, now=now):
            raise Conflict(DECIDED)
    for kind in pictures.KINDS:
        pictures.destroy(db, vault, application.uid, kind, now)


def withdraw(db: StationDatabase, vault: Vault, application_id: int, *, now: datetime) -> None:
    """The family takes its application back: all that it typed and sent is destroyed. Twice is once.

    That there was one stays known, and its state can be asked for. Raises Conflict when the station has decided.
    """
    with transaction(db):
        taken = db.write(
            "UPDATE application SET state = 'withdrawn', decided_at = ?, delay = '' WHERE id = ? AND state = 'received'",
            clock.text(now),
            application_id,
        )
        if taken:
            records.note(db, vault, "application.withdrawn", application_id, by=None, now=now)
    row = db.row("SELECT uid, state FROM application WHERE id = ?", application_id)
    if row is None or row["state"] != "withdrawn":
        raise Conflict(DECIDED)
    _destroy(db, vault, application_id, row["uid"], now)


def set_delay(
    db: StationDatabase, vault: Vault, application_id: int, reason: str, *, by: int, now: datetime
) -> None:
    """Say why a badge takes longer (a key of family_words.DELAYS; empty takes it back). The family reads it."""
    if reason and reason not in family_words.DELAYS:
        raise Invalid("delay", "Choose one of the listed reasons.")
    with transaction(db):
        db.write("UPDATE application SET delay = ? WHERE id = ?", reason, application_id)
        records.note(db, vault, "application.delay", application_id, reason, by=by, now=now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy the forms of applications that were decided long ago or taken back; state, times and reason stay."""
    rows = db.rows(
        "SELECT id, uid FROM application WHERE length(form) > 0 AND (decided_at < ? OR state = 'withdrawn')",
        clock.text(now - FORM_LIVES),
    )
    for row in rows:
        _destroy(db, vault, row["id"], row["uid"], now)


def _destroy(db: StationDatabase, vault: Vault, application_id: int, uid: str, now: datetime) -> None:
    """The pictures, the codes, and the key of all that was typed. Safe to repeat after a crash at any point."""
    for kind in pictures.KINDS:
        pictures.destroy(db, vault, uid, kind, now)
    if vault.has(records.key(uid)):
        vault.destroy(records.key(uid), now)
    with transaction(db):
        db.write("DELETE FROM phone_code WHERE uid = ?", uid)
        db.write("UPDATE application SET form = x'', details = NULL WHERE id = ?", application_id)


@dataclass(frozen=True)
class _Decision:
    state: str  # approved, refused
    reason: str = ""
    elder_id: int | None = None


def _register(
    db: StationDatabase, vault: Vault, application: Application, checked: Enrolment, *, by: int, now: datetime
) -> int:
    """The record and the decision in one transaction: refused by a colleague at this moment, it makes no record."""
    uid = uuid.uuid4().hex
    vault.create([f"elder/{uid}"], now)
    said = records.consent_of(application)
    if checked.given_by != said.given_by:  # somebody else has agreed to all of it at the review
        checked = replace(checked, asked=checked.consents)
    origin = Origin(_form_id(application), application.station, by, "desk", said)
    try:
        with transaction(db):
            elder_id = elders.add(db, vault, uid, checked, origin, now)
            if not _decide(db, vault, application, _Decision("approved", "", elder_id), by=by, now=now):
                raise Conflict(DECIDED)
    except IntegrityError as error:
        if elders.of_form(db, _form_id(application)) is not None:
            raise Conflict(DECIDED) from error
        raise Conflict("An elder with this identity number is already registered.") from error
    return elder_id


def _decide(
    db: StationDatabase,
    vault: Vault,
    application: Application,
    decision: _Decision,
    *,
    by: int,
    now: datetime,
) -> bool:
    """Inside the caller's transaction; False when a colleague or the family was faster."""
    if db.scalar("SELECT state FROM application WHERE id = ?", application.id) != "received":
        return False  # taken back, it has no key any more by which its form could be sealed
    kept = records.seal_form(vault, application.uid, records.without_number(application.form))
    changed = db.write(
        "UPDATE application SET state = ?, reason = ?, elder_id = ?, decided_by = ?, decided_at = ?, form = ? "
        "WHERE id = ? AND state = 'received'",
        decision.state,
        decision.reason,
        decision.elder_id,
        by,
        clock.text(now),
        kept,
        application.id,
    )
    if changed:
        records.note(db, vault, f"application.{decision.state}", application.id, by=by, now=now)
    return bool(changed)


def _form_id(application: Application) -> str:
    return f"application-{application.uid}"


def _move_portrait(
    db: StationDatabase,
    vault: Vault,
    application: Application,
    elder_id: int,
    checked: Enrolment,
    *,
    by: int,
    now: datetime,
) -> None:
    portrait = pictures.of(db, application.uid).get("portrait")
    if portrait is None or not portrait.is_there:
        return
    if "photo" in checked.consents and not portraits.exists(db, elder_id):
        jpeg = pictures.jpeg(db, vault, application.uid, "portrait")
        portraits.keep(db, vault, elder_id, jpeg, by=by, now=now)
    pictures.destroy(db, vault, application.uid, "portrait", now)
