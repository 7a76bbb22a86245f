"""Applications from families: received, then approved into a record or refused with a reason."""

import secrets
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from typing import Any

from station import audit, clock, elders, seal
from station.db import StationDatabase, transaction
from station.enrolment import ContactForm, ElderForm, Enrolment
from station.errors import Conflict, Invalid, NotFound
from station.vault import Vault


@dataclass(frozen=True)
class Application:
    id: int
    uid: str
    station: int
    state: str  # received, approved, refused
    reason: str
    elder_id: int | None
    created_at: datetime
    decided_at: datetime | None
    form: ElderForm


def receive(
    db: StationDatabase,
    vault: Vault,
    form: ElderForm,
    checked: Enrolment,
    *,
    form_id: str,
    station: int,
    now: datetime,
) -> str:
    """Keep an application and return the 8-digit case code by which the family asks for its state.

    The same form again returns the same code.
    """
    code, known = _case_code(db, vault, form_id)
    if known:
        return code
    uid = uuid.uuid4().hex
    vault.create([f"application/{uid}"], now)
    sealed = vault.seal(f"application/{uid}", f"application|{uid}|form", asdict(form))
    with transaction(db):
        # Again, now that nobody else can write: the same form may have come twice, or the digits be taken.
        code, known = _case_code(db, vault, form_id)
        if not known:
            db.insert(
                "application",
                uid=uid,
                station=station,
                code_hash=seal.token_hash(code),
                form=sealed,
                phone_index=vault.blind("phone", checked.contacts[0].phone),
                form_id=form_id,
                created_at=clock.text(now),
            )
    return code


def new_form_id() -> str:
    return secrets.token_hex(16)


def waiting(db: StationDatabase, vault: Vault, station: int) -> list[Application]:
    """Applications that nobody has decided, oldest first."""
    rows = db.rows("SELECT * FROM application WHERE station = ? AND state = 'received' ORDER BY id", station)
    return [_application(vault, row) for row in rows]


def get(db: StationDatabase, vault: Vault, application_id: int) -> Application:
    row = db.row("SELECT * FROM application WHERE id = ?", application_id)
    if row is None:
        raise NotFound("There is no such application.")
    return _application(vault, row)


def by_code(db: StationDatabase, vault: Vault, code: str) -> Application:
    """The application of a case code as the family types it. Raises NotFound."""
    digits = "".join(str(int(c)) for c in code if c.isdecimal())
    row = db.row("SELECT * FROM application WHERE code_hash = ?", seal.token_hash(digits))
    if row is None:
        raise NotFound("No application has this case code. Compare the eight digits, or ask the station.")
    return _application(vault, row)


def approve(
    db: StationDatabase, vault: Vault, application_id: int, checked: Enrolment, *, by: int, now: datetime
) -> int:
    """Make the record of an application, as the worker corrected it; returns the elder's id."""
    application = get(db, vault, application_id)
    if application.state == "refused":
        raise Conflict("This application has been refused already.")
    elder_id = elders.register(
        db,
        vault,
        checked,
        form_id=f"application-{application.uid}",
        station=application.station,
        by=by,
        means="online",
        now=now,
    )
    _decide(db, vault, application_id, "approved", "", elder_id, by=by, now=now)
    return elder_id


def refuse(
    db: StationDatabase, vault: Vault, application_id: int, reason: str, *, by: int, now: datetime
) -> None:
    if not reason.strip():
        raise Invalid("reason", "Write the reason; the family reads it.")
    if not _decide(db, vault, application_id, "refused", reason.strip()[:200], None, by=by, now=now):
        raise Conflict("This application has been decided already.")


def _decide(
    db: StationDatabase,
    vault: Vault,
    application_id: int,
    state: str,
    reason: str,
    elder_id: int | None,
    *,
    by: int,
    now: datetime,
) -> bool:
    with transaction(db):
        changed = db.write(
            "UPDATE application SET state = ?, reason = ?, elder_id = ?, decided_by = ?, decided_at = ? "
            "WHERE id = ? AND state = 'received'",
            state,
            reason,
            elder_id,
            by,
            clock.text(now),
            application_id,
        )
        if changed:
            audit.record(
                db,
                vault.ring,
                staff_id=by,
                action=f"application.{state}",
                about=f"application/{application_id}",
                now=now,
            )
    return bool(changed)


def _case_code(db: StationDatabase, vault: Vault, form_id: str) -> tuple[str, bool]:
    """The case code of a form, and whether it is already on file. Digits of another form are passed over."""
    for attempt in count():
        number = int(seal.derived_token(vault.ring, "case-code", f"{form_id}/{attempt}"), 16)
        code = f"{number % 10**8:08d}"
        owner = db.scalar("SELECT form_id FROM application WHERE code_hash = ?", seal.token_hash(code))
        if owner in (None, form_id):
            return code, owner == form_id
    raise AssertionError("count() has no end")


def _application(vault: Vault, row: dict[str, Any]) -> Application:
    raw = vault.open(f"application/{row['uid']}", f"application|{row['uid']}|form", row["form"])
    contacts = tuple(ContactForm(**contact) for contact in raw.pop("contacts"))
    lists = {key: tuple(value) for key, value in raw.items() if isinstance(value, list)}
    return Application(
        id=row["id"],
        uid=row["uid"],
        station=row["station"],
        state=row["state"],
        reason=row["reason"],
        elder_id=row["elder_id"],
        created_at=clock.parse(row["created_at"]),
        decided_at=clock.parse(row["decided_at"]) if row["decided_at"] else None,
        form=ElderForm(**{**raw, **lists}, contacts=contacts),
    )
