"""A family's copy of what is kept: the record, the consents, the badges, the incidents, and who looked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock, consents, elders
from station.care import endings, halfyear
from station.care.visits import Visitor
from station.db import StationDatabase
from station.issuing import records
from station.vault import Vault
from station.vocabulary import N_

SHOWN_FOR = timedelta(days=365)
MOST_LOOKS = 200
ONE_LOOK = timedelta(minutes=10)  # the same person and reason within it is one look
ROLES = {"worker", "duty", "secretary", "operator"}

# Why a record was opened or changed, by the action in the audit log. What is not here is no look at the record.
REASONS = {
    "elder.view": N_("opened the record"),
    "elder.check": N_("half-yearly check"),
    "elder.checklist": N_("printed the check list"),
    "elder.photo.view": N_("looked at the photo"),
    "elder.voice.hear": N_("listened to the voice clip"),
    "elder.edit": N_("changed the record"),
    "elder.mark": N_("marked that life has changed"),
    "elder.move.offered": N_("offered the record to another station"),
    "elder.move.accepted": N_("took the record over"),
    "elder.export": N_("exported the list of elders"),
    "family.admit": N_("gave a contact an entry to these pages"),
    "family.shut_out": N_("ended a contact’s entry to these pages"),
    "family.enter": N_("a contact entered these pages"),
    "family.copy": N_("a contact took a copy"),
}
IN_NEED = N_("an incident: the elder was to be brought home")


@dataclass(frozen=True)
class Look:
    """Somebody looked: the role, not the name."""

    at: datetime
    role: str  # a key of vocabulary.ROLES; empty for the family itself
    reason: str  # an English msgid


def who_looked(db: StationDatabase, elder_id: int, now: datetime) -> list[Look]:
    """The looks of the last year at a record, newest first. Whoever looked is named by role alone."""
    rows = db.rows(
        "SELECT at, staff_id, role, action FROM audit WHERE object = ? AND at > ? ORDER BY seq DESC LIMIT ?",
        f"elder/{elder_id}",
        clock.text(now - SHOWN_FOR),
        MOST_LOOKS * 3,
    )
    looks, last = list[Look](), dict[tuple[Any, str], datetime]()
    for row in rows:
        key, at = (row["staff_id"], row["action"]), clock.parse(row["at"])
        known = last.get(key)
        if row["action"] in REASONS and (known is None or known - at > ONE_LOOK):
            looks.append(Look(at, row["role"] if row["role"] in ROLES else "", _reason(row)))
            last[key] = at
    return looks[:MOST_LOOKS]


def whole(db: StationDatabase, vault: Vault, visitor: Visitor, now: datetime) -> dict[str, Any]:
    """Everything about the elder that this contact may have, as JSON values; times are ISO 8601 in UTC.

    Of the other contacts it holds what they are to the elder, and neither name nor number: those are theirs.
    """
    elder = elders.get(db, vault, visitor.elder_id)
    ending = endings.of_elder(db, elder.id)
    return {
        "made_at": clock.text(now),
        "record": {
            "name": elder.name,
            "status": elder.status,
            "birth_date": elder.birth_date,
            "sex": elder.sex,
            "identity_number_ends_in": elder.id_last_four,
            "address": elder.address,
            "health_notes": list(elder.health_notes),
            "history": elder.history,
            "call_name": elder.call_name,
            "hints": list(elder.hints),
            "has_photo": elder.has_photo,
            "entered_at": clock.text(elder.created_at),
            "last_confirmed_at": clock.text(halfyear.last_confirmed(db, elder.id)),
            "erased_at": clock.text(ending.erase_at) if ending else None,
        },
        "contacts": [_contact(one, visitor) for one in elder.contacts],
        "consents": [
            {name: row[name] for name in ("item", "given", "given_by", "means", "text_version", "at")}
            for row in consents.ledger(db, elder.id)
        ],
        "badges": [
            {"number": records.shown_number(one.number), "form": one.form, "state": one.state, "ordered_at": clock.text(one.ordered_at)}
            for one in records.of_elder(db, elder.id)
        ],
        "incidents": incidents(db, elder.id),
        "who_looked": [
            {"at": clock.text(look.at), "role": look.role or "family", "reason": look.reason}
            for look in who_looked(db, elder.id, now)
        ],
    }  # fmt: skip


def incidents(db: StationDatabase, elder_id: int) -> list[dict[str, Any]]:
    """When the elder was out and how it ended: no place, no finder, no member of the staff."""
    return db.rows(
        "SELECT opened_at, closed_at, outcome FROM incident WHERE elder_id = ? AND kind = 'live' ORDER BY id",
        elder_id,
    )


def _contact(one: elders.Contact, visitor: Visitor) -> dict[str, Any]:
    if one.id == visitor.contact_id:
        return {
            "position": one.position,
            "relation": one.relation,
            "name": one.name,
            "phone": one.phone,
            "you": True,
        }
    return {"position": one.position, "relation": one.relation, "you": False}


def _reason(row: dict[str, Any]) -> str:
    if row["action"] == "elder.view" and row["role"] == "duty":
        return IN_NEED
    return REASONS[row["action"]]
