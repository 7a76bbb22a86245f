"""The names of a station's elders, opened once and kept in memory: only what changed since is read again."""

import json
import threading
from collections.abc import Iterable

from station import names, seal
from station.db import StationDatabase
from station.vault import Vault

MOST_KEPT = 200_000  # rows of all stations together in one process; about 70 MB

# Elder, community, status, name.
Row = tuple[int, int, str, names.Searchable]


class _Roll:
    """One station's rows. They are in memory alone, like the keys that open them.

    `elder_change` counts every change of a name, a community or a status; a trigger writes it, so that no clock and no
    forgetful statement can hide one. When somebody is erased, or another file takes the place of this one, all is
    forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, Row] = {}
        self._seen = 0
        self._true_for: object = None

    def rows(self, db: StationDatabase, vault: Vault, station: int) -> list[Row]:
        with self._lock:
            true_for = (db.inode, vault.erasures())
            if true_for != self._true_for:
                self._rows, self._seen, self._true_for = {}, 0, true_for
            changed = db.conn.execute(
                "SELECT elder.id, community_id, status, name, uid, station, elder_change.id FROM elder_change "
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
        for row in opened(vault, (row[:5] for row in here)):
            self._rows[row[0]] = row
        self._seen = changed[-1][6]


_rolls: dict[tuple[str, int], _Roll] = {}


def of_station(db: StationDatabase, vault: Vault, station: int) -> list[Row]:
    """Everybody whom the station has registered, in no order. Who was erased has no name, and no row."""
    return _rolls.setdefault((str(db.path), station), _Roll()).rows(db, vault, station)


def opened(vault: Vault, rows: Iterable[tuple[int, int, str, bytes, str]]) -> list[Row]:
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
