"""Finding an elder by name, pinyin, phone or badge number, although names are sealed."""

import json
import threading
from collections.abc import Collection, Iterable
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
MOST_KNOWN = 200_000


class _Opened:
    """Names that this process has opened already, by their sealed bytes, which no two rows share.

    They are in memory alone, like the keys that open them. When somebody is erased, all are forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[bytes, names.Searchable] = {}
        self._erased: object = None

    def still_true(self, vault: Vault) -> dict[bytes, names.Searchable]:
        erased = vault.erasures()
        with self._lock:
            if erased != self._erased or len(self._known) > MOST_KNOWN:
                self._known, self._erased = {}, erased
            return self._known


_opened = _Opened()


def find(db: StationDatabase, vault: Vault, query: str, *, station: int, area_code: str) -> list[Found]:
    """Elders of a station that match a name, pinyin initials, a contact's phone or a badge number.

    Names are decrypted in the user's scope: no index of names exists on the disk to be stolen.
    """
    query = query.strip()
    if not query:
        return []
    exact = _by_number(db, vault, query, area_code)
    wanted = names.Query(query)
    rows = _everyone(db, vault, station)
    found = [row for row in rows if row[0] in exact or wanted.matches(row[3])]
    return [_found(row) for row in found[:MOST]]


def newest(db: StationDatabase, vault: Vault, *, station: int, count: int = 20) -> list[Found]:
    """The elders entered last."""
    rows = db.conn.execute(
        "SELECT id, community_id, status, name, uid FROM elder WHERE station = ? ORDER BY id DESC LIMIT ?",
        (station, count),
    )
    return [_found(row) for row in _named(vault, rows)]


def people(db: StationDatabase, vault: Vault, elder_ids: Collection[int], *, station: int) -> list[Found]:
    """Those of the given elders who belong to the station."""
    wanted = json.dumps(sorted(elder_ids))
    rows = db.conn.execute(
        "SELECT id, community_id, status, name, uid FROM elder "
        "WHERE station = ? AND id IN (SELECT value FROM json_each(?))",
        (station, wanted),
    )
    return [_found(row) for row in _named(vault, rows)]


def look_alikes(db: StationDatabase, vault: Vault, enrolment: Enrolment, *, station: int) -> list[Found]:
    """Elders of the station who may already be this one: same identity number, same name, or a shared phone."""
    same = set(elders.look_alikes(db, vault, enrolment))
    rows = _everyone(db, vault, station)
    return [_found(row) for row in rows if row[0] in same or row[3].name == enrolment.name][:MOST]


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


Row = tuple[int, int, str, names.Searchable]


def _everyone(db: StationDatabase, vault: Vault, station: int) -> list[Row]:
    rows = db.conn.execute(
        "SELECT id, community_id, status, name, uid FROM elder WHERE station = ?", (station,)
    )
    return _named(vault, rows)


def _named(vault: Vault, rows: Iterable[tuple[int, int, str, bytes, str]]) -> list[Row]:
    """The rows with their names opened. Who was erased has none: that row is an empty shell."""
    known = _opened.still_true(vault)
    keys = _Keys(vault)
    found = []
    for elder_id, community_id, status, sealed, uid in rows:
        one = known.get(sealed)
        if one is None:
            key = keys.of(uid)
            if key is None:
                continue
            name = json.loads(seal.unseal(key, sealed, f"elder|{uid}|name"))
            one = known[sealed] = names.Searchable(name["name"], name["keys"])
        found.append((elder_id, community_id, status, one))
    return found


class _Keys:
    """Keys of elders: the first few one by one, then all at once."""

    FEW = 100

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._asked = 0
        self._all: dict[str, bytes] = {}

    def of(self, uid: str) -> bytes | None:
        """None when the elder was erased."""
        self._asked += 1
        if self._asked <= self.FEW:
            return self._vault.key_of(f"elder/{uid}")
        if not self._all:
            self._all = self._vault.keys_of("elder")
        return self._all.get(f"elder/{uid}")


def _found(row: Row) -> Found:
    elder_id, community_id, status, one = row
    return Found(elder_id, one.name, community_id, status)
