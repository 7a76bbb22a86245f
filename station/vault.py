"""The per-person keys in keys.db, and the sealed fields they open. Destroying a key erases its person."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from station import clock, schema, seal
from station.db import StationDatabase, create, transaction
from station.errors import StorageGone
from station.seal import Keyring, Unsealable

# Keys of incidents are made ahead in blocks, so that opening an incident costs no second disk write.
INCIDENT_BLOCK = 256


class Vault:
    """The keyring and one connection to keys.db; like any connection it belongs to one thread."""

    def __init__(self, ring: Keyring, keys: StationDatabase) -> None:
        self.ring = ring
        self.keys = keys

    def close(self) -> None:
        self.keys.close()

    def create(self, subjects: Iterable[str], now: datetime) -> None:
        """Make keys for subjects (such as `elder/<uid>`) that have none. Never brings an erased one back."""
        with transaction(self.keys):
            for subject in subjects:
                self.keys.write(
                    "INSERT OR IGNORE INTO dek (subject, wrapped, created_at) "
                    "SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM erased WHERE subject = ?)",
                    subject,
                    seal.wrap_key(self.ring, seal.new_key(), subject),
                    clock.text(now),
                    subject,
                )

    def create_for_incident(self, incident_id: int, now: datetime) -> None:
        """Make sure that the incident has a key, and with it those that come after."""
        if self.has(f"incident/{incident_id}"):
            return
        self.create((f"incident/{n}" for n in range(incident_id, incident_id + INCIDENT_BLOCK)), now)

    def has(self, subject: str) -> bool:
        return self.keys.scalar("SELECT 1 FROM dek WHERE subject = ?", subject) is not None

    def destroy(self, subject: str, now: datetime) -> None:
        """Erase: the key goes, and a ledger row makes a restored backup forget it again."""
        with transaction(self.keys):
            self.keys.write("DELETE FROM dek WHERE subject = ?", subject)
            self.keys.write(
                "INSERT OR IGNORE INTO erased (subject, erased_at) VALUES (?, ?)", subject, clock.text(now)
            )
        # The write-ahead log still holds the wrapped key until it is cut.
        self.keys.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def seal(self, subject: str, place: str, value: Any) -> bytes:
        """Seal any JSON value (bytes as they are) under the subject's key, bound to its place table|uid|column."""
        plain = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
        return seal.seal(self._key(subject), plain, place)

    def open(self, subject: str, place: str, sealed: bytes) -> Any:
        """The JSON value under `sealed`. Raises Unsealable, also when the person has been erased."""
        return json.loads(self.open_bytes(subject, place, sealed))

    def open_bytes(self, subject: str, place: str, sealed: bytes) -> bytes:
        return seal.unseal(self._key(subject), sealed, place)

    def open_with(self, key: bytes, place: str, sealed: bytes) -> Any:
        """The same with a key of `keys_of`, for counting over many people at once."""
        return json.loads(seal.unseal(key, sealed, place))

    def erasures(self) -> tuple[str, int]:
        """Changes whenever an elder was erased, or another file took the place of this one."""
        return f"{self.keys.path}|{self.keys.inode}", int(
            self.keys.scalar("SELECT count(*) FROM erased WHERE subject >= 'elder/' AND subject < 'elder0'")
        )

    def key_of(self, subject: str) -> bytes | None:
        """The unwrapped key of one subject; None when it was erased or never made."""
        wrapped = self.keys.scalar("SELECT wrapped FROM dek WHERE subject = ?", subject)
        return None if wrapped is None else seal.unwrap_key(self.ring, wrapped, subject)

    def keys_of(self, prefix: str) -> dict[str, bytes]:
        """The unwrapped keys of all subjects `prefix/…`, for a search over many people at once."""
        found = self.keys.conn.execute(
            "SELECT subject, wrapped FROM dek WHERE subject >= ? AND subject < ?",
            (f"{prefix}/", f"{prefix}0"),
        )
        return {subject: seal.unwrap_key(self.ring, wrapped, subject) for subject, wrapped in found}

    def blind(self, label: str, value: str) -> bytes:
        return seal.blind_index(self.ring, label, value)

    def _key(self, subject: str) -> bytes:
        key = self.key_of(subject)
        if key is None:
            raise Unsealable(f"no key for {subject.split('/')[0]}; it was erased or never made")
        return key


def open_vault(ring: Keyring, db: StationDatabase, keys_path: Any) -> Vault:
    """Open keys.db beside a station database, and refuse a keyring that is not the database's own.

    Raises StorageGone when a file is missing, Unsealable on the wrong keyring.
    """
    known = db.scalar("SELECT value FROM meta WHERE key = 'keyring'")
    if known != ring.check_value():
        raise Unsealable("this database was made with another keyring")
    return Vault(ring, StationDatabase(keys_path))


def found(db: StationDatabase, ring: Keyring) -> None:
    """Write into a new database which keyring it belongs to; a no-op when it is already there."""
    with transaction(db):
        db.write("INSERT OR IGNORE INTO meta (key, value) VALUES ('keyring', ?)", ring.check_value())


def create_keys(path: Any) -> StationDatabase:
    keys = create(path)
    schema.migrate_keys(keys)
    return keys


__all__ = ["StorageGone", "Unsealable", "Vault", "create_keys", "found", "open_vault"]
