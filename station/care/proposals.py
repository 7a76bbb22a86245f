"""What a contact wants changed: harmless things at once, whatever leads helpers to the elder after a worker's look."""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from station import addresses, audit, clock, communities, elders, phones, vocabulary
from station.care.visits import Visitor
from station.db import StationDatabase, transaction
from station.elders import Elder
from station.enrolment import LONGEST_ADDRESS, LONGEST_TEXT, CheckedContact, Enrolment
from station.errors import Conflict, Invalid, NotFound
from station.vault import Vault
from station.vocabulary import N_

FIELDS = {
    "phone": N_("The phone number"),
    "address": N_("Where the elder lives"),
    "health_notes": N_("Health notes"),
    "history": N_("History and habits"),
    "other": N_("Something else"),
    "leave": N_("The family asks to end the service and erase the record"),
}


@dataclass(frozen=True)
class Proposal:
    """One wish of a contact about a record, open until a worker has looked at it."""

    id: int
    elder_id: int
    contact_id: int | None  # None when the contact was taken off the record since
    field: str  # a key of FIELDS
    value: Any  # text; codes of health notes
    state: str  # open, accepted, refused, withdrawn
    made_at: datetime
    decided_at: datetime | None


def propose(
    db: StationDatabase, vault: Vault, visitor: Visitor, field: str, typed: Any, *, now: datetime
) -> None:
    """Keep a wish until a worker decides; an earlier one of the same kind by the same contact gives way to it.

    Raises Invalid for a value that could not be a right one.
    """
    uid = uuid.uuid4().hex
    value = _checked(db, visitor, field, typed)
    elder = elders.uid_of(db, visitor.elder_id)
    content = vault.seal(f"elder/{elder}", f"family_proposal|{uid}|content", {"value": value})
    with transaction(db):
        db.write(
            "UPDATE family_proposal SET state = 'withdrawn', decided_at = ? "
            "WHERE elder_id = ? AND contact_id = ? AND field = ? AND state = 'open'",
            clock.text(now),
            visitor.elder_id,
            visitor.contact_id,
            field,
        )
        values = {"uid": uid, "elder_id": visitor.elder_id, "contact_id": visitor.contact_id, "field": field}
        db.insert("family_proposal", **values, content=content, made_at=clock.text(now))
        _note(db, vault, "family.propose", visitor.elder_id, field, by=None, now=now)


def get(db: StationDatabase, vault: Vault, proposal_id: int) -> Proposal:
    row = db.row("SELECT * FROM family_proposal WHERE id = ?", proposal_id)
    if row is None:
        raise NotFound("There is no such wish of the family.")
    return _proposal(db, vault, row)


def of_elder(db: StationDatabase, vault: Vault, elder_id: int) -> list[Proposal]:
    """All wishes about a record, newest first."""
    rows = db.rows("SELECT * FROM family_proposal WHERE elder_id = ? ORDER BY id DESC LIMIT 50", elder_id)
    return [_proposal(db, vault, row) for row in rows]


def waiting(db: StationDatabase, station: int) -> list[dict[str, Any]]:
    """The open wishes of a station's families without their contents: elder_id, field, made_at; oldest first."""
    rows = db.rows(
        "SELECT elder_id, field, made_at FROM family_proposal JOIN elder ON elder.id = elder_id "
        "WHERE station = ? AND state = 'open' ORDER BY family_proposal.id",
        station,
    )
    return [{**row, "made_at": clock.parse(row["made_at"])} for row in rows]


def accept(db: StationDatabase, vault: Vault, proposal_id: int, *, by: int, now: datetime) -> None:
    """It is so: the record follows. Raises Conflict when it was decided already or the record has changed."""
    proposal = get(db, vault, proposal_id)
    if proposal.state != "open":
        raise Conflict("This was decided already. Load the page again.")
    if proposal.field == "phone":
        _change_phone(db, vault, proposal, by=by, now=now)
    elif proposal.field in ("address", "health_notes", "history"):
        elder = elders.get(db, vault, proposal.elder_id)
        changed = replace(as_enrolment(elder), **{proposal.field: _kept(db, elder, proposal)})
        elders.edit(db, vault, elder.id, changed, version=elder.version, by=by, now=now)
    _decide(db, vault, proposal, "accepted", by=by, now=now)


def refuse(db: StationDatabase, vault: Vault, proposal_id: int, *, by: int, now: datetime) -> None:
    """The record stays as it is."""
    _decide(db, vault, get(db, vault, proposal_id), "refused", by=by, now=now)


def change_relation(
    db: StationDatabase, vault: Vault, visitor: Visitor, relation: str, *, now: datetime
) -> None:
    """What a contact is to the elder: harmless, so it counts at once. Raises Invalid."""
    if relation not in vocabulary.RELATIONS:
        raise Invalid("relation", "Choose what you are to the elder.")
    with transaction(db):
        _reseal(db, vault, visitor.elder_id, visitor.contact_id, relation=relation)
        _note(db, vault, "family.relation", visitor.elder_id, "", by=None, now=now)


def withdraw_consent(
    db: StationDatabase, vault: Vault, visitor: Visitor, item: str, *, now: datetime
) -> None:
    """Take back one consent; it counts at once, and what was kept by it alone is deleted.

    The consent to the record itself is asked back from the station (`propose` with "leave"): with it the badge
    would lose what brings the elder home, and a contact is not the elder. Raises Invalid for an item that does not stand.
    """
    elder = elders.get(db, vault, visitor.elder_id)
    if item == "record" or item not in elder.consents:
        raise Invalid("item", "This consent does not stand any more. Load the page again.")
    gone = {item, "finder_photo"} if item == "photo" else {item}
    left = tuple(code for code in elder.consents if code not in gone)
    changed = replace(as_enrolment(elder), consents=left)
    elders.edit(db, vault, elder.id, changed, version=elder.version, by=None, means="online", now=now)
    with transaction(db):
        if item == "photo":
            db.write("DELETE FROM elder_photo WHERE elder_id = ?", elder.id)
        _note(db, vault, "family.withdraw", elder.id, item, by=None, now=now)


