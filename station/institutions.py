"""Nursing homes: their own desk, rung before or after the family, for everybody who lives there."""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from station import addresses, audit, clock, elders, names, phones
from station.db import IntegrityError, StationDatabase, transaction
from station.enrolment import CheckedContact
from station.errors import Conflict, Invalid, InvalidForm, NotFound
from station.vault import Vault

AFTER_ALL = 1000  # out of the way of every position while contacts change places
RELATION = "carer"


@dataclass(frozen=True)
class Typed:
    """An institution as typed; without a channel its desk is reached by phone alone."""

    name: str
    phone: str
    desk_first: bool = True
    channel_id: int | None = None
    destination: str = ""


@dataclass(frozen=True)
class Institution:
    id: int
    uid: str
    station: int
    name: str
    phone: str  # E.164, of the desk that is staffed day and night
    desk_first: bool  # before the family
    channel_id: int | None
    destination: str
    people: int


def add(
    db: StationDatabase, vault: Vault, typed: Typed, *, station: int, area_code: str, by: int, now: datetime
) -> int:
    """Enter an institution. Raises InvalidForm, Conflict when its name is taken."""
    checked, uid = _checked(db, typed, station, area_code), uuid.uuid4().hex
    vault.create([f"station/{station}"], now)
    try:
        with transaction(db):
            new = db.insert(
                "institution",
                uid=uid,
                station=station,
                created_at=clock.text(now),
                **_columns(vault, station, uid, checked),
            )
            _note(db, vault, "institution.add", new, by, now)
    except IntegrityError as error:
        raise Conflict("An institution of this name is entered already.") from error
    return new


def change(
    db: StationDatabase,
    vault: Vault,
    institution_id: int,
    typed: Typed,
    *,
    area_code: str,
    by: int,
    now: datetime,
) -> None:
    """Change its name, desk or order; the contacts of all who live there follow at once."""
    known = get(db, vault, institution_id)
    checked = _checked(db, typed, known.station, area_code)
    columns = _columns(vault, known.station, known.uid, checked)
    with transaction(db):
        db.write(
            "UPDATE institution SET name = ?, desk = ?, desk_first = ?, channel_id = ? WHERE id = ?",
            *(columns[name] for name in ("name", "desk", "desk_first", "channel_id")),
            institution_id,
        )
        for elder_id in people(db, institution_id):
            _take_desk_away(db, elder_id)
            _give_desk(db, vault, elder_id, checked)
        _note(db, vault, "institution.change", institution_id, by, now)


def admit(
    db: StationDatabase,
    vault: Vault,
    institution_id: int,
    elder_ids: Iterable[int],
    *,
    by: int,
    now: datetime,
) -> int:
    """These elders of the station live there from now on; the desk becomes a contact of each. How many are new."""
    home = get(db, vault, institution_id)
    with transaction(db):
        return sum(move_in(db, vault, home, one, by=by, now=now) for one in dict.fromkeys(elder_ids))


def move_in(
    db: StationDatabase, vault: Vault, home: Institution, elder_id: int, *, by: int | None, now: datetime
) -> bool:
    """One elder lives there from now on; inside the caller's transaction. Whether that is new. Raises NotFound."""
    if db.scalar("SELECT station FROM elder WHERE id = ?", elder_id) != home.station:
        raise NotFound("There is no such elder in the register.")
    if db.scalar("SELECT institution_id FROM institution_elder WHERE elder_id = ?", elder_id) == home.id:
        return False
    _leave(db, elder_id)
    db.insert("institution_elder", elder_id=elder_id, institution_id=home.id, since=clock.text(now))
    typed = Typed(home.name, home.phone, home.desk_first, home.channel_id, home.destination)
    _give_desk(db, vault, elder_id, typed)
    about = f"elder/{elder_id}"
    audit.record(db, vault.ring, staff_id=by, action="institution.admit", about=about, now=now)
    return True


def leave(db: StationDatabase, vault: Vault, elder_id: int, *, by: int, now: datetime) -> None:
    """The elder lives there no longer; its desk is no contact any more."""
    with transaction(db):
        _leave(db, elder_id)
        audit.record(
            db, vault.ring, staff_id=by, action="institution.leave", about=f"elder/{elder_id}", now=now
        )


def get(db: StationDatabase, vault: Vault, institution_id: int) -> Institution:
    row = db.row("SELECT * FROM institution WHERE id = ?", institution_id)
    if row is None:
        raise NotFound("There is no such institution.")
    return _institution(db, vault, row)


def of_station(db: StationDatabase, vault: Vault, station: int) -> list[Institution]:
    rows = db.rows("SELECT * FROM institution WHERE station = ? ORDER BY name", station)
    return [_institution(db, vault, row) for row in rows]


def names_of(db: StationDatabase, station: int) -> list[str]:
    """What the station's institutions are called."""
    return [
        row["name"]
        for row in db.rows("SELECT name FROM institution WHERE station = ? ORDER BY name", station)
    ]


def of_elder(db: StationDatabase, elder_id: int) -> tuple[int, str] | None:
    """Id and name of the institution in which the elder lives."""
    row = db.row(
        "SELECT institution.id, name FROM institution JOIN institution_elder ON institution_id = institution.id "
        "WHERE elder_id = ?",
        elder_id,
    )
    return (row["id"], row["name"]) if row else None


def people(db: StationDatabase, institution_id: int) -> list[int]:
    """Everybody whose contact its desk is: who lives there, and who died or moved until the record is erased."""
    rows = db.rows(
        "SELECT elder_id FROM institution_elder WHERE institution_id = ? ORDER BY elder_id", institution_id
    )
    return [row["elder_id"] for row in rows]


