"""An application is decided: approved into a record, or refused with a reason. What is needed no more then ends."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from station import audit, clock, elders, family_words, portraits
from station.applications import pictures, records
from station.applications.records import Application
from station.db import IntegrityError, StationDatabase, transaction
from station.elders import Origin
from station.enrolment import Enrolment
from station.errors import Conflict, Invalid
from station.vault import Vault
from station.vocabulary import N_

DECIDED = N_("This application has been decided already.")
FORM_LIVES = timedelta(days=90)  # after the decision; an approved one lives on as the elder's record


def approve(
    db: StationDatabase, vault: Vault, application_id: int, checked: Enrolment, *, by: int, now: datetime
) -> int:
    """Make the record of an application, as the worker corrected it; returns the elder's id.

    The portrait, if it came with consent, becomes the record's photo; the identity picture is destroyed.
    """
    application = records.get(db, vault, application_id)
    if application.state == "refused":
        raise Conflict("This application has been refused already.")
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


def set_delay(
    db: StationDatabase, vault: Vault, application_id: int, reason: str, *, by: int, now: datetime
) -> None:
    """Say why a badge takes longer (a key of family_words.DELAYS; empty takes it back). The family reads it."""
    if reason and reason not in family_words.DELAYS:
        raise Invalid("delay", "Choose one of the listed reasons.")
    with transaction(db):
        db.write("UPDATE application SET delay = ? WHERE id = ?", reason, application_id)
        _note(db, vault, "application.delay", application_id, reason, by=by, now=now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy the forms of applications that were decided long ago; state, times and reason stay."""
    rows = db.rows(
        "SELECT id, uid FROM application WHERE decided_at < ? AND length(form) > 0",
        clock.text(now - FORM_LIVES),
    )
    for row in rows:
        vault.destroy(records.key(row["uid"]), now)
        with transaction(db):
            db.write("UPDATE application SET form = x'', details = NULL WHERE id = ?", row["id"])


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
    origin = Origin(_form_id(application), application.station, by, "online")
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
    """Inside the caller's transaction; False when a colleague was faster."""
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
        _note(db, vault, f"application.{decision.state}", application.id, "", by=by, now=now)
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


def _note(
    db: StationDatabase,
    vault: Vault,
    action: str,
    application_id: int,
    detail: str,
    *,
    by: int,
    now: datetime,
) -> None:
    audit.record(
        db,
        vault.ring,
        staff_id=by,
        action=action,
        about=f"application/{application_id}",
        detail=detail,
        now=now,
    )
