"""A list on its way into the register: kept sealed, looked at, saved row by row, forgotten."""

import json
import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock, tables
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.vault import Vault

FORGOTTEN_AFTER = timedelta(days=7)
MOST_OPEN = 20  # of one station; each may be 2 MB
COLUMNS = "id, uid, station, community_id, state, total, looked_at, good, known, wrong, staff_id, created_at, ended_at"


@dataclass(frozen=True)
class Import:
    id: int
    uid: str
    station: int
    community_id: int | None  # where a row lives that names no community
    state: str  # waiting, unreadable, checked, saving, done, discarded
    total: int  # rows with something in them
    looked_at: int  # of them, while it is checked
    good: int  # when checked: can be saved; when done: were saved
    known: int
    wrong: int
    staff_id: int | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def is_moving(self) -> bool:
        return self.state in ("waiting", "saving")


@dataclass(frozen=True)
class Finding:
    """What was found in one row."""

    row: int
    outcome: str  # good, known, wrong; when done: saved, known, wrong
    name: str
    elder_id: int | None = None
    errors: tuple[Invalid, ...] = ()
    notes: tuple[Invalid, ...] = ()
    home: str = ""  # the nursing home that the row names

    def dump(self) -> list[Any]:
        texts = [[[e.field, e.message, e.params] for e in found] for found in (self.errors, self.notes)]
        return [self.row, self.outcome, self.name, self.elder_id, *texts, self.home]

    @staticmethod
    def load(raw: list[Any]) -> "Finding":
        errors, notes = (tuple(Invalid(f, text, **params) for f, text, params in one) for one in raw[4:6])
        row, outcome, name, elder_id = raw[:4]
        return Finding(row, outcome, name, elder_id, errors, notes, *raw[6:])


def keep(
    db: StationDatabase,
    vault: Vault,
    content: bytes,
    *,
    station: int,
    community_id: int | None,
    form_id: str,
    by: int | None,
    now: datetime,
) -> int:
    """Keep a file as it came, sealed; the job process reads it. The same form again returns the same import.

    Raises Invalid for no or too large a file, Conflict when too many wait to be decided.
    """
    known = db.scalar("SELECT id FROM elder_import WHERE form_id = ? AND station = ?", form_id, station)
    if known:
        return int(known)
    if not content:
        raise Invalid("file", "Choose a file that is not empty.")
    if len(content) > tables.LARGEST:
        raise Invalid("file", str(tables.TableError("too_large")))
    uid = uuid.uuid4().hex
    vault.create([f"import/{uid}"], now)
    sealed = vault.seal(f"import/{uid}", f"elder_import|{uid}|content", content)
    with transaction(db):
        _refuse_too_many(db, station)
        new = db.insert(
            "elder_import", uid=uid, station=station, community_id=community_id, form_id=form_id, content=sealed,
            staff_id=by, created_at=clock.text(now),
        )  # fmt: skip
        audit.record(db, vault.ring, staff_id=by, action="import.add", about=f"import/{new}", now=now)
    return new


def _refuse_too_many(db: StationDatabase, station: int) -> None:
    wait = db.scalar("SELECT count(*) FROM elder_import WHERE station = ? AND ended_at IS NULL", station)
    if wait >= MOST_OPEN:
        raise Conflict("Too many lists wait to be decided. Save or discard some of them first.")


def get(db: StationDatabase, import_id: int) -> Import:
    """Raises NotFound."""
    row = db.row(f"SELECT {COLUMNS} FROM elder_import WHERE id = ?", import_id)  # noqa: S608
    if row is None:
        raise NotFound("There is no such list.")
    return _import(row)


def newest(db: StationDatabase, station: int, count: int = 20) -> list[Import]:
    rows = db.rows(
        f"SELECT {COLUMNS} FROM elder_import WHERE station = ? ORDER BY id DESC LIMIT ?",  # noqa: S608
        station,
        count,
    )
    return [_import(row) for row in rows]