def residents(db: StationDatabase, institution_id: int) -> list[int]:
    """Who lives there."""
    rows = db.rows(
        "SELECT elder_id FROM institution_elder JOIN elder ON elder.id = elder_id "
        "WHERE institution_id = ? AND status = 'living' ORDER BY elder_id",
        institution_id,
    )
    return [row["elder_id"] for row in rows]


def without_badge(db: StationDatabase, institution_id: int) -> list[int]:
    """Who lives there and neither wears a badge nor waits for one; who does not want one is left in peace."""
    rows = db.rows(
        "SELECT elder_id FROM institution_elder AS one JOIN elder ON elder.id = elder_id "
        "WHERE institution_id = ? AND elder.status = 'living' "
        "AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.elder_id = one.elder_id AND withdrawn_at IS NULL) "
        "AND NOT EXISTS (SELECT 1 FROM badge WHERE badge.elder_id = one.elder_id "
        "AND state IN ('ordered', 'made', 'printed', 'worn')) ORDER BY elder_id",
        institution_id,
    )
    return [row["elder_id"] for row in rows]


def of_import(db: StationDatabase, import_id: int) -> list[int]:
    """The elders whom a list has brought or named, for taking a whole house in at once."""
    rows = db.rows(
        "SELECT elder_id FROM elder_import_row WHERE import_id = ? AND elder_id IS NOT NULL ORDER BY row",
        import_id,
    )
    return [row["elder_id"] for row in rows]


def _give_desk(db: StationDatabase, vault: Vault, elder_id: int, typed: Typed) -> None:
    elder_uid, uid = elders.uid_of(db, elder_id), uuid.uuid4().hex
    person = asdict(CheckedContact(typed.name, typed.phone, RELATION))
    last = int(db.scalar("SELECT coalesce(max(position), 0) FROM contact WHERE elder_id = ?", elder_id))
    if typed.desk_first:
        db.write("UPDATE contact SET position = position + ? WHERE elder_id = ?", AFTER_ALL, elder_id)
        db.write("UPDATE contact SET position = position - ? WHERE elder_id = ?", AFTER_ALL - 1, elder_id)
    contact_id = db.insert(
        "contact",
        uid=uid,
        elder_id=elder_id,
        position=1 if typed.desk_first else last + 1,
        person=vault.seal(f"elder/{elder_uid}", f"contact|{uid}|person", person),
        phone_index=vault.blind("phone", typed.phone),
    )
    if typed.channel_id:
        addresses.add(
            db, vault, channel_id=typed.channel_id, destination=typed.destination, contact_id=contact_id
        )
    db.write("UPDATE institution_elder SET contact_id = ? WHERE elder_id = ?", contact_id, elder_id)


def _take_desk_away(db: StationDatabase, elder_id: int) -> None:
    contact_id = db.scalar("SELECT contact_id FROM institution_elder WHERE elder_id = ?", elder_id)
    if contact_id is None:
        return
    place = db.scalar("SELECT position FROM contact WHERE id = ?", contact_id)
    db.write("DELETE FROM contact WHERE id = ?", contact_id)
    later = db.rows(
        "SELECT id FROM contact WHERE elder_id = ? AND position > ? ORDER BY position", elder_id, place
    )
    for row in later:
        db.write("UPDATE contact SET position = position - 1 WHERE id = ?", row["id"])


def _leave(db: StationDatabase, elder_id: int) -> None:
    _take_desk_away(db, elder_id)
    db.write("DELETE FROM institution_elder WHERE elder_id = ?", elder_id)


def _checked(db: StationDatabase, typed: Typed, station: int, area_code: str) -> Typed:
    errors, name, phone = [], typed.name, typed.phone
    try:
        name = names.validate(typed.name)
    except names.PersonNameError as error:
        errors.append(Invalid("name", str(error)))
    try:
        phone = phones.parse(typed.phone, area_code=area_code).e164
    except ValueError as error:
        errors.append(Invalid("phone", str(error)))
    destination = typed.destination.strip() if typed.channel_id else ""
    if typed.channel_id and not destination:
        errors.append(Invalid("destination", "Write the address at which this channel reaches the desk."))
    if (
        typed.channel_id
        and db.scalar("SELECT station FROM channel WHERE id = ?", typed.channel_id) != station
    ):
        errors.append(Invalid("channel_id", "Choose one of the listed channels."))
    if errors:
        raise InvalidForm(errors)
    return Typed(name, phone, typed.desk_first, typed.channel_id, destination)


def _columns(vault: Vault, station: int, uid: str, typed: Typed) -> dict[str, Any]:
    desk = {"phone": typed.phone, "destination": typed.destination}
    return {
        "name": typed.name,
        "desk": vault.seal(f"station/{station}", f"institution|{uid}|desk", desk),
        "desk_first": int(typed.desk_first),
        "channel_id": typed.channel_id,
    }


def _institution(db: StationDatabase, vault: Vault, row: dict[str, Any]) -> Institution:
    desk = vault.open(f"station/{row['station']}", f"institution|{row['uid']}|desk", row["desk"])
    living = len(residents(db, row["id"]))
    return Institution(
        row["id"], row["uid"], row["station"], row["name"], desk["phone"], bool(row["desk_first"]),
        row["channel_id"], desk["destination"], int(living),
    )  # fmt: skip


def _note(
    db: StationDatabase, vault: Vault, action: str, institution_id: int, by: int, now: datetime
) -> None:
    about = f"institution/{institution_id}"
    audit.record(db, vault.ring, staff_id=by, action=action, about=about, now=now)
