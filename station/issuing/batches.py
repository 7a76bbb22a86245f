"""Badges printed together: one A4 sheet or one package for the print shop, made whole or not at all."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from badges.errors import BadgeError
from station import audit, clock, seal
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.issuing import life, printfile, records
from station.issuing.printfile import KINDS
from station.issuing.records import READY, Badge, shown_number
from station.vault import Vault
from station.vocabulary import N_

MOST = 10_000  # badges in one order; a city's month
OUTDATED = N_(
    "A badge in this file is no longer used, so it cannot be printed. Make a new file of the others."
)
MOST_IN_PACKAGE = 100  # 160 kB each, and a stored file passes through memory whole


# What had ended before the file was made is not in it.
_ENDED_IN = (
    "FROM print_batch_badge AS inside JOIN badge AS gone ON gone.id = inside.badge_id "
    "WHERE inside.batch_id = print_batch.id AND gone.ended_at > print_batch.made_at"
)


@dataclass(frozen=True)
class Batch:
    id: int
    station: int
    kind: str  # sheet or package
    state: str  # ordered, made or printed
    problem: str
    badges: int
    ended: int  # of them are no longer used; the file would bring them back
    sha256: str  # of the file as it is downloaded
    ordered_at: datetime
    made_at: datetime | None
    printed_at: datetime | None


def order(
    db: StationDatabase, vault: Vault, kind: str, badge_ids: Iterable[int], *, by: int | None, now: datetime
) -> list[int]:
    """Order print files for made badges; a batch for each design among them, since a sheet has one.

    Many single files become several packages.

    Raises Invalid for an empty choice, an unknown kind or a badge that has no checked file.
    """
    chosen = [records.get(db, badge_id) for badge_id in dict.fromkeys(badge_ids)]
    if kind not in KINDS:
        raise Invalid("kind", "Choose a sheet or a package.")
    if not chosen or len(chosen) > MOST:
        raise Invalid("badge", "Choose at least one badge and at most %(most)s.", most=MOST)
    if any(badge.state not in READY for badge in chosen):
        raise Invalid("badge", "Only badges that are made can be printed. Load the page again.")
    most = MOST_IN_PACKAGE if kind == "package" else MOST
    files = [
        together[at : at + most]
        for together in printfile.designs(chosen).values()
        for at in range(0, len(together), most)
    ]
    with transaction(db):
        return [add(db, vault, kind, together, by=by, now=now) for together in files]


def add(
    db: StationDatabase, vault: Vault, kind: str, badges: list[Badge], *, by: int | None, now: datetime
) -> int:
    """Write the order of one batch of one design; inside the caller's transaction."""
    batch_id = db.insert(
        "print_batch", station=badges[0].station, kind=kind, ordered_by=by, ordered_at=clock.text(now)
    )
    for badge in badges:
        db.insert("print_batch_badge", batch_id=batch_id, badge_id=badge.id)
    audit.record(db, vault.ring, staff_id=by, action="batch.order", about=f"batch/{batch_id}", now=now)
    return batch_id


def waiting(db: StationDatabase) -> list[int]:
    """Batches to be made, oldest first: also those that an interrupt left unfinished, for nothing of them is kept."""
    rows = db.rows(
        "SELECT id FROM print_batch WHERE state = 'ordered' AND problem = '' AND NOT EXISTS (SELECT 1 "
        "FROM print_batch_badge JOIN badge ON badge.id = print_batch_badge.badge_id "
        "WHERE batch_id = print_batch.id AND badge.state = 'ordered') ORDER BY id"
    )
    return [row["id"] for row in rows]


def make(
    db: StationDatabase,
    vault: Vault,
    batch_id: int,
    base_url: str,
    now: datetime,
    *,
    tell: Callable[[int, int], None] | None = None,
) -> None:
    """Draw, check and keep a batch's file in one step. A failure stays with the batch as its problem.

    `tell` hears (steps done, steps) while it draws.
    """
    batch = get(db, batch_id)
    if batch.state != "ordered":
        return
    wanted = [badge for badge in badges_of(db, batch_id) if badge.state in (*READY, "worn")]
    content = BytesIO()
    try:
        proofs = printfile.write(db, vault, batch.kind, wanted, base_url, out=content, now=now, tell=tell)
    except BadgeError as error:
        with transaction(db):
            db.write("UPDATE print_batch SET problem = ? WHERE id = ?", error.code, batch_id)
        return
    except Conflict:  # the command line makes the very same sheet; the next round comes soon
        return
    sealed = _sealed(vault, batch, content.getvalue(), now)
    content.close()  # a package is large; while it is written, once is enough
    manifest = {"badges": [shown_number(badge.number) for badge in wanted], "checked": proofs}
    _keep(db, batch, sealed, json.dumps(manifest, ensure_ascii=False), now)


