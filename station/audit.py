"""Who looked at or changed what: an append-only log whose rows are chained by a code."""

import json
from datetime import datetime

from station import clock, seal
from station.db import StationDatabase
from station.seal import Keyring


def record(
    db: StationDatabase,
    ring: Keyring,
    *,
    staff_id: int | None,
    action: str,
    about: str,
    detail: str = "",
    now: datetime,
) -> None:
    """Add one row; inside the caller's transaction, so that without the row there is no deed.

    `action`, `about` (such as `elder/12`) and `detail` hold ids and names of fields, never values.
    """
    role = db.scalar("SELECT role FROM staff WHERE id = ?", staff_id) or "system"
    previous = db.scalar("SELECT code FROM audit ORDER BY seq DESC LIMIT 1") or b""
    at = clock.text(now)
    code = seal.chain(ring, previous, _canonical(at, staff_id, role, action, about, detail))
    db.insert(
        "audit", at=at, staff_id=staff_id, role=role, action=action, object=about, detail=detail, code=code
    )


def first_broken(db: StationDatabase, ring: Keyring) -> int | None:
    """The first row whose code does not follow from the one before it, or None when all hold."""
    previous = b""
    for row in db.rows("SELECT * FROM audit ORDER BY seq"):
        body = _canonical(
            row["at"], row["staff_id"], row["role"], row["action"], row["object"], row["detail"]
        )
        if seal.chain(ring, previous, body) != row["code"]:
            return int(row["seq"])
        previous = row["code"]
    return None


def last(db: StationDatabase, about: str, action: str) -> tuple[int | None, datetime] | None:
    """Who did this last to what, and when; None when nobody ever did."""
    row = db.row(
        "SELECT staff_id, at FROM audit WHERE object = ? AND action = ? ORDER BY seq DESC LIMIT 1",
        about,
        action,
    )
    return (row["staff_id"], clock.parse(row["at"])) if row else None


def _canonical(at: str, staff_id: int | None, role: str, action: str, about: str, detail: str) -> bytes:
    return json.dumps([at, staff_id, role, action, about, detail], ensure_ascii=False).encode()
