"""Names and living places of a station's elders, opened once and kept in memory: only what changed since is read again."""

import json
import threading
import unicodedata
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from station import names, seal
from station.db import StationDatabase
from station.vault import Vault

MOST_KEPT = 200_000  # rows of all stations together in one process; about 70 MB

# Elder, community, status, name.
Row = tuple[int, int, str, names.Searchable]
Sealed = tuple[int, int, str, bytes, str]  # elder, community, status, what is sealed, uid
T = TypeVar("T")


class _Roll(Generic[T]):
    """One station's rows, each with what `open_rows` finds in a sealed column. They are in memory alone, like the keys that open them.

    `elder_change` counts every change of a name, a community or a status; a trigger writes it, so that no clock and no
    forgetful statement can hide one. When somebody is erased, or another file takes the place of this one, all is
    forgotten.
    """

    def __init__(
        self, column: str, open_rows: Callable[[Vault, Iterable[Sealed]], list[tuple[int, int, str, T]]]
    ) -> None:
        self._column = column
        self._open = open_rows
        self._lock = threading.Lock()
        self._rows: dict[int, tuple[int, int, str, T]] = {}
        self._seen = 0
        self._true_for: object = None

    def rows(self, db: StationDatabase, vault: Vault, station: int) -> list[tuple[int, int, str, T]]:
        with self._lock:
            true_for = (db.inode, vault.erasures())
            if true_for != self._true_for:
                self._rows, self._seen, self._true_for = {}, 0, true_for
            changed = db.conn.execute(
                f"SELECT elder.id, community_id, status, {self._column}, uid, station, elder_change.id FROM elder_change "  # noqa: S608
                "JOIN elder ON elder.id = elder_change.elder_id WHERE elder_change.id > ? ORDER BY elder_change.id",
                (self._seen,),
            ).fetchall()
            if changed:
                self._take(vault, changed, station)
            found = list(self._rows.values())
            if len(found) > MOST_KEPT:
                self._rows, self._seen = {}, 0
            return found

    def _take(
        self, vault: Vault, changed: list[tuple[int, int, str, bytes, str, int, int]], station: int
    ) -> None:
        here = [row for row in changed if row[5] == station]
        for elder_id, *_ in changed:
            self._rows.pop(elder_id, None)
        for row in self._open(vault, [row[:5] for row in here]):
            self._rows[row[0]] = row
        self._seen = changed[-1][6]


_names: dict[tuple[str, int], _Roll[names.Searchable]] = {}
_places: dict[tuple[str, int], _Roll[str]] = {}


def of_station(db: StationDatabase, vault: Vault, station: int) -> list[Row]:
    """Everybody whom the station has registered, in no order. Who was erased has no name, and no row."""
    return _names.setdefault((str(db.path), station), _Roll("name", opened)).rows(db, vault, station)


def living_at(db: StationDatabase, vault: Vault, station: int, place: str) -> set[int]:
    """Those in whose address these words stand. The records are opened with the first such question, not before."""
    wanted = folded(place)
    known = _places.setdefault((str(db.path), station), _Roll("record", _addresses))
    return {row[0] for row in known.rows(db, vault, station) if wanted in row[3]}


def folded(place: str) -> str:
    """An address without what people write differently: width, capitals, spaces, dashes."""
    plain = unicodedata.normalize("NFKC", place).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _addresses(vault: Vault, rows: Iterable[Sealed]) -> list[tuple[int, int, str, str]]:
    keys, found = Keys(vault), []
    for elder_id, community_id, status, sealed, uid in rows:
        key = keys.of(uid)
        if key is not None:
            record = vault.open_with(key, f"elder|{uid}|record", sealed)
            found.append((elder_id, community_id, status, folded(record["address"])))
    return found


def opened(vault: Vault, rows: Iterable[Sealed]) -> list[Row]:
    """The rows (elder, community, status, sealed name, uid) with their names opened."""
    keys, found = Keys(vault), []
    for elder_id, community_id, status, sealed, uid in rows:
        key = keys.of(uid)
        if key is not None:
            name = json.loads(seal.unseal(key, sealed, f"elder|{uid}|name"))
            found.append((elder_id, community_id, status, names.Searchable(name["name"], name["keys"])))
    return found


class Keys:
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
