"""An application comes in whole: from another system, or from a family's draft."""

import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from station import clock, seal
from station.applications import records
from station.applications.records import Details
from station.db import StationDatabase, transaction
from station.enrolment import ElderForm, Enrolment
from station.vault import Vault

NOTHING_MORE = Details()


@dataclass(frozen=True)
class Arrival:
    """A checked form on its way into the queue; its key exists."""

    uid: str
    code: str
    form_id: str
    station: int
    form: ElderForm
    checked: Enrolment
    details: Details = NOTHING_MORE


def receive(
    db: StationDatabase,
    vault: Vault,
    form: ElderForm,
    checked: Enrolment,
    *,
    form_id: str,
    station: int,
    details: Details = NOTHING_MORE,
    now: datetime,
) -> str:
    """Keep an application and return the 8-digit case code by which the family asks for its state.

    The same form again returns the same code.
    """
    code, known = _case_code(db, vault, form_id)
    if known:
        return code
    uid = uuid.uuid4().hex
    vault.create([records.key(uid)], now)
    with transaction(db):
        # Again, now that nobody else can write: the same form may have come twice, or the digits be taken.
        code, known = _case_code(db, vault, form_id)
        if not known:
            details = replace(details, code_tail=code[-4:])
            add(db, vault, Arrival(uid, code, form_id, station, form, checked, details), now)
    return code


def add(db: StationDatabase, vault: Vault, arrival: Arrival, now: datetime) -> int:
    """Write the row; inside the caller's transaction."""
    uid, phone = arrival.uid, arrival.checked.contacts[0].phone
    return db.insert(
        "application",
        uid=uid,
        station=arrival.station,
        code_hash=seal.token_hash(arrival.code),
        form=records.seal_form(vault, uid, arrival.form),
        details=records.seal_details(vault, uid, arrival.details),
        phone_index=vault.blind("phone", phone),
        tail_index=records.tail_index(vault, uid, phone),
        form_id=arrival.form_id,
        created_at=clock.text(now),
    )


def new_form_id() -> str:
    return secrets.token_hex(16)


def _case_code(db: StationDatabase, vault: Vault, form_id: str) -> tuple[str, bool]:
    """The case code of a form, and whether it is already on file. Digits of another form are passed over."""
    for attempt in count():
        number = int(seal.derived_token(vault.ring, "case-code", f"{form_id}/{attempt}"), 16)
        code = f"{number % 10**8:08d}"
        owner = db.scalar("SELECT form_id FROM application WHERE code_hash = ?", seal.token_hash(code))
        if owner in (None, form_id):
            return code, owner == form_id
    raise AssertionError("count() has no end")
