"""The alert rows on their way out: claimed by the sender, tried, retried until accepted or no longer called for."""

import json
import random
from collections import Counter
from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import clock
from station.alerts.gates import URGENT, Rooms
from station.channels.base import Result
from station.channels.registry import KINDS
from station.db import StationDatabase, transaction
from station.incidents.states import LEASED, rings
from station.vocabulary import N_

BACKOFF_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
FARTHEST_DUE = timedelta(seconds=90)
# How long after closing the last words are still worth sending.
LAST_WORDS = timedelta(hours=24)
MOST_REMEMBERED = 10_000  # attempts that are looked at for what happened lately
SOFT_LIVES = timedelta(minutes=10)
STOPPED = N_("the sender stopped meanwhile")
RINGING = tuple(kind for kind, channel in KINDS.items() if channel.rings)


@dataclass(frozen=True)
class Due:
    """One attempt that is to be made now."""

    alert_id: int
    uid: str
    kind: str
    step: int
    incident_id: int | None
    scan_id: int | None
    event_id: int | None
    address_id: int
    staff_id: int | None
    contact_id: int | None
    attempt: int
    rehearsal_id: int | None = None
    about: str = ""


def reclaim(db: StationDatabase, now: datetime) -> int:
    """At the sender's start: what a dead sender left in the air goes out again. Twice is better than lost."""
    if not db.scalar("SELECT 1 FROM alert WHERE state = 'sending' LIMIT 1"):
        return 0
    with transaction(db):
        db.write(
            "UPDATE attempt SET outcome = 'unknown', ended_at = ?, detail = ? WHERE outcome = 'sending'",
            clock.text(now),
            STOPPED,
        )
        return db.write(
            "UPDATE alert SET state = 'pending', due_at = ? WHERE state = 'sending'", clock.text(now)
        )


def claim(db: StationDatabase, now: datetime, most: int, rooms: Rooms | None = None) -> list[Due]:
    """Take up to `most` due alerts: notices first, for they tell somebody of an elder for the first time, and of these

    the first message of each incident before the second of any. An attempt that failed counts as a turn, so that who
    refuses again and again holds up nobody, and a first word that got lost goes before the third of others.
    Those no longer called for are cancelled.

    `rooms` says how many each channel may have, so that a slow one cannot take the slots of all others.
    """
    rooms = rooms or Rooms(most, {})
    rows = _due_rows(db, now, most, rooms)
    if not rows:
        return []
    with transaction(db):
        incidents = _incidents(db, rows)
        called_for = [
            row
            for row in rows
            if _still_called_for(db, row, incidents.get(row["incident_id"]), now)
            and not _need_not_ring(db, row, rooms)
        ]
        wanted = {row["id"] for row in called_for}
        _move(db, "cancelled", [row["id"] for row in rows if row["id"] not in wanted])
        moved = _move(db, "sending", wanted, and_set=", attempts = attempts + 1")
        taken = [row for row in called_for if row["id"] in moved]
        begun = {"started_at": clock.text(now), "outcome": "sending"}
        attempts = [{"alert_id": row["id"], "number": row["attempts"] + 1, **begun} for row in taken]
        db.insert_new("attempt", attempts, "alert_id, number")
    return [_due(row) for row in taken]