def progress(db: StationDatabase, one: Import) -> int:
    """Rows that are behind us in the present step."""
    if one.state != "saving":
        return one.looked_at
    return int(db.scalar("SELECT count(*) FROM elder_import_row WHERE import_id = ?", one.id))


def save(db: StationDatabase, vault: Vault, import_id: int, *, by: int | None, now: datetime) -> None:
    """Let the valid rows be saved. Pressed twice, it does nothing more. Raises Conflict when it cannot be."""
    with transaction(db):
        if db.write("UPDATE elder_import SET state = 'saving' WHERE id = ? AND state = 'checked'", import_id):
            audit.record(
                db, vault.ring, staff_id=by, action="import.save", about=f"import/{import_id}", now=now
            )
    if get(db, import_id).state not in ("saving", "done"):
        raise Conflict("This list cannot be saved as it stands. Look at it again.")


def discard(db: StationDatabase, vault: Vault, import_id: int, *, by: int | None, now: datetime) -> None:
    """Forget the file; what was saved of it stays. Raises Conflict while its rows are being saved."""
    with transaction(db):
        changed = db.write(
            "UPDATE elder_import SET state = CASE WHEN state = 'done' THEN 'done' ELSE 'discarded' END, "
            "content = NULL, findings = NULL, ended_at = coalesce(ended_at, ?) "
            "WHERE id = ? AND state <> 'saving'",
            clock.text(now),
            import_id,
        )
        if not changed:
            raise Conflict("The rows are being saved just now. Wait until it has ended.")
        audit.record(
            db, vault.ring, staff_id=by, action="import.discard", about=f"import/{import_id}", now=now
        )
    vault.destroy(f"import/{get(db, import_id).uid}", now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Forget files that nobody needs any more, whether decided or not."""
    before = clock.text(now - FORGOTTEN_AFTER)
    for row in db.rows(
        "SELECT id FROM elder_import WHERE content IS NOT NULL AND state <> 'saving' "
        "AND coalesce(ended_at, created_at) < ?",
        before,
    ):
        discard(db, vault, row["id"], by=None, now=now)


def content(db: StationDatabase, vault: Vault, one: Import) -> bytes:
    """The file as it came. Raises NotFound when it has been forgotten."""
    return _opened(db, vault, one, "content")


def rows(db: StationDatabase, vault: Vault, one: Import) -> list[list[str]]:
    """The table of a list that was looked at: headings, then each row in its place.

    When it is done, the rows that were saved are empty. Raises NotFound when it has been forgotten.
    """
    packed = content(db, vault, one)
    found: list[list[str]] = json.loads(zlib.decompress(packed))
    return found


def findings(db: StationDatabase, vault: Vault, one: Import) -> list[Finding]:
    """Row by row what was found; empty when it has been forgotten or not been looked at."""
    if db.scalar("SELECT findings FROM elder_import WHERE id = ?", one.id) is None:
        return []
    raw = json.loads(zlib.decompress(_opened(db, vault, one, "findings")))
    return [Finding.load(found) for found in raw]


def sealed(vault: Vault, one: Import, column: str, value: list[Any]) -> bytes:
    """A table or the findings as they are kept."""
    packed = zlib.compress(json.dumps(value, ensure_ascii=False).encode())
    return vault.seal(f"import/{one.uid}", f"elder_import|{one.uid}|{column}", packed)


def _opened(db: StationDatabase, vault: Vault, one: Import, column: str) -> bytes:
    row = db.row("SELECT content, findings FROM elder_import WHERE id = ?", one.id)
    if row is None or row[column] is None:
        raise NotFound("This list has been forgotten; lists are kept for seven days.")
    return vault.open_bytes(f"import/{one.uid}", f"elder_import|{one.uid}|{column}", row[column])


def _import(row: dict[str, Any]) -> Import:
    ended = clock.parse(row["ended_at"]) if row["ended_at"] else None
    return Import(**{**row, "created_at": clock.parse(row["created_at"]), "ended_at": ended})
