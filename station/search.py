"""Finding an elder by name, pinyin, phone, badge number or living place, although all of it is sealed."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from operator import itemgetter

from station import damm, elders, heard, names, phones, roll
from station.db import StationDatabase
from station.enrolment import Enrolment
from station.vault import Vault


@dataclass(frozen=True)
class Found:
    elder_id: int
    name: str
    community_id: int
    status: str
    badges: tuple[str, ...] = ()  # numbers like the one that was asked for, when nothing fits exactly


MOST = 50
SHORTEST_PLACE = 2  # letters of a living place; a single one stands in every address


def find(db: StationDatabase, vault: Vault, query: str, *, station: int, area_code: str) -> list[Found]:
    """Elders of a station that match a name, pinyin initials, a contact's phone or a badge number, else a living place
    or a badge number that was half read or misread.

    Names are decrypted in the user's scope: no index of names exists on the disk to be stolen.
    """
    query = query.strip()
    if not query:
        return []
    exact = _by_number(db, vault, query, area_code)
    wanted = names.Query(query)
    rows = roll.of_station(db, vault, station)
    found = [row for row in rows if row[0] in exact or wanted.matches(row[3])]
    if not found and _may_be_a_place(query):
        there = roll.living_at(db, vault, station, query)
        found = [row for row in rows if row[0] in there]
    if found:
        return [_found(row) for row in sorted(found, key=itemgetter(0))[:MOST]]
    return _by_like_number(db, vault, query, station)


def _by_like_number(db: StationDatabase, vault: Vault, query: str, station: int) -> list[Found]:
    meant: dict[int, list[str]] = {}
    for number, elder_id in heard.like(db, query, station=station):
        if elder_id is not None:
            meant.setdefault(elder_id, []).append(number)
    known = {one.elder_id: one for one in people(db, vault, meant, station=station)}
    return [replace(known[one], badges=tuple(numbers)) for one, numbers in meant.items() if one in known]


def _may_be_a_place(query: str) -> bool:
    """Whether it is worth opening addresses for; a phone number or pinyin is not."""
    return len(roll.folded(query)) >= SHORTEST_PLACE and any(
        "\u3400" <= letter <= "\u9fff" for letter in query
    )


def unowned(db: StationDatabase, query: str, *, station: int) -> str:
    """The number of a blank badge that was typed as a whole; empty when it is none of the station's."""
    row = db.row("SELECT station, elder_id, number FROM badge WHERE number = ?", badge_digits(query))
    return str(row["number"]) if row and row["elder_id"] is None and row["station"] == station else ""


def newest(db: StationDatabase, vault: Vault, *, station: int, count: int = 20) -> list[Found]:
    """The elders entered last."""
    rows = db.conn.execute(
        "SELECT id, community_id, status, name, uid FROM elder WHERE station = ? ORDER BY id DESC LIMIT ?",
        (station, count),
    )
    return [_found(row) for row in roll.opened(vault, rows)]


def people(db: StationDatabase, vault: Vault, elder_ids: Collection[int], *, station: int) -> list[Found]:
    """Those of the given elders who belong to the station."""
    wanted = json.dumps(sorted(elder_ids))
    rows = db.conn.execute(
        "SELECT id, community_id, status, name, uid FROM elder "
        "WHERE station = ? AND id IN (SELECT value FROM json_each(?))",
        (station, wanted),
    )
    return [_found(row) for row in roll.opened(vault, rows)]


def look_alikes(db: StationDatabase, vault: Vault, enrolment: Enrolment, *, station: int) -> list[Found]:
    """Elders of the station who may already be this one: same identity number, same name, or a shared phone."""
    same = set(elders.look_alikes(db, vault, enrolment))
    rows = roll.of_station(db, vault, station)
    found = [row for row in rows if row[0] in same or row[3].name == enrolment.name]
    return [_found(row) for row in sorted(found, key=itemgetter(0))[:MOST]]


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


def _found(row: roll.Row) -> Found:
    elder_id, community_id, status, one = row
    return Found(elder_id, one.name, community_id, status)
