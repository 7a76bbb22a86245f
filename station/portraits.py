"""The photo of an elder: one cleaned JPEG, sealed under the elder's own key."""

from datetime import datetime

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import NotFound
from station.vault import Vault


def keep(
    db: StationDatabase, vault: Vault, elder_id: int, photo: bytes, *, by: int | None, now: datetime
) -> None:
    """Keep a cleaned photo (see photos.clean) in place of an older one."""
    uid = _uid(db, elder_id)
    sealed = vault.seal(f"elder/{uid}", f"elder_photo|{uid}|jpeg", photo)
    with transaction(db):
        db.write(
            "INSERT INTO elder_photo (elder_id, jpeg, added_at) VALUES (?, ?, ?) "
            "ON CONFLICT (elder_id) DO UPDATE SET jpeg = excluded.jpeg, added_at = excluded.added_at",
            elder_id,
            sealed,
            clock.text(now),
        )
        audit.record(db, vault.ring, staff_id=by, action="elder.photo", about=f"elder/{elder_id}", now=now)


def exists(db: StationDatabase, elder_id: int) -> bool:
    return db.scalar("SELECT 1 FROM elder_photo WHERE elder_id = ?", elder_id) is not None


def added_at(db: StationDatabase, elder_id: int) -> datetime | None:
    """When the photo was taken in, if there is one."""
    at = db.scalar("SELECT added_at FROM elder_photo WHERE elder_id = ?", elder_id)
    return clock.parse(at) if at else None


def jpeg(db: StationDatabase, vault: Vault, elder_id: int) -> bytes:
    """The JPEG. Raises NotFound when there is none."""
    uid = _uid(db, elder_id)
    sealed = db.scalar("SELECT jpeg FROM elder_photo WHERE elder_id = ?", elder_id)
    if sealed is None:
        raise NotFound("There is no photo of this elder yet.")
    return vault.open_bytes(f"elder/{uid}", f"elder_photo|{uid}|jpeg", sealed)


def _uid(db: StationDatabase, elder_id: int) -> str:
    found = db.scalar("SELECT uid FROM elder WHERE id = ?", elder_id)
    if found is None:
        raise NotFound("There is no such elder in the register.")
    return str(found)
