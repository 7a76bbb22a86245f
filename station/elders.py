"""The register of elders: records and contacts."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from station import ages, audit, cards, clock, consents, names, portraits
from station.consents import Given
from station.db import IntegrityError, StationDatabase, transaction
from station.enrolment import CheckedContact, Enrolment
from station.errors import Conflict, NotFound
from station.vault import Vault


@dataclass(frozen=True)
class Contact:
    id: int
    position: int  # 1 is rung first
    name: str
    phone: str  # E.164
    relation: str
    is_desk: bool = False  # of the institution in which the elder lives; kept there, not in the elder's form


@dataclass(frozen=True)
class Elder:
    """A whole record, for staff with a reason to see it."""

    id: int
    uid: str
    station: int
    community_id: int
    status: str
    version: int
    name: str
    address: str
    birth_date: str
    sex: str
    id_last_four: str
    health_notes: tuple[str, ...]
    history: str
    call_name: str
    hints: tuple[str, ...]
    consents: tuple[str, ...]
    contacts: tuple[Contact, ...]
    has_photo: bool
    created_at: datetime
    given_by: str = "relative"  # who consented last
    capacity: str = ""
    capacity_judge: str = ""
    capacity_date: str = ""

    @property
    def own_contacts(self) -> tuple[Contact, ...]:
        """Those who stand in the elder's form: all but the desk of an institution."""
        return tuple(one for one in self.contacts if not one.is_desk)


@dataclass(frozen=True)
class Origin:
    """Whence a record comes: the form that makes it but once, the station, who entered it, how consent was given.

    `said` is what was agreed to before, with its own time and text.
    """

    form_id: str
    station: int
    by: int | None
    means: str  # desk, paper, online
    said: Given | None = None


def register(
    db: StationDatabase,
    vault: Vault,
    enrolment: Enrolment,
    *,
    form_id: str,
    station: int,
    by: int | None,
    means: str = "desk",
    now: datetime,
) -> int:
    """Write a new elder with contacts and consents, or return the id that this very form already made.

    Raises Conflict when the identity number is already registered.
    """
    known = of_form(db, form_id)
    if known is not None:
        return known
    uid = uuid.uuid4().hex
    vault.create([f"elder/{uid}"], now)
    try:
        with transaction(db):
            return add(db, vault, uid, enrolment, Origin(form_id, station, by, means), now)
    except IntegrityError as error:
        return _already(db, form_id, error)


def add(
    db: StationDatabase, vault: Vault, uid: str, enrolment: Enrolment, origin: Origin, now: datetime
) -> int:
    """The rows of a new elder whose key `elder/<uid>` exists; inside the caller's transaction."""
    at, by = clock.text(now), origin.by
    elder_id = db.insert(
        "elder",
        uid=uid,
        station=origin.station,
        form_id=origin.form_id,
        created_by=by,
        created_at=at,
        updated_at=at,
        **_sealed(vault, uid, enrolment, now),
    )
    _write_contacts(db, vault, elder_id, uid, enrolment)
    if origin.said:
        consents.carry(db, elder_id, origin.said)
    consents.write(db, elder_id, enrolment, by=by, means=origin.means, now=now)
    audit.record(db, vault.ring, staff_id=by, action="elder.add", about=f"elder/{elder_id}", now=now)
    return elder_id


def of_form(db: StationDatabase, form_id: str) -> int | None:
    """The elder that this very form has already made, if any."""
    known = db.scalar("SELECT id FROM elder WHERE form_id = ?", form_id)
    return None if known is None else int(known)


