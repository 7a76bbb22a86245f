"""Doubts of passers-by about a badge: kept for the staff to look at, never rung."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import NotFound
from station.vault import Unsealable, Vault

LONGEST_NOTE = 500
# Who sends doubts by machine fills no disk: what nobody has looked at yet stays bounded.
MOST_UNSEEN = 500
SHOWN = 20


@dataclass(frozen=True)
class Doubt:
    """One report of a wrong or suspicious badge."""

    id: int
    kind: str  # a key of vocabulary.DOUBTS
    number: str  # digits of the badge it is about; empty when none of ours was named
    note: str
    at: datetime


@dataclass(frozen=True)
class Told:
    """What a passer-by says. `serial` is None when no badge of ours was named; `source` is a keyed hash."""

    station: int
    serial: int | None
    kind: str
    note: str
    source: bytes


def keep(db: StationDatabase, vault: Vault, told: Told, now: datetime) -> bool:
    """Keep a doubt; False when so many wait unseen already that it would be no use."""
    waiting = db.scalar(
        "SELECT count(*) FROM (SELECT 1 FROM badge_doubt WHERE station = ? AND seen_at IS NULL LIMIT ?)",
        told.station,
        MOST_UNSEEN,
    )
    if waiting >= MOST_UNSEEN:
        return False
    uid = uuid.uuid4().hex
    sealed = None
    if told.note:
        vault.create([f"doubt/{uid}"], now)
        sealed = vault.seal(f"doubt/{uid}", f"badge_doubt|{uid}|note", told.note[:LONGEST_NOTE])
    with transaction(db):
        db.insert(
            "badge_doubt",
            uid=uid,
            station=told.station,
            serial=told.serial,
            kind=told.kind,
            note=sealed,
            source=told.source,
            at=clock.text(now),
        )
    return True


def unseen(db: StationDatabase, vault: Vault, station: int) -> tuple[list[Doubt], int]:
    """The newest doubts that nobody has looked at, and how many there are."""
    rows = db.rows(
        "SELECT badge_doubt.*, badge.number FROM badge_doubt LEFT JOIN badge ON badge.station = badge_doubt.station "
        "AND badge.serial = badge_doubt.serial WHERE badge_doubt.station = ? AND seen_at IS NULL "
        "ORDER BY badge_doubt.id DESC LIMIT ?",
        station,
        SHOWN,
    )
    count = db.scalar("SELECT count(*) FROM badge_doubt WHERE station = ? AND seen_at IS NULL", station)
    return [_doubt(vault, row) for row in rows], int(count)


def station_of(db: StationDatabase, doubt_id: int) -> int:
    """Raises NotFound when there is none."""
    station = db.scalar("SELECT station FROM badge_doubt WHERE id = ?", doubt_id)
    if station is None:
        raise NotFound("There is no such report about a badge.")
    return int(station)


def see(db: StationDatabase, vault: Vault, doubt_id: int, *, by: int, now: datetime) -> None:
    """Somebody has looked at it and takes care. Who was first stays."""
    with transaction(db):
        changed = db.write(
            "UPDATE badge_doubt SET seen_at = ?, seen_by = ? WHERE id = ? AND seen_at IS NULL",
            clock.text(now),
            by,
            doubt_id,
        )
        if changed:
            audit.record(db, vault.ring, staff_id=by, action="doubt.seen", about=f"doubt/{doubt_id}", now=now)


def _doubt(vault: Vault, row: dict[str, Any]) -> Doubt:
    note = ""
    if row["note"] is not None:
        try:
            note = vault.open(f"doubt/{row['uid']}", f"badge_doubt|{row['uid']}|note", row["note"])
        except Unsealable:  # its words have expired
            note = ""
    return Doubt(row["id"], row["kind"], row["number"] or "", note, clock.parse(row["at"]))