def file(db: StationDatabase, vault: Vault, batch_id: int) -> bytes:
    """The checked file. Raises NotFound while it is being made: there is never a part of one.

    Raises Conflict when a badge in it has ended: nobody prints a dead one.
    """
    batch = get(db, batch_id)
    if batch.ended:
        raise Conflict(OUTDATED)
    content = db.scalar("SELECT content FROM print_batch WHERE id = ?", batch_id)
    if content is None:
        raise NotFound("This file is still being made. Wait a moment and load the page again.")
    return vault.open_bytes(f"station/{batch.station}", f"print_batch|{batch_id}|content", content)


def mark_printed(db: StationDatabase, vault: Vault, batch_id: int, *, by: int, now: datetime) -> None:
    """All badges of the batch exist as things. Raises Conflict while its file is not made."""
    with transaction(db):
        batch = get(db, batch_id)
        if batch.state == "ordered":
            raise Conflict("This file is still being made. Wait a moment and load the page again.")
        if batch.state == "printed":  # pressed twice
            return
        db.write(
            "UPDATE print_batch SET state = 'printed', printed_at = ? WHERE id = ?", clock.text(now), batch_id
        )
        for badge in badges_of(db, batch_id):
            life.print_one(db, vault.ring, badge.id, by=by, now=now)


def get(db: StationDatabase, batch_id: int) -> Batch:
    found = _batches(db, "print_batch.id = ?", batch_id)
    if not found:
        raise NotFound("There is no such print file.")
    return found[0]


def newest(db: StationDatabase, station: int, most: int = 10) -> list[Batch]:
    return _batches(db, "print_batch.station = ?", station)[:most]


def of_badge(db: StationDatabase, badge_id: int) -> Batch | None:
    """The newest batch that a badge is in."""
    found = _batches(
        db, "print_batch.id IN (SELECT batch_id FROM print_batch_badge WHERE badge_id = ?)", badge_id
    )
    return found[0] if found else None


def in_files(db: StationDatabase, station: int) -> set[int]:
    """Badges that are in a print file already, or will be: nobody should print them twice unawares."""
    rows = db.rows(
        "SELECT DISTINCT badge_id FROM print_batch_badge JOIN print_batch ON print_batch.id = batch_id "  # noqa: S608
        "JOIN badge ON badge.id = badge_id WHERE print_batch.station = ? AND print_batch.problem = '' "
        f"AND badge.state = 'made' AND NOT EXISTS (SELECT 1 {_ENDED_IN})",
        station,
    )
    return {row["badge_id"] for row in rows}


def badges_of(db: StationDatabase, batch_id: int) -> list[Badge]:
    rows = db.rows(
        "SELECT badge.* FROM badge JOIN print_batch_badge ON badge.id = print_batch_badge.badge_id "
        "WHERE batch_id = ? ORDER BY badge.id",
        batch_id,
    )
    return [records.from_row(row) for row in rows]


@dataclass(frozen=True)
class _Sealed:
    content: bytes
    sha256: str  # of what is inside


def _sealed(vault: Vault, batch: Batch, content: bytes, now: datetime) -> _Sealed:
    subject = f"station/{batch.station}"
    vault.create([subject], now)
    return _Sealed(vault.seal(subject, f"print_batch|{batch.id}|content", content), seal.sha256(content))


def _keep(db: StationDatabase, batch: Batch, file: _Sealed, manifest: str, now: datetime) -> None:
    with transaction(db):
        db.write(
            "UPDATE print_batch SET state = 'made', made_at = ?, content = ?, sha256 = ?, manifest = ? "
            "WHERE id = ? AND state = 'ordered'",
            clock.text(now),
            file.content,
            file.sha256,
            manifest,
            batch.id,
        )


def _batches(db: StationDatabase, where: str, value: int) -> list[Batch]:
    """Newest first, without their content."""
    rows = db.rows(
        "SELECT print_batch.id, station, kind, state, problem, sha256, ordered_at, made_at, printed_at, "  # noqa: S608
        "(SELECT count(*) FROM print_batch_badge WHERE batch_id = print_batch.id) AS badges, "
        f"(SELECT count(*) {_ENDED_IN}) AS ended "
        f"FROM print_batch WHERE {where} ORDER BY print_batch.id DESC LIMIT 200",
        value,
    )
    return [_batch(row) for row in rows]


def _batch(row: dict[str, Any]) -> Batch:
    times = {key: clock.parse(row[key]) if row[key] else None for key in ("made_at", "printed_at")}
    return Batch(**{**row, **times, "ordered_at": clock.parse(row["ordered_at"])})
