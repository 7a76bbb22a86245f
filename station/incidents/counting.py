"""A flood's further reports are counted, not kept one by one; each finder still has a page of their own.

docs/decisions/0009 says which ones: those that tell nothing which is not on the disk already.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock, seal
from station.db import StationDatabase
from station.incidents import lanes
from station.incidents.intake import Report, Sighting
from station.seal import Keyring

MINUTE = timedelta(minutes=1)
# So many same presses of one source at one badge in a minute have rows of their own: a family, a class, a crowd behind
# one carrier's address is told apart, and each can be found by the code of its page.
OF_A_SOURCE = 3
# So many rows of one badge in a minute, whatever their sources, until what tells nothing new is counted as well.
OF_A_BADGE = 60
_SALT_BITS, _CODE_BITS = 14, 10


@dataclass(frozen=True)
class Counted:
    """What the address of a counted report's page holds: the scan at which it was counted, and its own code."""

    scan_id: int
    code: str


def tells_nothing(sent: Report) -> bool:
    """Whether a report is a mere press."""
    return sent.sighting == Sighting() and not sent.note and not sent.phone


def anchor(
    db: StationDatabase, scan: dict[str, Any], sent: Report, incident_id: int | None, now: datetime
) -> dict[str, Any] | None:
    """The scan at which this mere press is to be counted; None when it gets a row of its own.

    `scan` holds station, serial and source. Never for the first of a source, nor when nobody would be rung for it.
    """
    since, until = clock.text(now - MINUTE), clock.text(now)
    # A moment after `until` was written before the machine's clock stepped back, and is none of this minute.
    own = _at_of(db, scan, sent.act, OF_A_SOURCE - 1)
    if not (own and since < own <= until) and not _crowded(db, scan, since, until):
        return None
    rows = db.rows(
        "SELECT * FROM scan WHERE station = ? AND serial IS ? AND act = ? AND at > ? AND incident_id IS ? "
        "ORDER BY id DESC LIMIT ?",
        scan["station"],
        scan["serial"],
        sent.act,
        since,
        incident_id,
        OF_A_BADGE,
    )
    same = [one for one in rows if one["source"] == scan["source"]]
    if len(same) >= OF_A_SOURCE:
        return same[-1]
    if incident_id and not _rings_anyway(db, incident_id, scan, sent, now):
        return None
    return next(iter(same or rows), None)


def add(db: StationDatabase, scan_id: int, now: datetime) -> None:
    """One more; inside the caller's transaction."""
    db.write(
        "INSERT INTO scan_count (scan_id, more, last_at) VALUES (?, 1, ?) "
        "ON CONFLICT (scan_id) DO UPDATE SET more = more + 1, last_at = excluded.last_at",
        scan_id,
        clock.text(now),
    )


def of_incident(db: StationDatabase, incident_id: int) -> dict[int, int]:
    """By scan, how many more were counted at it."""
    rows = db.rows(
        "SELECT scan_id, more FROM scan_count JOIN scan ON scan.id = scan_id WHERE incident_id = ?",
        incident_id,
    )
    return {row["scan_id"]: row["more"] for row in rows}


def take_out(db: StationDatabase, scan_id: int) -> None:
    """One less: it has got a row of its own; inside the caller's transaction."""
    if not db.write("UPDATE scan_count SET more = more - 1 WHERE scan_id = ? AND more > 1", scan_id):
        db.write("DELETE FROM scan_count WHERE scan_id = ?", scan_id)


def page_token(ring: Keyring, scan_id: int, code: str, request_id: str) -> str:
    """The address of a counted report's page. It holds all that the page needs, so that no row is written for it."""
    salt = int.from_bytes(seal.token_hash(request_id)[:2], "big") % (1 << _SALT_BITS)
    number = (scan_id << _CODE_BITS | int(code)) << _SALT_BITS | salt
    return seal.number_token(ring, "counted", number)


def open_page(ring: Keyring, token: str) -> Counted | None:
    number = seal.open_number_token(ring, "counted", token)
    if number is None:
        return None
    number >>= _SALT_BITS
    return Counted(number >> _CODE_BITS, f"{number % (1 << _CODE_BITS):03d}")


def _at_of(db: StationDatabase, scan: dict[str, Any], act: str, skipped: int) -> str | None:
    """When this source pressed the same at this badge, after so many newer presses."""
    at: str | None = db.scalar(
        "SELECT at FROM scan WHERE station = ? AND serial IS ? AND act = ? AND source = ? "
        "ORDER BY id DESC LIMIT 1 OFFSET ?",
        scan["station"],
        scan["serial"],
        act,
        scan["source"],
        skipped,
    )
    return at


def _crowded(db: StationDatabase, scan: dict[str, Any], since: str, until: str) -> bool:
    at = db.scalar(
        "SELECT at FROM scan WHERE station = ? AND serial IS ? ORDER BY id DESC LIMIT 1 OFFSET ?",
        scan["station"],
        scan["serial"],
        OF_A_BADGE - 1,
    )
    return at is not None and since < at <= until


def _rings_anyway(
    db: StationDatabase, incident_id: int, scan: dict[str, Any], sent: Report, now: datetime
) -> bool:
    """Whether this press would ring nobody, or the next ring of its lane is on its way already."""
    lane = lanes.lane_of(sent)
    return lanes.is_waiting(db, incident_id, lane) or not lanes.is_new(
        db, incident_id, scan["source"], lane, now
    )
