"""The rows of alerts: one for each address of a person, inserted once however often they are called for."""

import json
from datetime import datetime
from itertools import groupby
from typing import Any

from station import clock, seal
from station.alerts import people
from station.alerts.people import Person
from station.db import StationDatabase, transaction
from station.incidents import codes, links
from station.vault import Vault


def tell(db: StationDatabase, kind: str, key: str, person: Person, *, about: str, now: datetime) -> int:
    """One message to one person that belongs to no incident; `key` makes it unique. Returns how many are new."""
    return insert(db, of_person(db, kind, key, person, incident_id=None, about=about, now=now))


def unknown(db: StationDatabase, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what is planned already, so that the usual tick writes nothing at all."""
    if not rows:
        return []
    known = db.rows(
        "SELECT dedup FROM alert WHERE dedup IN (SELECT value FROM json_each(?))",
        json.dumps([row["dedup"] for row in rows]),
    )
    already = {row["dedup"] for row in known}
    return [row for row in rows if row["dedup"] not in already]


def of_person(
    db: StationDatabase,
    kind: str,
    key: str,
    person: Person,
    *,
    incident_id: int | None,
    now: datetime,
    **more: Any,
) -> list[dict[str, Any]]:
    """One row for each address of the person; the message id is the same on all of them and over retries."""
    at = clock.text(now)
    return [
        {
            "uid": seal.token_hash(key).hex()[:32],
            "dedup": f"{key}|{address_id}",
            "incident_id": incident_id,
            "kind": kind,
            "address_id": address_id,
            "staff_id": person.staff_id,
            "contact_id": person.contact_id,
            "due_at": at,
            "created_at": at,
            **more,
        }
        for address_id in people.address_ids(db, person)
    ]


def insert(db: StationDatabase, rows: list[dict[str, Any]]) -> int:
    """Insert what belongs to no incident."""
    rows = unknown(db, rows)
    if not rows:
        return 0
    with transaction(db):
        return len(_inserted(db, rows))


def insert_of_incidents(db: StationDatabase, vault: Vault, rows: list[dict[str, Any]]) -> int:
    """Insert alerts of incidents, with the links and codes that their messages hold; returns how many are new."""
    if not rows:
        return 0
    at = clock.parse(rows[0]["created_at"])
    with transaction(db):
        new = _inserted(db, rows)
        officers = {(row["incident_id"], row["staff_id"]) for row in new if row["staff_id"] is not None}
        codes.make(db, vault, officers, at)
        holders = dict.fromkeys((row["incident_id"], row["staff_id"], row["contact_id"]) for row in new)
        links.make_all(db, vault, holders, at)
    return len(new)


def _inserted(db: StationDatabase, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that were not there yet; inside the caller's transaction."""
    made: set[str] = set()
    for _, alike in groupby(rows, key=list):
        made |= {row["dedup"] for row in db.insert_new("alert", list(alike), "dedup")}
    return [row for row in rows if row["dedup"] in made]