def edit(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    enrolment: Enrolment,
    *,
    version: int,
    by: int | None,
    means: str = "desk",
    now: datetime,
) -> None:
    """Replace a record. Raises Conflict when a colleague changed it since `version` was read.

    An empty identity number keeps the one on file: it is not shown again, so nobody can retype it.
    """
    row = _row(db, elder_id)
    kept: dict[str, Any] = {}
    if not enrolment.id_normal:
        kept = _open_record(vault, row)
    fields = _sealed(vault, row["uid"], enrolment, now, keep=kept)
    if not enrolment.id_normal:
        fields |= {"identity_index": row["identity_index"]}
    try:
        with transaction(db):
            changed = db.write(
                "UPDATE elder SET community_id = ?, name = ?, record = ?, card = ?, identity_index = ?, age_group = ?, "
                "version = version + 1, updated_at = ? WHERE id = ? AND version = ?",
                *(fields[name] for name in _COLUMNS),
                clock.text(now),
                elder_id,
                version,
            )
            if not changed:
                raise Conflict(
                    "A colleague has changed this record meanwhile. Please compare and save again."
                )
            _write_contacts(db, vault, elder_id, row["uid"], enrolment)
            consents.write(db, elder_id, enrolment, by=by, means=means, now=now)
            audit.record(db, vault.ring, staff_id=by, action="elder.edit", about=f"elder/{elder_id}", now=now)
    except IntegrityError as error:
        raise Conflict("An elder with this identity number is already registered.") from error


def enrolment_of(elder: Elder) -> Enrolment:
    """What a record says, in the shape in which it is written again; the identity number stays as it is on file."""
    shared = {name: getattr(elder, name) for name in Enrolment.__dataclass_fields__ if hasattr(elder, name)}
    people = tuple(CheckedContact(one.name, one.phone, one.relation) for one in elder.own_contacts)
    return Enrolment(**{**shared, "id_normal": "", "contacts": people})


def get(db: StationDatabase, vault: Vault, elder_id: int) -> Elder:
    """The whole record. The caller writes the audit row that goes with looking."""
    row = _row(db, elder_id)
    record = _open_record(vault, row)
    return Elder(
        id=row["id"],
        uid=row["uid"],
        station=row["station"],
        community_id=row["community_id"],
        status=row["status"],
        version=row["version"],
        name=vault.open(f"elder/{row['uid']}", f"elder|{row['uid']}|name", row["name"])["name"],
        contacts=contacts(db, vault, elder_id),
        consents=consents.standing(db, elder_id),
        given_by=consents.last_given_by(db, elder_id),
        has_photo=portraits.exists(db, elder_id),
        created_at=clock.parse(row["created_at"]),
        **record,
    )


def contacts(db: StationDatabase, vault: Vault, elder_id: int) -> tuple[Contact, ...]:
    uid = _row(db, elder_id)["uid"]
    rows = db.rows(
        "SELECT contact.*, institution_elder.contact_id IS NOT NULL AS is_desk FROM contact "
        "LEFT JOIN institution_elder ON institution_elder.contact_id = contact.id "
        "WHERE contact.elder_id = ? ORDER BY position",
        elder_id,
    )
    return tuple(
        Contact(
            id=row["id"],
            position=row["position"],
            is_desk=bool(row["is_desk"]),
            **vault.open(f"elder/{uid}", f"contact|{row['uid']}|person", row["person"]),
        )
        for row in rows
    )


def uid_of(db: StationDatabase, elder_id: int) -> str:
    """The name of an elder's key and of what is sealed by it. Raises NotFound."""
    return str(_row(db, elder_id)["uid"])


def look_alikes(db: StationDatabase, vault: Vault, enrolment: Enrolment) -> list[int]:
    """Elders who may already be this one: same identity number or a contact with the same phone."""
    indexes = [vault.blind("phone", contact.phone) for contact in enrolment.contacts]
    marks = ", ".join("?" * len(indexes)) or "NULL"
    rows = db.rows(
        f"SELECT id FROM elder WHERE identity_index = ? UNION "  # noqa: S608
        f"SELECT elder_id FROM contact WHERE phone_index IN ({marks})",
        _identity_index(vault, enrolment),
        *indexes,
    )
    return [row["id"] for row in rows]


_COLUMNS = ("community_id", "name", "record", "card", "identity_index", "age_group")


