"""A flood's further reports are counted, not kept one by one; each finder still has a page of their own.

docs/decisions/0009 says which ones: what rings nobody, or is rung for anyhow, once a budget of rows is used up.
"""

from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.db import StationDatabase
from station.errors import Conflict
from station.incidents import lanes, sightings
from station.incidents.intake import Report, Sighting
from station.vault import Vault

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Budget = tuple[tuple[timedelta, int], ...]
# So many same presses of one source at one badge have rows of their own: a family, a class, a crowd behind one
# carrier's address is told apart, and each can be found by the code of its page. Who tells something gets more.
OF_PRESSES: Budget = ((MINUTE, 3),)
OF_NEWS: Budget = ((MINUTE, 30), (HOUR, 120))
# So many rows of one incident until all else is counted. Whoever has not been heard yet goes before who has, so that
# a flood of however many networks has soon used up its own share and the true finder finds room.
OF_THE_KNOWN: Budget = ((MINUTE, 30), (HOUR, 300))
OF_THE_NEW: Budget = ((MINUTE, 60), (HOUR, 1200))
# Of places that are put right on the finders' pages of an incident, and of what finders write there.
OF_PLACES: Budget = ((MINUTE, 60), (HOUR, 600))
OF_WORDS: Budget = ((MINUTE, 30), (HOUR, 300))


class Crowded(Conflict):
    """So many rows were written for an incident that what is no sighting must wait."""


def tells_nothing(sent: Report) -> bool:
    """Whether a report is a mere press."""
    return sent.sighting == Sighting() and not sent.note and not sent.phone


def anchor(
    db: StationDatabase,
    vault: Vault,
    scan: dict[str, Any],
    sent: Report,
    incident_id: int | None,
    now: datetime,
) -> dict[str, Any] | None:
    """The scan at which this report is to be counted; None when it gets a row of its own.

    `scan` holds station, serial and source. Never for the first of its act, nor when nobody would be rung for it.
    """
    own = _of_source(db, scan, sent.act, incident_id, now)
    news = incident_id is not None and not tells_nothing(sent)
    has_used_up = _is_spent(own, OF_NEWS if news else OF_PRESSES, now)
    if not has_used_up and not _crowded(db, scan, incident_id, now):
        return None
    if incident_id and (news or not has_used_up) and _is_news(db, vault, incident_id, scan, sent, now):
        return None
    return own[0] if own else _newest(db, scan, sent.act, incident_id, now)


def add(db: StationDatabase, scan_id: int, told: bytes | None, now: datetime, more: int = 1) -> None:
    """One more (or so many), and what it told (sealed), which takes the place of what the one before told; inside the

    caller's transaction.
    """
    db.write(
        "INSERT INTO scan_count (scan_id, more, last_at, told) VALUES (?, ?, ?, ?) ON CONFLICT (scan_id) DO UPDATE "
        "SET more = more + excluded.more, last_at = excluded.last_at, told = coalesce(excluded.told, told)",
        scan_id,
        more,
        clock.text(now),
        told,
    )


def sealed(vault: Vault, scan: dict[str, Any], told: dict[str, Any]) -> bytes:
    """What a report told that is counted at a scan."""
    return vault.seal(f"incident/{scan['incident_id']}", f"scan_count|{scan['uid']}|told", told)


def opened(vault: Vault, scan: dict[str, Any], told: bytes | None) -> dict[str, Any]:
    """What the last one told that was counted at a scan: lat, lon, accuracy_m, place, note, phone; only what was told."""
    if told is None:
        return {}
    found: dict[str, Any] = vault.open(
        f"incident/{scan['incident_id']}", f"scan_count|{scan['uid']}|told", told
    )
    return found


def has_room_for_place(
    db: StationDatabase, vault: Vault, incident_id: int, sent: Report, now: datetime
) -> bool:
    """Whether a better place on a finder's own page makes a line in the story; else it is written at the report alone."""
    rows = db.rows(
        "SELECT at FROM event WHERE incident_id = ? AND kind = 'place' AND actor = 'finder' ORDER BY id DESC LIMIT ?",
        incident_id,
        OF_PLACES[-1][1],
    )
    return not _is_spent(rows, OF_PLACES, now) or _is_told(db, vault, incident_id, sent)


def has_room(db: StationDatabase, incident_id: int | None, now: datetime) -> bool:
    """Whether a counted report may have a row of its own after all."""
    return not _is_full(db, "incident_id IS ?", [incident_id], OF_THE_NEW, now)


