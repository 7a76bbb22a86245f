"""Who was told what, when, by which way, and what came of it: every attempt of an incident, for the record."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import accounts, audit, clock
from station.db import StationDatabase, transaction
from station.vault import Vault

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Attempt:
    """One try to tell one person, or a message that was called off before any."""

    at: datetime
    ended_at: datetime | None
    staff: str  # a staff member's name, or empty
    contact: int  # the place of a family contact in the list of contacts, or 0
    kind: str
    step: int
    number: int  # of the attempt; 0 for a message that was not tried
    channel: str  # its label
    channel_kind: str
    outcome: str  # sending, ok, retry, permanent, unknown, pending, cancelled
    provider_id: str
    detail: str
    receipt: str = (
        ""  # what the provider said of it later: delivered, failed; empty while it has said nothing
    )
    receipt_word: str = ""  # its own code
    receipt_at: datetime | None = None  # by its clock where that can be, else when it came


def of_incident(
    db: StationDatabase, vault: Vault, incident_id: int, most: int | None = None
) -> list[Attempt]:
    """The attempts, oldest first; with `most` only the newest so many. No name of a family, no health data."""
    rows = db.rows(
        "SELECT alert.kind, alert.step, alert.staff_id, alert.state, alert.created_at, contact.position, "
        "channel.label, channel.kind AS channel_kind, attempt.number, attempt.started_at, attempt.ended_at, "
        "attempt.outcome, attempt.provider_id, attempt.detail, delivery_report.state AS receipt, delivery_report.word, "
        "coalesce(delivery_report.told_at, delivery_report.at) AS receipt_at FROM alert "
        "JOIN address ON address.id = alert.address_id JOIN channel ON channel.id = address.channel_id "
        "LEFT JOIN contact ON contact.id = alert.contact_id LEFT JOIN attempt ON attempt.alert_id = alert.id "
        "LEFT JOIN delivery_report ON delivery_report.attempt_id = attempt.id "
        "WHERE alert.incident_id = ? ORDER BY coalesce(attempt.started_at, alert.created_at) DESC, "
        "alert.id DESC, attempt.number DESC LIMIT ?",
        incident_id,
        -1 if most is None else most,
    )
    names = {one: accounts.get(db, vault, one).name for one in {row["staff_id"] for row in rows} if one}
    return [_attempt(row, names) for row in reversed(rows)]


def count(db: StationDatabase, incident_id: int) -> int:
    found: int = db.scalar(
        "SELECT count(*) FROM alert LEFT JOIN attempt ON attempt.alert_id = alert.id WHERE incident_id = ?",
        incident_id,
    )
    return found


def take_out(
    db: StationDatabase, vault: Vault, incident_id: int, *, form: str, by: int, now: datetime
) -> list[Attempt]:
    """All attempts for a file or a sheet of paper that leaves the station, with a row of the audit log."""
    found = of_incident(db, vault, incident_id)
    note(db, vault, incident_id, form=form, by=by, now=now)
    return found


def note(db: StationDatabase, vault: Vault, incident_id: int, *, form: str, by: int, now: datetime) -> None:
    """The row of the audit log: that it left the station, in which form, and with which check sum if it has one."""
    with transaction(db):
        about = f"incident/{incident_id}"
        audit.record(
            db, vault.ring, staff_id=by, action="incident.evidence", about=about, detail=form, now=now
        )


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table for spreadsheets (UTF-8 with its mark)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([harmless(cell) for cell in head])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def harmless(cell: object) -> object:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _attempt(row: dict[str, Any], names: dict[int, str]) -> Attempt:
    tried = row["number"] is not None
    return Attempt(
        at=clock.parse(row["started_at"] if tried else row["created_at"]),
        ended_at=clock.parse(row["ended_at"]) if row["ended_at"] else None,
        staff=names.get(row["staff_id"], ""),
        contact=row["position"] or 0,
        kind=row["kind"],
        step=row["step"],
        number=row["number"] or 0,
        channel=row["label"],
        channel_kind=row["channel_kind"],
        outcome=row["outcome"] if tried else row["state"],
        provider_id=row["provider_id"] or "",
        detail=row["detail"] or "",
        receipt=row["receipt"] or "",
        receipt_word=row["word"] or "",
        receipt_at=clock.parse(row["receipt_at"]) if row["receipt"] else None,
    )
