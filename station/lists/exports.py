"""The register on its way out: asked for with a reason, written by the job process, kept sealed for an hour, destroyed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Gone, NotFound
from station.lists import writing
from station.vault import Vault

KEPT = timedelta(hours=1)
SLICE = 100  # elders between two looks at what else there is to do
SHOWN = 1000  # elders between two writes of how far it is, of which each holds up a scan that comes meanwhile

Tell = Callable[[], object]  # called after each slice; something true ends the work for now


@dataclass(frozen=True)
class Export:
    id: int
    uid: str
    station: int
    kind: str  # a key of writing.KINDS
    state: str  # waiting, ready, ended
    done: int  # elders written by now
    total: int
    staff_id: int  # the one who asked, and who alone may fetch it
    created_at: datetime
    ready_at: datetime | None

    @property
    def ends_at(self) -> datetime | None:
        """When the file is destroyed; None while it is being written."""
        return self.ready_at + KEPT if self.ready_at else None


class _Interrupted(Exception):
    """The work ends for now; it begins anew another time."""


def ask(
    db: StationDatabase,
    vault: Vault,
    kind: str,
    *,
    station: int,
    reason: str,
    form_id: str,
    by: int,
    now: datetime,
) -> int:
    """Have the register written; the same form again leads to the same file. Raises Invalid without a reason."""
    known = db.scalar("SELECT id FROM elder_export WHERE form_id = ? AND staff_id = ?", form_id, by)
    if known:
        return int(known)
    uid = uuid.uuid4().hex
    with transaction(db):
        writing.note_reason(db, vault, station, reason, by=by, now=now)
        return db.insert(
            "elder_export", uid=uid, station=station, kind=kind, form_id=form_id, total=writing.size(db, station),
            staff_id=by, created_at=clock.text(now),
        )  # fmt: skip


def get(db: StationDatabase, export_id: int) -> Export:
    """Raises NotFound."""
    row = db.row("SELECT * FROM elder_export WHERE id = ?", export_id)
    if row is None:
        raise NotFound("There is no such list.")
    return _export(row)


def of_staff(db: StationDatabase, export_id: int, staff_id: int) -> Export:
    """What one person has asked for. Raises NotFound for what another one did."""
    found = get(db, export_id)
    if found.staff_id != staff_id:
        raise NotFound("There is no such list.")
    return found


def alive(db: StationDatabase, staff_id: int) -> list[Export]:
    """What one person has asked for and can still fetch, the newest first."""
    rows = db.rows(
        "SELECT * FROM elder_export WHERE staff_id = ? AND state <> 'ended' ORDER BY id DESC", staff_id
    )
    return [_export(row) for row in rows]


def waiting(db: StationDatabase) -> list[int]:
    return [row["id"] for row in db.rows("SELECT id FROM elder_export WHERE state = 'waiting' ORDER BY id")]


def work(
    db: StationDatabase, vault: Vault, export_id: int, *, now: datetime, tell: Tell = lambda: None
) -> None:
    """Write the file. Interrupted or killed in the middle, it begins anew."""
    one = get(db, export_id)

    def told(done: int, total: int) -> None:
        if done % SHOWN == 0:
            _count(db, one, done, total)
        if done % SLICE == 0 and tell():
            raise _Interrupted

    try:
        content = writing.register(db, vault, one.kind, one.station, told)
    except _Interrupted:
        return
    vault.create([_subject(one)], now)
    if not vault.has(_subject(one)):  # no longer wanted; the ledger of what was erased lets no key come back
        return
    with transaction(db):
        db.write(
            "UPDATE elder_export SET state = 'ready', done = total, content = ?, ready_at = ? WHERE id = ? AND state = 'waiting'",
            vault.seal(_subject(one), _place(one), content),
            clock.text(now),
            one.id,
        )


def fetch(db: StationDatabase, vault: Vault, one: Export, *, by: int, now: datetime) -> bytes:
    """The file, with its audit row. Raises Gone when it has been destroyed or its hour is over."""
    sealed = db.scalar("SELECT content FROM elder_export WHERE id = ?", one.id)
    if sealed is None or one.ends_at is None or one.ends_at <= now:
        raise Gone(
            "This file has been destroyed, as it should be an hour after it was written. Ask for it once more."
        )
    about = f"export/{one.id}"
    with transaction(db):
        audit.record(db, vault.ring, staff_id=by, action="elder.export.fetch", about=about, now=now)
    return vault.open_bytes(_subject(one), _place(one), sealed)


def end(db: StationDatabase, vault: Vault, export_id: int, *, now: datetime) -> None:
    """Destroy the file, or stop writing it. Twice is once."""
    one = get(db, export_id)
    with transaction(db):
        db.write("UPDATE elder_export SET state = 'ended', content = NULL WHERE id = ?", one.id)
    vault.destroy(_subject(one), now)


def forget_old(db: StationDatabase, vault: Vault, now: datetime) -> None:
    """Destroy what has been there for its hour."""
    before = clock.text(now - KEPT)
    for row in db.rows("SELECT id FROM elder_export WHERE state = 'ready' AND ready_at <= ?", before):
        end(db, vault, row["id"], now=now)


def _count(db: StationDatabase, one: Export, done: int, total: int) -> None:
    with transaction(db):
        db.write("UPDATE elder_export SET done = ?, total = ? WHERE id = ?", done, total, one.id)


def _subject(one: Export) -> str:
    return f"export/{one.uid}"


def _place(one: Export) -> str:
    return f"elder_export|{one.uid}|content"


def _export(row: dict[str, Any]) -> Export:
    fields = {
        name: row[name] for name in ("id", "uid", "station", "kind", "state", "done", "total", "staff_id")
    }
    ready_at = clock.parse(row["ready_at"]) if row["ready_at"] else None
    return Export(**fields, created_at=clock.parse(row["created_at"]), ready_at=ready_at)