def _sealed(
    vault: Vault, uid: str, enrolment: Enrolment, now: datetime, keep: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The values of _COLUMNS; `keep` is the record whose facts stand where the new form has none."""
    items, kept = cards.preview(enrolment), keep or {}
    name = {"name": enrolment.name, "keys": list(names.search_keys(enrolment.name))}
    return {
        "community_id": enrolment.community_id,
        "name": vault.seal(f"elder/{uid}", f"elder|{uid}|name", name),
        "record": _seal_record(vault, uid, enrolment, kept),
        "card": None
        if items == cards.PublicItems()
        else vault.seal(f"elder/{uid}", f"elder|{uid}|card", asdict(items)),
        "identity_index": _identity_index(vault, enrolment),
        "age_group": ages.kept_group(enrolment.birth_date or kept.get("birth_date", ""), now),
    }


def _seal_record(vault: Vault, uid: str, enrolment: Enrolment, kept: dict[str, Any]) -> bytes:
    record = {
        "address": enrolment.address,
        "birth_date": enrolment.birth_date or kept.get("birth_date", ""),
        "sex": enrolment.sex or kept.get("sex", ""),
        "id_last_four": enrolment.id_last_four or kept.get("id_last_four", ""),
        "health_notes": enrolment.health_notes,
        "history": enrolment.history,
        "call_name": enrolment.call_name,
        "hints": enrolment.hints,
        "capacity": enrolment.capacity,
        "capacity_judge": enrolment.capacity_judge,
        "capacity_date": enrolment.capacity_date,
    }
    return vault.seal(f"elder/{uid}", f"elder|{uid}|record", record)


def _open_record(vault: Vault, row: dict[str, Any]) -> dict[str, Any]:
    record = vault.open(f"elder/{row['uid']}", f"elder|{row['uid']}|record", row["record"])
    return {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}


def _identity_index(vault: Vault, enrolment: Enrolment) -> bytes | None:
    return vault.blind("identity", enrolment.id_normal) if enrolment.id_normal else None


def _write_contacts(db: StationDatabase, vault: Vault, elder_id: int, uid: str, enrolment: Enrolment) -> None:
    """Bring the contacts to what was typed. A contact whose phone stays keeps its row, and so its addresses."""
    desk = db.row(
        "SELECT contact_id, desk_first FROM institution_elder JOIN institution ON institution.id = institution_id "
        "WHERE elder_id = ? AND contact_id IS NOT NULL",
        elder_id,
    )
    desk_id, first = (desk["contact_id"], 1 + desk["desk_first"]) if desk else (0, 1)
    rows = db.rows("SELECT * FROM contact WHERE elder_id = ? AND id <> ?", elder_id, desk_id)
    old = {row["phone_index"]: row for row in rows}
    # Positions are unique; move the old rows out of the way before they are set anew.
    db.write("UPDATE contact SET position = position + 1000 WHERE elder_id = ?", elder_id)
    for position, contact in enumerate(enrolment.contacts, first):
        index = vault.blind("phone", contact.phone)
        row = old.pop(index, None)
        contact_uid = row["uid"] if row else uuid.uuid4().hex
        person = vault.seal(f"elder/{uid}", f"contact|{contact_uid}|person", asdict(contact))
        if row:
            db.write("UPDATE contact SET position = ?, person = ? WHERE id = ?", position, person, row["id"])
        else:
            db.insert(
                "contact",
                uid=contact_uid,
                elder_id=elder_id,
                position=position,
                person=person,
                phone_index=index,
            )
    db.write("DELETE FROM contact WHERE elder_id = ? AND position > 1000 AND id <> ?", elder_id, desk_id)
    if desk:
        place = 1 if desk["desk_first"] else first + len(enrolment.contacts)
        db.write("UPDATE contact SET position = ? WHERE id = ?", place, desk_id)


def _already(db: StationDatabase, form_id: str, error: Exception) -> int:
    """Two submits of one form at the same moment: the second gets the first one's record."""
    known = of_form(db, form_id)
    if known is None:
        raise Conflict("An elder with this identity number is already registered.") from error
    return known


def _row(db: StationDatabase, elder_id: int) -> dict[str, Any]:
    row = db.row("SELECT * FROM elder WHERE id = ?", elder_id)
    if row is None:
        raise NotFound("There is no such elder in the register.")
    return row