def _incidents(db: StationDatabase, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    wanted = json.dumps(sorted({row["incident_id"] for row in rows if row["incident_id"] is not None}))
    found = db.rows("SELECT * FROM incident WHERE id IN (SELECT value FROM json_each(?))", wanted)
    return {row["id"]: row for row in found}


def _move(db: StationDatabase, state: str, ids: Collection[int], and_set: str = "") -> set[int]:
    """Those of the alerts that were pending and now are in another state."""
    if not ids:
        return set()
    moved = db.rows(
        f"UPDATE alert SET state = ?{and_set} WHERE id IN (SELECT value FROM json_each(?)) "  # noqa: S608
        "AND state = 'pending' RETURNING id",
        state,
        json.dumps(sorted(ids)),
    )
    return {row["id"] for row in moved}


def put_back(db: StationDatabase, due: Due, seconds: float, now: datetime) -> None:
    """Undo a claim whose way turned out to be shut: no attempt was made."""
    with transaction(db):
        db.write("DELETE FROM attempt WHERE alert_id = ? AND number = ?", due.alert_id, due.attempt)
        db.write(
            "UPDATE alert SET state = 'pending', attempts = attempts - 1, due_at = ? WHERE id = ? AND state = 'sending'",
            clock.text(now + timedelta(seconds=seconds)),
            due.alert_id,
        )


def record(db: StationDatabase, results: list[tuple[Due, Result]], now: datetime) -> None:
    """Write what became of attempts, many in one transaction."""
    with transaction(db):
        _end_attempts(db, results, now)
        for due, result in results:
            if result.outcome != "ok":
                _record_one(db, due, result, now)
        # What the provider said later may have been written first.
        db.write(
            "UPDATE alert SET state = 'accepted', accepted_at = ? WHERE state <> 'failed' "
            "AND id IN (SELECT value FROM json_each(?))",
            clock.text(now),
            json.dumps([due.alert_id for due, result in results if result.outcome == "ok"]),
        )


def lately(db: StationDatabase, since: datetime, now: datetime) -> list[dict[str, Any]]:
    """The attempts of the last minutes as they ended, oldest first: address_id, outcome, pause_s, ended_at.

    One that a sender left in the air may have arrived; it counts as ended when that was noticed.
    """
    newest = db.scalar("SELECT max(id) FROM attempt") or 0
    return db.rows(
        "SELECT alert.address_id, attempt.outcome, attempt.pause_s, attempt.ended_at FROM attempt "
        "JOIN alert ON alert.id = attempt.alert_id WHERE attempt.id > ? AND attempt.ended_at > ? "
        "AND attempt.ended_at <= ? ORDER BY attempt.ended_at, attempt.id",
        newest - MOST_REMEMBERED,
        clock.text(since),
        clock.text(now),
    )


def waiting_until(db: StationDatabase) -> datetime | None:
    """When the next pending alert is due."""
    at = db.scalar("SELECT min(due_at) FROM alert WHERE state = 'pending'")
    return clock.parse(at) if at else None


def mend_clock(db: StationDatabase, now: datetime) -> None:
    """After the machine's clock stepped back, nothing may wait longer than the longest backoff."""
    far = clock.text(now + FARTHEST_DUE)
    if db.scalar("SELECT 1 FROM alert WHERE state = 'pending' AND due_at > ? LIMIT 1", far):
        with transaction(db):
            db.write(
                "UPDATE alert SET due_at = ? WHERE state = 'pending' AND due_at > ?", clock.text(now), far
            )


def backoff_s(attempt: int, chance: float) -> float:
    """Seconds until the next try: 1, 2, 5, 10, 20, then 30 for ever, plus or minus half. `chance` is 0 to 1."""
    base = BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
    return min(base * (0.5 + chance), BACKOFF_S[-1])


def of_incident(db: StationDatabase, incident_id: int) -> list[dict[str, Any]]:
    """Every attempt of an incident's alerts: who was told what when, and what came of it."""
    return db.rows(
        "SELECT alert.kind, alert.staff_id, alert.contact_id, alert.state, channel.label, channel.kind AS channel, "
        "attempt.number, attempt.started_at, attempt.ended_at, attempt.outcome, attempt.detail "
        "FROM attempt JOIN alert ON alert.id = attempt.alert_id JOIN address ON address.id = alert.address_id "
        "JOIN channel ON channel.id = address.channel_id WHERE alert.incident_id = ? ORDER BY attempt.id",
        incident_id,
    )


def _due_rows(db: StationDatabase, now: datetime, most: int, rooms: Rooms) -> list[dict[str, Any]]:
    """What is due, and of each channel no more than it has room for.

    A channel that has more gives what fits and is left out of the next look. One statement that counts by channel
    would sort all that waits.
    """
    if not db.scalar("SELECT 1 FROM alert WHERE state = 'pending' AND due_at <= ? LIMIT 1", clock.text(now)):
        return []
    shut = {channel for channel, used in rooms.used.items() if used >= rooms.share} | rooms.shut_channels
    taken: list[dict[str, Any]] = []
    while len(taken) < most:
        found = _first_due(db, now, most - len(taken), shut, rooms)
        waiting = Counter(row["channel_id"] for row in found)
        crowded = {channel for channel, count in waiting.items() if count > rooms.left(channel)}
        if not crowded:
            return taken + found
        for channel in crowded:
            taken += [row for row in found if row["channel_id"] == channel][: rooms.left(channel)]
        shut |= crowded
    return taken


def _first_due(
    db: StationDatabase, now: datetime, most: int, channels: Set[int], rooms: Rooms
) -> list[dict[str, Any]]:
    """The first that are due, without those of some channels and of addresses that have no room."""
    here, there, rush, spare = (
        ", ".join("?" * len(some)) for some in (channels, rooms.shut_addresses, URGENT, rooms.urgent_only)
    )
    return db.rows(
        "SELECT alert.*, address.channel_id, channel.kind AS channel_kind FROM alert "  # noqa: S608
        "JOIN address ON address.id = alert.address_id JOIN channel ON channel.id = address.channel_id "
        f"WHERE alert.state = 'pending' AND alert.due_at <= ? AND address.channel_id NOT IN ({here}) "
        f"AND address.id NOT IN ({there}) AND (alert.kind IN ({rush}) OR address.id NOT IN ({spare})) "
        "ORDER BY alert.kind <> 'notice', alert.turn + alert.attempts, alert.id LIMIT ?",
        clock.text(now),
        *channels,
        *rooms.shut_addresses,
        *URGENT,
        *rooms.urgent_only,
        most,
    )


def _need_not_ring(db: StationDatabase, row: dict[str, Any], rooms: Rooms) -> bool:
    """A phone is called for rings after the first alone, and for all else only when nothing else reaches the person."""
    if row["channel_kind"] not in RINGING or row["kind"] in ("drill", "trial"):
        return False
    if row["kind"] == "ladder" and row["step"] != 0:
        return False
    marks, shut = ", ".join("?" * len(RINGING)), ", ".join("?" * len(rooms.shut_channels))
    quieter = db.scalar(
        "SELECT 1 FROM alert JOIN address ON address.id = alert.address_id "  # noqa: S608
        "JOIN channel ON channel.id = address.channel_id WHERE alert.uid = ? AND alert.state <> 'failed' "
        f"AND channel.kind NOT IN ({marks}) AND channel.id NOT IN ({shut}) LIMIT 1",
        row["uid"],
        *RINGING,
        *rooms.shut_channels,
    )
    return quieter is not None


def _still_called_for(
    db: StationDatabase, row: dict[str, Any], incident: dict[str, Any] | None, now: datetime
) -> bool:
    """Looked at again before every attempt: a claim silences the ladder, a closing silences nearly all."""
    age = now - clock.parse(row["created_at"])
    if row["kind"] in ("soft_notice", "trial", "entry") or row["rehearsal_id"] is not None:
        return age < SOFT_LIVES
    if row["kind"] == "roster":
        return age < LAST_WORDS
    if row["kind"] in ("tonight", "report"):
        return age < LAST_WORDS
    assert incident is not None, "alerts belong to incidents"
    if row["kind"] == "closed":
        return incident["closed_at"] is not None and age < LAST_WORDS
    if row["kind"] == "message" and row["contact_id"] is not None:  # what the family must be told
        return age < LAST_WORDS
    if incident["closed_at"] is not None:
        return False
    if row["kind"] != "ladder":
        return True
    return _ring_called_for(db, row, incident)


def _ring_called_for(db: StationDatabase, row: dict[str, Any], incident: dict[str, Any]) -> bool:
    if row["step"] < 0:
        return incident["state"] in LEASED
    if not rings(incident) or incident["ring_round"] != row["ring_round"]:
        return False
    if row["staff_id"] in (incident["on_site_by"], incident["liaison_by"]):
        return False  # has a part already
    # A ring that was tried stays the same message until it arrives; one that never left gives way to the newer.
    return row["attempts"] > 0 or not _rung_again(db, row)


def _placed_again(db: StationDatabase, row: dict[str, Any]) -> bool:
    """Whether a newer message of the place waits for the same address: each tells the place as it is now."""
    newer = db.scalar(
        "SELECT 1 FROM alert WHERE incident_id = ? AND id > ? AND address_id = ? AND kind = 'place' AND state = 'pending'",
        *(row[name] for name in ("incident_id", "id", "address_id")),
    )
    return newer is not None


def _rung_again(db: StationDatabase, row: dict[str, Any]) -> bool:
    """Whether a newer ring waits for the same address: after an outage one is enough, however many were missed."""
    newer = db.scalar(
        "SELECT 1 FROM alert WHERE incident_id = ? AND id > ? AND address_id = ? AND kind = 'ladder' AND ring_round = ? "
        "AND step > ? AND state = 'pending'",
        *(row[name] for name in ("incident_id", "id", "address_id", "ring_round", "step")),
    )
    return newer is not None


def _end_attempts(db: StationDatabase, results: list[tuple[Due, Result]], now: datetime) -> None:
    ended = [
        (due.alert_id, due.attempt, one.outcome, one.provider_id, one.detail, one.retry_after_s)
        for due, one in results
    ]
    db.write(
        "UPDATE attempt SET ended_at = ?, outcome = told.outcome, provider_id = told.provider_id, detail = told.detail, "
        "pause_s = told.pause_s FROM (SELECT json_extract(value, '$[0]') AS alert_id, json_extract(value, '$[1]') AS "
        "number, json_extract(value, '$[2]') AS outcome, json_extract(value, '$[3]') AS provider_id, "
        "json_extract(value, '$[4]') AS detail, CAST(json_extract(value, '$[5]') AS REAL) AS pause_s "
        "FROM json_each(?)) AS told WHERE attempt.alert_id = told.alert_id AND attempt.number = told.number",
        clock.text(now),
        json.dumps(ended),
    )


def _record_one(db: StationDatabase, due: Due, result: Result, now: datetime) -> None:
    """What becomes of an alert whose attempt was refused or failed."""
    at = clock.text(now)
    if result.outcome == "permanent":
        db.write(
            "UPDATE alert SET state = 'failed', last_detail = ? WHERE id = ?", result.detail, due.alert_id
        )
        _ring_instead(db, due.uid, at)
    else:
        wait = max(backoff_s(due.attempt, random.random()), result.retry_after_s or 0)  # noqa: S311 - jitter
        db.write(
            "UPDATE alert SET state = 'pending', due_at = ?, last_detail = ? WHERE id = ?",
            clock.text(now + timedelta(seconds=wait)),
            result.detail,
            due.alert_id,
        )


def report_failed(db: StationDatabase, alert_id: int, detail: str, now: datetime) -> bool:
    """What was taken turned out never to arrive: as after a refusal for good; inside the caller's transaction.

    False when the alert waits for another attempt anyway, or was called off.
    """
    changed = db.write(
        "UPDATE alert SET state = 'failed', accepted_at = NULL, last_detail = ? WHERE id = ? "
        "AND state IN ('accepted', 'sending')",
        detail,
        alert_id,
    )
    if changed:
        _ring_instead(db, db.scalar("SELECT uid FROM alert WHERE id = ?", alert_id), clock.text(now))
    return bool(changed)


def report_delivered(db: StationDatabase, alert_id: int, now: datetime) -> None:
    """What was said to have failed, or of which nobody knew, has arrived; inside the caller's transaction."""
    db.write(
        "UPDATE alert SET state = 'accepted', accepted_at = ? WHERE id = ? AND attempts > 0 "
        "AND state IN ('failed', 'pending')",
        clock.text(now),
        alert_id,
    )


def _ring_instead(db: StationDatabase, uid: str, at: str) -> None:
    """What fails for good brings back at once the call that was spared because of it; `claim` decides anew."""
    marks = ", ".join("?" * len(RINGING))
    db.write(
        "UPDATE alert SET state = 'pending', due_at = ? WHERE uid = ? AND state = 'cancelled' AND attempts = 0 "  # noqa: S608
        "AND address_id IN (SELECT address.id FROM address JOIN channel ON channel.id = address.channel_id "
        f"WHERE channel.kind IN ({marks}))",
        at,
        uid,
        *RINGING,
    )


def _due(row: dict[str, Any]) -> Due:
    same = (
        "uid", "kind", "step", "incident_id", "scan_id", "event_id", "address_id", "staff_id", "contact_id",
        "rehearsal_id", "about",
    )  # fmt: skip
    return Due(alert_id=row["id"], attempt=row["attempts"] + 1, **{key: row[key] for key in same})
