"""Codes for the family's own pages, by message: only to ways that are one person's own, never to a group or a call."""

from datetime import datetime, timedelta
from typing import Any

from station import clock, communities, seal
from station.alerts import people
from station.alerts.people import Person
from station.care import visits
from station.channels.registry import KINDS
from station.db import StationDatabase, transaction
from station.vault import Vault

OWN = ("mail", "phone", "web")  # what a destination is; a robot speaks to a whole group
WORTH_SENDING = timedelta(minutes=10)


def plan(db: StationDatabase, now: datetime) -> int:
    """Insert the messages that codes call for and that are not there yet; returns how many."""
    codes = db.rows(
        "SELECT id, contact_id FROM family_code WHERE means = 'sent' AND ended_at IS NULL "
        "AND made_at > ? AND made_at <= ?",
        clock.text(now - WORTH_SENDING),
        clock.text(now),
    )
    rows = [_row(code, way, now) for code in codes for way in ways(db, code["contact_id"])]
    rows = [row for row in rows if not _is_known(db, row)]
    if not rows:
        return 0
    with transaction(db):
        new = [row for row in rows if not _is_known(db, row)]
        for row in new:
            db.insert("alert", **row)
    return len(new)


def words(db: StationDatabase, vault: Vault, contact_id: int | None, about: str) -> dict[str, Any]:
    """What the template of the message needs; `about` is the alert's, entry/<number of the code>."""
    station = db.scalar(
        "SELECT station FROM contact JOIN elder ON elder.id = elder_id WHERE contact.id = ?", contact_id
    )
    code = visits.code_of(db, vault.ring, int(about.partition("/")[2]))
    return {"station": communities.station(db, station), "code": code, "shown": None}


def ways(db: StationDatabase, contact_id: int) -> list[int]:
    """The addresses of a contact to which a code may go."""
    return [
        address_id
        for address_id in people.address_ids(db, Person("contact", contact_id))
        if _is_own(db, address_id)
    ]


def _is_own(db: StationDatabase, address_id: int) -> bool:
    kind = db.scalar(
        "SELECT kind FROM address JOIN channel ON channel.id = channel_id WHERE address.id = ?", address_id
    )
    channel = KINDS.get(kind)
    return channel is not None and channel.to in OWN and not channel.rings


def _row(code: dict[str, Any], address_id: int, now: datetime) -> dict[str, Any]:
    key = f"entry|{code['id']}"
    return {
        "uid": seal.token_hash(key).hex()[:32],
        "dedup": f"{key}|{address_id}",
        "kind": "entry",
        "about": f"entry/{code['id']}",
        "address_id": address_id,
        "contact_id": code["contact_id"],
        "due_at": clock.text(now),
        "created_at": clock.text(now),
    }


def _is_known(db: StationDatabase, row: dict[str, Any]) -> bool:
    return db.scalar("SELECT 1 FROM alert WHERE dedup = ?", row["dedup"]) is not None
