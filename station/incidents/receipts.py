"""Proof of help: a short code that a finder takes along and that the station confirms, with nothing of the elder."""

import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock, seal
from station.db import StationDatabase, transaction
from station.errors import Conflict, NotFound
from station.incidents import events, finders
from station.incidents.states import EVIDENCE
from station.seal import Keyring
from station.vault import Vault

DIGITS = 12
# Nobody was helped: a hoax or an exercise.
NO_HELP = ("false_alarm", "test", "drill")
OVER = ("at_station", "handed_over", "closed")


class NobodyHelped(Conflict):
    """It turned out a hoax or an exercise."""


@dataclass(frozen=True)
class Receipt:
    code: str  # as shown: 4821 0937 5521
    station: str
    helped_at: datetime


def issue(db: StationDatabase, vault: Vault, scan_id: int, now: datetime) -> Receipt:
    """The receipt of a report's finder; the same one when it was taken before.

    Raises Conflict while the elder is not safe yet, NobodyHelped when there was nobody to be helped.
    """
    row = _row(db, finders.first_of(db, scan_id))
    code = _code(vault.ring, row["uid"])
    with transaction(db):
        state = db.row("SELECT state, outcome FROM incident WHERE id = ?", row["incident_id"])
        if state is None or state["state"] not in OVER or row["act"] not in EVIDENCE:
            raise Conflict("The receipt can be taken when the elder is safe.")
        if state["outcome"] in NO_HELP:
            raise NobodyHelped("For this matter there is no receipt.")
        new = db.write(
            "INSERT OR IGNORE INTO receipt (code_hash, scan_id, issued_at) VALUES (?, ?, ?)",
            _hash(vault.ring, code),
            row["id"],
            clock.text(now),
        )
        if new:
            events.add(db, row["incident_id"], "receipt", actor="finder", scan_id=row["id"], now=now)
    return _receipt(code, row)


def taken(db: StationDatabase, ring: Keyring, scan_id: int) -> Receipt | None:
    """The receipt that this finder has taken, if any."""
    row = _row(db, finders.first_of(db, scan_id))
    if db.scalar("SELECT 1 FROM receipt WHERE scan_id = ?", row["id"]) is None:
        return None
    return _receipt(_code(ring, row["uid"]), row)


def confirm(db: StationDatabase, ring: Keyring, typed: str) -> Receipt | None:
    """The receipt with this code, however it was typed; None when the station does not know it."""
    digits = "".join(str(int(c)) for c in unicodedata.normalize("NFKC", typed)[:40] if c.isdecimal())
    if len(digits) != DIGITS:
        return None
    scan_id = db.scalar("SELECT scan_id FROM receipt WHERE code_hash = ?", _hash(ring, digits))
    return _receipt(digits, _row(db, scan_id)) if scan_id is not None else None


def _row(db: StationDatabase, scan_id: int) -> dict[str, Any]:
    row = db.row(
        "SELECT scan.id, scan.uid, scan.act, scan.at, scan.incident_id, station.name FROM scan "
        "JOIN station ON station.number = scan.station WHERE scan.id = ?",
        scan_id,
    )
    if row is None:
        raise NotFound("There is no such report.")
    return row


def _receipt(code: str, row: dict[str, Any]) -> Receipt:
    shown = " ".join(code[n : n + 4] for n in range(0, DIGITS, 4))
    return Receipt(shown, row["name"], clock.parse(row["at"]))


def _code(ring: Keyring, scan_uid: str) -> str:
    """Made again from the report; only a keyed fingerprint is stored, so that a stolen database confirms nothing."""
    digest = hmac.digest(ring.derive("receipt"), scan_uid.encode(), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}d}"


def _hash(ring: Keyring, code: str) -> bytes:
    return seal.blind_index(ring, "receipt", code)
