"""What a worker has typed and not yet saved: kept sealed while typing, given back, and destroyed when it is saved."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock, elders, enrolment
from station.db import StationDatabase, transaction
from station.enrolment import ElderForm
from station.vault import Vault

MOST = 5  # of one worker; the oldest goes when one more comes
KEPT = timedelta(days=7)  # longer than a holiday weekend; a draft may hold a whole identity number

_FORM_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Unsaved:
    """A form about a new elder, or about the correction of a record as it was at `version`."""

    form_id: str
    form: ElderForm
    elder_id: int | None = None
    version: int = 0
    base: str = ""  # what the record said when the form was opened, see web.registration.merging


@dataclass(frozen=True, kw_only=True)
class Draft(Unsaved):
    saved_at: datetime
    has_photo: bool


def keep(
    db: StationDatabase, vault: Vault, unsaved: Unsaved, *, staff_id: int, photo: bytes = b"", now: datetime
) -> bool:
    """Keep what stands in a form by now; an empty `photo` leaves the one on file.

    False when there is nothing to keep: nothing was typed, or the form has been saved or thrown away meanwhile.
    """
    known = db.row("SELECT staff_id FROM draft WHERE form_id = ?", unsaved.form_id)
    if not _FORM_ID.fullmatch(unsaved.form_id) or not _worth_keeping(db, unsaved, known, staff_id):
        return False
    subject = _subject(db, unsaved.form_id, unsaved.elder_id)
    if not known and unsaved.elder_id is None:
        vault.create([subject], now)
    if not vault.has(subject):  # thrown away; a late request of the same page does not bring it back
        return False
    sealed = {"content": vault.seal(subject, f"draft|{unsaved.form_id}|content", asdict(unsaved))}
    if photo:
        sealed["photo"] = vault.seal(subject, f"draft|{unsaved.form_id}|photo", photo)
    with transaction(db):
        _write(db, unsaved, sealed, staff_id, now)
    for row in db.rows("SELECT form_id FROM draft WHERE staff_id = ? ORDER BY id DESC", staff_id)[MOST:]:
        drop(db, vault, row["form_id"], now)
    return True


def of_staff(db: StationDatabase, vault: Vault, staff_id: int) -> list[Draft]:
    """The drafts of one worker, the newest first."""
    rows = db.rows("SELECT * FROM draft WHERE staff_id = ? ORDER BY saved_at DESC, id DESC", staff_id)
    return [
        _draft(db, vault, row) for row in rows if vault.has(_subject(db, row["form_id"], row["elder_id"]))
    ]


def photo(db: StationDatabase, vault: Vault, form_id: str, *, staff_id: int) -> bytes:
    """The cleaned photo that came with a form which could not be saved; empty when there is none."""
    row = db.row(
        "SELECT elder_id, photo FROM draft WHERE form_id = ? AND staff_id = ? AND photo IS NOT NULL",
        form_id,
        staff_id,
    )
    if row is None:
        return b""
    return vault.open_bytes(_subject(db, form_id, row["elder_id"]), f"draft|{form_id}|photo", row["photo"])


def drop(
    db: StationDatabase, vault: Vault, form_id: str, now: datetime, *, staff_id: int | None = None
) -> None:
    """Destroy a draft: it was saved, thrown away or forgotten. Of another one than `staff_id` nothing happens."""
    row = db.row("SELECT staff_id, elder_id FROM draft WHERE form_id = ?", form_id)
    if row is None or staff_id not in (None, row["staff_id"]):
        return
    with transaction(db):
        db.write("DELETE FROM draft WHERE form_id = ?", form_id)
    if row["elder_id"] is None:
        vault.destroy(f"draft/{form_id}", now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy what nobody came back to."""
    for row in db.rows("SELECT form_id FROM draft WHERE saved_at < ?", clock.text(now - KEPT)):
        drop(db, vault, row["form_id"], now)


def _worth_keeping(
    db: StationDatabase, unsaved: Unsaved, known: dict[str, Any] | None, staff_id: int
) -> bool:
    if known:
        return bool(known["staff_id"] == staff_id)
    if unsaved.elder_id is not None:
        # A request that comes after the save still has the old version.
        version = db.scalar("SELECT version FROM elder WHERE id = ?", unsaved.elder_id)
        return bool(version == unsaved.version)
    form = unsaved.form
    typed = (form.name, form.identity_number, form.birth_date, form.address, form.history)
    has_text = any(typed) or any(one.name or one.phone for one in form.contacts)
    return has_text and elders.of_form(db, unsaved.form_id) is None


def _write(
    db: StationDatabase, unsaved: Unsaved, sealed: dict[str, bytes], staff_id: int, now: datetime
) -> None:
    db.write(
        "INSERT INTO draft (form_id, staff_id, elder_id, content, photo, saved_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (form_id) DO UPDATE SET content = excluded.content, "
        "photo = coalesce(excluded.photo, photo), saved_at = excluded.saved_at",
        unsaved.form_id,
        staff_id,
        unsaved.elder_id,
        sealed["content"],
        sealed.get("photo"),
        clock.text(now),
    )


def _subject(db: StationDatabase, form_id: str, elder_id: int | None) -> str:
    """A correction is sealed with the elder's own key, so that it goes when the elder is erased."""
    return f"draft/{form_id}" if elder_id is None else f"elder/{elders.uid_of(db, elder_id)}"


def _draft(db: StationDatabase, vault: Vault, row: dict[str, Any]) -> Draft:
    subject = _subject(db, row["form_id"], row["elder_id"])
    raw = vault.open(subject, f"draft|{row['form_id']}|content", row["content"])
    form = enrolment.typed(raw.pop("form"))
    return Draft(**raw, form=form, saved_at=clock.parse(row["saved_at"]), has_photo=row["photo"] is not None)
