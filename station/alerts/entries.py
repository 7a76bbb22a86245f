"""Codes for the family's own pages, by message: only to ways that are one person's own, never to a group or a call."""

from datetime import datetime, timedelta
from typing import Any

from station import clock, communities
from station.alerts import people, planned
from station.alerts.people import Person
from station.care import visits
from station.channels.registry import KINDS
from station.db import StationDatabase
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
    rows: list[dict[str, Any]] = []
    for code in codes:
        person, key = Person("contact", code["contact_id"]), f"entry|{code['id']}"
        about = f"entry/{code['id']}"
        found = planned.of_person(db, "entry", key, person, incident_id=None, about=about, now=now)
        rows += [row for row in found if _is_own(db, row["address_id"])]
    return planned.insert(db, rows)


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
