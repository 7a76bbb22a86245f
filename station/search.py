"""Finding an elder by name, pinyin, phone or badge number, although names are sealed."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from station import damm, elders, names, phones, seal
from station.db import StationDatabase
from station.enrolment import Enrolment
from station.vault import Vault


@dataclass(frozen=True)
class Found:
    elder_id: int
    name: str
    community_id: int
    status: str


MOST = 50


def find(db: StationDatabase, vault: Vault, query: str, *, station: int, area_code: str) -> list[Found]:
    """Elders of a station that match a name, pinyin initials, a contact's phone or a badge number.

    Names are decrypted in the user's scope: no index of names exists on the disk to be stolen.
    """
    query = query.strip()
    if not query:
        return []
    people = _everyone(db, vault, station)
    exact = _by_number(db, vault, query, area_code)
    found = [
        person
        for person, keys in people
        if person.elder_id in exact or names.matches(keys, person.name, query)
    ]
    return found[:MOST]


def newest(db: StationDatabase, vault: Vault, *, station: int, count: int = 20) -> list[Found]:
    """The elders entered last."""
    people = [person for person, _ in _everyone(db, vault, station)]
    return sorted(people, key=lambda person: -person.elder_id)[:count]


def people(db: StationDatabase, vault: Vault, elder_ids: Collection[int], *, station: int) -> list[Found]:
    """Those of the given elders who belong to the station."""
    if not elder_ids:
        return []
    return [person for person, _ in _everyone(db, vault, station) if person.elder_id in elder_ids]


def look_alikes(db: StationDatabase, vault: Vault, enrolment: Enrolment, *, station: int) -> list[Found]:
    """Elders of the station who may already be this one: same identity number, same name, or a shared phone."""
    same = set(elders.look_alikes(db, vault, enrolment))
    everyone = [person for person, _ in _everyone(db, vault, station)]
    return [person for person in everyone if person.elder_id in same or person.name == enrolment.name][:MOST]


def _by_number(db: StationDatabase, vault: Vault, query: str, area_code: str) -> set[int]:
    rows = db.rows("SELECT elder_id FROM badge WHERE number = ?", badge_digits(query))
    try:
        index = vault.blind("phone", phones.parse(query, area_code=area_code).e164)
    except ValueError:
        return {row["elder_id"] for row in rows}
    rows += db.rows("SELECT elder_id FROM contact WHERE phone_index = ?", index)
    return {row["elder_id"] for row in rows}


def badge_digits(text: str) -> str:
    """The digits of a badge number however it is written (full-width, with spaces or dashes)."""
    digits = "".join(str(int(c)) for c in text if c.isdecimal())
    return digits if damm.is_valid(digits) else ""


def _everyone(db: StationDatabase, vault: Vault, station: int) -> list[tuple[Found, tuple[str, ...]]]:
    keys = vault.keys_of("elder")
    people = []
    for row in db.conn.execute(
        "SELECT id, uid, community_id, status, name FROM elder WHERE station = ?", (station,)
    ):
        elder_id, uid, community_id, status, sealed = row
        key = keys.get(f"elder/{uid}")
        if key is None:  # erased: the row is an empty shell
            continue
        name = json.loads(seal.unseal(key, sealed, f"elder|{uid}|name"))
        people.append((Found(elder_id, name["name"], community_id, status), tuple(name["keys"])))
    return people
