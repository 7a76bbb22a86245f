"""Whether an elder lives here, has left or has died; and what remains of a record after its erasure."""

from datetime import datetime

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Invalid, NotFound
from station.seal import Keyring
from station.vault import Vault
from station.vocabulary import ELDER_STATUSES


def mark(db: StationDatabase, vault: Vault, elder_id: int, status: str, *, by: int, now: datetime) -> None:
    """Set the status alone. Raises Invalid, NotFound."""
    if status not in ELDER_STATUSES:
        raise Invalid("status", "Choose one of the listed statuses.")
    with transaction(db):
        put(db, vault.ring, elder_id, status, by=by, now=now)


def put(db: StationDatabase, ring: Keyring, elder_id: int, status: str, *, by: int, now: datetime) -> None:
    """The same inside the caller's transaction."""
    changed = db.write(
        "UPDATE elder SET status = ?, version = version + 1, updated_at = ? WHERE id = ?",
        status,
        clock.text(now),
        elder_id,
    )
    if not changed:
        raise NotFound("There is no such elder in the register.")
    audit.record(
        db, ring, staff_id=by, action="elder.mark", about=f"elder/{elder_id}", detail=status, now=now
    )


def clear(db: StationDatabase, elder_id: int) -> None:
    """Leave an empty shell whose number stays in the audit log and in what was counted; inside a transaction.

    The fingerprints go too: whoever is registered anew is not known from before.
    """
    db.write("DELETE FROM contact WHERE elder_id = ?", elder_id)
    db.write("DELETE FROM elder_photo WHERE elder_id = ?", elder_id)
    db.write("DELETE FROM voice_clip WHERE elder_id = ?", elder_id)
    db.write(
        "UPDATE elder SET identity_index = NULL, age_group = NULL, card = NULL, record = x'', name = x'' WHERE id = ?",
        elder_id,
    )
    db.write(
        "UPDATE application SET phone_index = x'', tail_index = NULL, details = NULL, code_hash = randomblob(32), form = x'' WHERE elder_id = ?",
        elder_id,
    )