def as_enrolment(elder: Elder) -> Enrolment:
    """The checked form that a record would have come from; the identity number is not kept."""
    return replace(elders.enrolment_of(elder), given_by="relative")


def _checked(db: StationDatabase, visitor: Visitor, field: str, typed: Any) -> Any:
    """The value in the form in which it would be kept. Raises Invalid."""
    if field not in FIELDS:
        raise Invalid("field", "Choose what is to be changed.")
    if field == "leave":
        return ""
    if field == "health_notes":
        return [code for code in vocabulary.HEALTH_NOTES if code in typed]
    if field == "phone":
        try:
            return phones.parse(typed, area_code=communities.station(db, visitor.station).area_code).e164
        except ValueError as error:
            raise Invalid("phone", str(error)) from None
    text = "".join(c for c in typed if c.isprintable() or c == "\n").strip()
    longest = LONGEST_ADDRESS if field == "address" else LONGEST_TEXT
    if not text:
        raise Invalid(field, "Write what is to be changed.")
    if len(text) > longest:
        raise Invalid(field, "This is too long: at most %(count)s characters.", count=longest)
    return text


def _kept(db: StationDatabase, elder: Elder, proposal: Proposal) -> Any:
    if proposal.field == "health_notes":
        return tuple(proposal.value)
    prefix = communities.station(db, elder.station).address_prefix if proposal.field == "address" else ""
    return proposal.value if proposal.value.startswith(prefix) else prefix + proposal.value


def _change_phone(db: StationDatabase, vault: Vault, proposal: Proposal, *, by: int, now: datetime) -> None:
    """The contact keeps its row, and with it its ways; those that lead to the old number lead to the new one."""
    new, index = proposal.value, vault.blind("phone", proposal.value)
    if proposal.contact_id is None:
        raise Conflict("This contact is not there any more. Load the page again.")
    other = db.scalar(
        "SELECT 1 FROM contact WHERE elder_id = ? AND phone_index = ? AND id <> ?",
        proposal.elder_id,
        index,
        proposal.contact_id,
    )
    if other is not None:
        raise Conflict("Another contact of this elder has this number already.")
    ways = [
        way
        for way in addresses.ways_of_elder(db, vault, proposal.elder_id)
        if way.contact_id == proposal.contact_id
    ]
    with transaction(db):
        old = _reseal(db, vault, proposal.elder_id, proposal.contact_id, phone=new)
        db.write("UPDATE contact SET phone_index = ? WHERE id = ?", index, proposal.contact_id)
        audit.record(
            db, vault.ring, staff_id=by, action="elder.edit", about=f"elder/{proposal.elder_id}", now=now
        )
    for way in _to_number(ways, old):
        addresses.change_destination(db, vault, way.id, new)


def _to_number(ways: Iterable[addresses.Way], old: str) -> list[addresses.Way]:
    digits = old.removeprefix("+86")
    return [way for way in ways if "".join(c for c in way.destination if c.isdigit()).endswith(digits)]


def _reseal(db: StationDatabase, vault: Vault, elder_id: int, contact_id: int, **changes: str) -> str:
    """Change a contact as it is kept; inside the caller's transaction. Returns the phone that it had."""
    uid = db.scalar("SELECT uid FROM contact WHERE id = ? AND elder_id = ?", contact_id, elder_id)
    subject, place = f"elder/{elders.uid_of(db, elder_id)}", f"contact|{uid}|person"
    known = next(one for one in elders.contacts(db, vault, elder_id) if one.id == contact_id)
    person = CheckedContact(known.name, known.phone, known.relation)
    sealed = vault.seal(subject, place, asdict(replace(person, **changes)))
    db.write("UPDATE contact SET person = ? WHERE id = ?", sealed, contact_id)
    db.write("UPDATE elder SET version = version + 1 WHERE id = ?", elder_id)
    return known.phone


def _decide(
    db: StationDatabase, vault: Vault, proposal: Proposal, state: str, *, by: int, now: datetime
) -> None:
    with transaction(db):
        changed = db.write(
            "UPDATE family_proposal SET state = ?, decided_at = ?, decided_by = ? WHERE id = ? AND state = 'open'",
            state,
            clock.text(now),
            by,
            proposal.id,
        )
        if not changed:
            raise Conflict("This was decided already. Load the page again.")
        _note(db, vault, f"family.{state}", proposal.elder_id, proposal.field, by=by, now=now)


def _note(
    db: StationDatabase,
    vault: Vault,
    action: str,
    elder_id: int,
    detail: str,
    *,
    by: int | None,
    now: datetime,
) -> None:
    audit.record(
        db, vault.ring, staff_id=by, action=action, about=f"elder/{elder_id}", detail=detail, now=now
    )


def _proposal(db: StationDatabase, vault: Vault, row: dict[str, Any]) -> Proposal:
    uid = elders.uid_of(db, row["elder_id"])
    opened = vault.open(f"elder/{uid}", f"family_proposal|{row['uid']}|content", row["content"])
    return Proposal(
        id=row["id"],
        elder_id=row["elder_id"],
        contact_id=row["contact_id"],
        field=row["field"],
        value=opened["value"],
        state=row["state"],
        made_at=clock.parse(row["made_at"]),
        decided_at=clock.parse(row["decided_at"]) if row["decided_at"] else None,
    )
