"""Pictures that a family sends with its application: each under a key of its own, so that it can end by itself."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock, photos
from station.db import StationDatabase, transaction
from station.errors import Conflict, Gone, NotFound
from station.vault import Vault

KINDS = ("identity", "portrait")
IDENTITY_LIVES = timedelta(days=14)  # at most, whatever becomes of the application
VIEWING = timedelta(minutes=10)  # one look of one person, with the form beside it


@dataclass(frozen=True)
class Picture:
    kind: str
    added_at: datetime
    shown_at: datetime | None
    shown_by: int | None
    destroyed_at: datetime | None

    @property
    def is_there(self) -> bool:
        return self.destroyed_at is None


def keep(db: StationDatabase, vault: Vault, uid: str, kind: str, jpeg: bytes, now: datetime) -> None:
    """Keep a cleaned picture (photos.clean or photos.document) in place of an older one of its kind."""
    assert kind in KINDS, kind
    destroy(db, vault, uid, kind, now)
    own = uuid.uuid4().hex
    vault.create([_key(own)], now)
    sealed = vault.seal(_key(own), f"application_picture|{own}|jpeg", jpeg)
    with transaction(db):
        db.write("DELETE FROM application_picture WHERE uid = ? AND kind = ?", uid, kind)
        db.insert("application_picture", uid=uid, kind=kind, own=own, jpeg=sealed, added_at=clock.text(now))


def of(db: StationDatabase, uid: str) -> dict[str, Picture]:
    """The pictures of an application or draft by kind, those that were destroyed as well."""
    rows = db.rows("SELECT * FROM application_picture WHERE uid = ?", uid)
    return {row["kind"]: _picture(row) for row in rows}


def jpeg(db: StationDatabase, vault: Vault, uid: str, kind: str) -> bytes:
    """The picture for the family that sent it, and a portrait for the reviewer. Raises NotFound."""
    row = _there(db, uid, kind)
    return vault.open_bytes(_key(row["own"]), f"application_picture|{row['own']}|jpeg", row["jpeg"])


def begin_viewing(db: StationDatabase, vault: Vault, application_id: int, *, by: int, now: datetime) -> None:
    """Begin the one look at an identity picture. Raises Conflict when it was looked at before, Gone, NotFound."""
    uid = _uid(db, application_id)
    row = _there(db, uid, "identity")
    if _is_viewing(row, by, now):
        return
    with transaction(db):
        begun = db.write(
            "UPDATE application_picture SET shown_at = ?, shown_by = ? WHERE own = ? AND shown_at IS NULL",
            clock.text(now),
            by,
            row["own"],
        )
        if not begun:
            raise Conflict(
                "The identity picture was shown once already. Ask the family for a new one if you need it."
            )
        audit.record(
            db,
            vault.ring,
            staff_id=by,
            action="identity.show",
            about=f"application/{application_id}",
            now=now,
        )


def is_viewing(db: StationDatabase, application_id: int, *, by: int, now: datetime) -> bool:
    """Whether this person's look at the identity picture lasts still."""
    row = _row(db, _uid(db, application_id), "identity")
    return row is not None and row["jpeg"] is not None and _is_viewing(row, by, now)


def viewed(
    db: StationDatabase, vault: Vault, application_id: int, *, by: int, mark: str, now: datetime
) -> bytes:
    """The identity picture as JPEG, all over it `mark` (who looks, when, what for). Raises Gone outside the look."""
    uid = _uid(db, application_id)
    if not _is_viewing(_there(db, uid, "identity"), by, now):
        raise Gone(
            "The identity picture is shown once, for ten minutes. Ask the family for a new one if you need it."
        )
    return photos.marked(jpeg(db, vault, uid, "identity"), mark)


def destroy(db: StationDatabase, vault: Vault, uid: str, kind: str, now: datetime) -> None:
    """Destroy a picture with its key, in every backup too; that there was one, and when it ended, stays known."""
    row = _row(db, uid, kind)
    if row is None or row["jpeg"] is None:
        return
    vault.destroy(_key(row["own"]), now)
    with transaction(db):
        db.write(
            "UPDATE application_picture SET jpeg = NULL, destroyed_at = ? WHERE own = ?",
            clock.text(now),
            row["own"],
        )


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy identity pictures of decided applications, and those that have been here too long."""
    rows = db.rows(
        "SELECT picture.uid FROM application_picture AS picture "
        "LEFT JOIN application ON application.uid = picture.uid "
        "WHERE kind = 'identity' AND jpeg IS NOT NULL "
        "AND (added_at < ? OR coalesce(application.state, 'received') <> 'received')",
        clock.text(now - IDENTITY_LIVES),
    )
    for row in rows:
        destroy(db, vault, row["uid"], "identity", now)


def _key(own: str) -> str:
    return f"picture/{own}"


def _uid(db: StationDatabase, application_id: int) -> str:
    found = db.scalar("SELECT uid FROM application WHERE id = ?", application_id)
    if found is None:
        raise NotFound("There is no such application.")
    return str(found)


def _row(db: StationDatabase, uid: str, kind: str) -> dict[str, Any] | None:
    return db.row("SELECT * FROM application_picture WHERE uid = ? AND kind = ?", uid, kind)


def _there(db: StationDatabase, uid: str, kind: str) -> dict[str, Any]:
    row = _row(db, uid, kind)
    if row is None:
        raise NotFound("The family has sent no such picture.")
    if row["jpeg"] is None:
        raise Gone("This picture has been destroyed.")
    return row


def _is_viewing(row: dict[str, Any], by: int, now: datetime) -> bool:
    return row["shown_by"] == by and now - clock.parse(row["shown_at"]) < VIEWING


def _picture(row: dict[str, Any]) -> Picture:
    return Picture(
        row["kind"],
        clock.parse(row["added_at"]),
        clock.parse(row["shown_at"]) if row["shown_at"] else None,
        row["shown_by"],
        clock.parse(row["destroyed_at"]) if row["destroyed_at"] else None,
    )