def has_room_for_words(db: StationDatabase, incident_id: int, now: datetime) -> bool:
    """Whether the finders of an incident may write one more message."""
    rows = db.rows(
        "SELECT at FROM message WHERE incident_id = ? AND side = 'finder' ORDER BY id DESC LIMIT ?",
        incident_id,
        OF_WORDS[-1][1],
    )
    return not _is_spent(rows, OF_WORDS, now)


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


def _is_spent(rows: list[dict[str, Any]], budget: Budget, now: datetime) -> bool:
    """Whether the rows, newest first, use up any of the budget's spans."""
    return any(len(rows) >= most and _within(rows[most - 1]["at"], span, now) for span, most in budget)


def _within(at: str, span: timedelta, now: datetime) -> bool:
    return clock.text(now - span) < at <= clock.text(now + clock.OUT_OF_ORDER)


def _of_source(
    db: StationDatabase, scan: dict[str, Any], act: str, incident_id: int | None, now: datetime
) -> list[dict[str, Any]]:
    """Where this source did the same in the last hour, newest first."""
    rows = db.rows(
        "SELECT id, uid, incident_id, at FROM scan WHERE station = ? AND serial IS ? AND act = ? AND source = ? "
        "ORDER BY id DESC LIMIT ?",
        scan["station"],
        scan["serial"],
        act,
        scan["source"],
        OF_NEWS[-1][1],
    )
    return [row for row in rows if row["incident_id"] == incident_id and _within(row["at"], HOUR, now)]


def _newest(
    db: StationDatabase, scan: dict[str, Any], act: str, incident_id: int | None, now: datetime
) -> dict[str, Any] | None:
    """Where anybody did the same in the last hour, among the newest of the badge."""
    row = db.row(
        "SELECT id, uid, incident_id, at FROM (SELECT * FROM scan WHERE station = ? AND serial IS ? "
        "ORDER BY id DESC LIMIT ?) WHERE act = ? AND incident_id IS ? ORDER BY id DESC LIMIT 1",
        scan["station"],
        scan["serial"],
        OF_THE_NEW[0][1],
        act,
        incident_id,
    )
    return row if row and _within(row["at"], HOUR, now) else None


def _crowded(db: StationDatabase, scan: dict[str, Any], incident_id: int | None, now: datetime) -> bool:
    """Whether an incident has so many rows, or a badge outside of any, that this source must wait for others."""
    of, which = "incident_id = ?", [incident_id]
    if incident_id is None:
        of, which = "station = ? AND serial IS ?", [scan["station"], scan["serial"]]

    if not _is_full(db, of, which, OF_THE_KNOWN, now):
        return False
    return _is_known(db, scan, incident_id) or _is_full(db, of, which, OF_THE_NEW, now)


def _is_full(db: StationDatabase, of: str, which: list[int | None], budget: Budget, now: datetime) -> bool:
    for span, most in budget:
        at = db.scalar(
            f"SELECT at FROM scan WHERE {of} ORDER BY id DESC LIMIT 1 OFFSET ?",  # noqa: S608
            *which,
            most - 1,
        )
        if at is not None and _within(at, span, now):
            return True
    return False


def _is_known(db: StationDatabase, scan: dict[str, Any], incident_id: int | None) -> bool:
    """Whether this source has been heard in the incident; each one's first report is a sighting."""
    return (
        incident_id is not None
        and db.scalar(
            "SELECT 1 FROM sighting WHERE incident_id = ? AND source = ? LIMIT 1", incident_id, scan["source"]
        )
        is not None
    )


def _is_news(
    db: StationDatabase,
    vault: Vault,
    incident_id: int,
    scan: dict[str, Any],
    sent: Report,
    now: datetime,
) -> bool:
    """Whether somebody is to be rung for this report, or told its place, and no other one waits that does it."""
    lane = lanes.lane_of(sent)
    if not lanes.is_waiting(db, incident_id, lane) and lanes.is_new(
        db, incident_id, scan["source"], lane, now
    ):
        return True
    return _is_told(db, vault, incident_id, sent)


def _is_told(db: StationDatabase, vault: Vault, incident_id: int, sent: Report) -> bool:
    """Whether everybody is to be told its place, and no other place waits for that."""
    waits = lanes.moved(db, incident_id, lanes.lane_of(sent)) is not None
    return not waits and sightings.is_news(db, vault, incident_id, sent.sighting)
