"""What staff do with an incident: claim, move on, hand over, close; each by one conditional UPDATE."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from station import audit, clock
from station.db import IntegrityError, StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.incidents import counting, events, finders, leases
from station.incidents.counting import Crowded
from station.incidents.intake import clean
from station.incidents.states import LEASED, NEXT, ORDER, allowed
from station.vault import Vault
from station.vocabulary import OUTCOMES

UNDO = timedelta(seconds=10)
SLOTS = {"on_site": ("on_site_by",), "liaison": ("liaison_by",), "both": ("on_site_by", "liaison_by")}
LONGEST_MESSAGE = 500
FARTHEST_MINUTES = 600


@dataclass(frozen=True)
class Move:
    """One press that leads an incident on. `version` is the one the officer saw."""

    state: str
    version: int
    eta_minutes: int | None = None
    collected_by: str = ""  # handed_over: the name of who collected the elder
    relation: str = ""
    identity_seen: bool = False
    outcome: str = ""  # closed: a key of vocabulary.OUTCOMES


def claim(
    db: StationDatabase, incident_id: int, slot: str, *, by: int, now: datetime, means: str = ""
) -> None:
    """Take one or both of the two slots of an open incident. Claiming again what one holds changes nothing.

    "join" takes no slot: one goes along, and hears what the holders hear. `means` is how it was pressed, when not on a
    page: key, card.
    Raises Conflict when a colleague already holds a wanted slot, or when the incident is closed.
    """
    if slot == "join":
        _join(db, incident_id, by, now)
        return
    if slot not in SLOTS:
        raise Invalid("slot", "Choose on site, family liaison, or both.")
    columns = SLOTS[slot]
    # The condition is in the UPDATE so that two people pressing at once cannot both win;
    # reading first and writing after would let them.
    free = " AND ".join(f"({column} IS NULL OR {column} = ?)" for column in columns)
    taken = ", ".join(f"{column} = ?" for column in columns)
    with transaction(db):
        before = open_row(db, incident_id)
        if all(before[column] == by for column in columns):
            return
        changed = db.write(
            f"UPDATE incident SET {taken}, version = version + 1 WHERE id = ? AND closed_at IS NULL AND {free}",  # noqa: S608
            *[by] * len(columns),
            incident_id,
            *[by] * len(columns),
        )
        if not changed:
            raise Conflict("A colleague has already taken this. You can still join by phone.")
        to_state = "acked" if before["state"] == "alerting" else None
        if to_state:
            _set_state(db, incident_id, "acked", leases.until(before, "acked", now), now)
        events.add(
            db,
            incident_id,
            "claimed",
            actor="staff",
            staff_id=by,
            from_state=before["state"] if to_state else None,
            to_state=to_state,
            slot=slot,
            detail=means,
            now=now,
        )


def _join(db: StationDatabase, incident_id: int, by: int, now: datetime) -> None:
    with transaction(db):
        row = open_row(db, incident_id)
        if by in (row["on_site_by"], row["liaison_by"]) or by in joined(db, incident_id):
            return
        if row["on_site_by"] is None and row["liaison_by"] is None:
            raise Conflict("Nobody has taken this yet: take it yourself.")
        events.add(db, incident_id, "joined", actor="staff", staff_id=by, now=now)


def joined(db: StationDatabase, incident_id: int) -> list[int]:
    """The staff who go along without holding a slot, in the order in which they came."""
    rows = db.rows(
        "SELECT staff_id FROM event WHERE incident_id = ? AND kind = 'joined' "
        "AND id > coalesce((SELECT max(id) FROM event WHERE incident_id = ? AND kind = 'lapsed'), 0) "
        "GROUP BY staff_id ORDER BY min(id)",
        incident_id,
        incident_id,
    )
    return [row["staff_id"] for row in rows]


def move(db: StationDatabase, vault: Vault, incident_id: int, step: Move, *, by: int, now: datetime) -> None:
    """Lead an incident to the next state, or one step back within ten seconds of one's own press.

    "going" once more is news: still on the way.
    Raises Conflict on a stale version or a step that the states do not allow, Invalid on missing words.
    """
    with transaction(db):
        before = _row(db, incident_id)
        if before["version"] != step.version:
            raise Conflict(
                "A colleague has changed this incident meanwhile. Look at it once more, then press again."
            )
        if step.state not in ORDER:
            raise Invalid("state", "There is no such state.")
        if before["state"] == step.state == "going":
            _check(step)
            leases.still_going(db, before, step.eta_minutes, by=by, now=now)
            return
        if _is_undo(db, before, step.state, by, now):
            try:
                _undo(db, before, step.state, by, now)
            except IntegrityError as error:  # closed, scanned again, and now to be opened beside the new one
                raise Conflict(
                    "This step is not possible now. Load the page again to see where the incident stands."
                ) from error
            return
        if not allowed(before["state"], step.state):
            raise Conflict(
                "This step is not possible now. Load the page again to see where the incident stands."
            )
        _check(step)
        _advance(db, vault, before, step, by, now)


def say(
    db: StationDatabase,
    vault: Vault,
    incident_id: int,
    text: str,
    *,
    by: int | None,
    scan_id: int | None = None,
    now: datetime,
) -> int:
    """Write a message between station (`by` an officer) and finder (`scan_id` theirs); returns its id.

    Without `scan_id` the station writes to all finders of the incident. At most 500 characters are kept.
    Raises Crowded when finders have written too much.
    """
    cleaned = clean(text)[:LONGEST_MESSAGE]
    if not cleaned:
        raise Invalid("text", "Write a few words first.")
    uid = uuid.uuid4().hex
    with transaction(db):
        row = open_row(db, incident_id)
        if by is None and not counting.has_room_for_words(db, incident_id, now):
            raise Crowded("Many reports came at once. Please ring the station and tell it there.")
        if by and scan_id is not None:
            scan_id = finders.in_incident(db, scan_id, incident_id)
        message_id = db.insert(
            "message",
            uid=uid,
            incident_id=incident_id,
            scan_id=scan_id,
            side="station" if by else "finder",
            staff_id=by,
            content=vault.seal(f"incident/{incident_id}", f"message|{uid}|content", cleaned),
            at=clock.text(now),
        )
        events.add(
            db,
            incident_id,
            "message",
            actor="staff" if by else "finder",
            staff_id=by,
            scan_id=scan_id,
            detail=str(message_id),
            now=now,
        )
        if by and row["state"] in LEASED:
            leases.put(db, incident_id, leases.until(row, "going", now))
    return message_id


def seen(db: StationDatabase, incident_id: int, *, by: int, now: datetime, means: str = "") -> None:
    """An officer has the incident on the screen, or pressed what `means` says; written once for each officer."""
    with transaction(db):
        known = db.scalar(
            "SELECT 1 FROM event WHERE incident_id = ? AND kind = 'seen' AND staff_id = ?", incident_id, by
        )
        if not known:
            open_row(db, incident_id)
            events.add(db, incident_id, "seen", actor="staff", staff_id=by, detail=means, now=now)


def end_drill(db: StationDatabase, incident_id: int, now: datetime) -> None:
    """A drill ends by itself. A real incident never does, so the condition is in the UPDATE."""
    with transaction(db):
        state = open_row(db, incident_id)["state"]
        ended = db.write(
            "UPDATE incident SET state = 'closed', outcome = 'drill', closed_at = ?, lease_until = NULL, "
            "version = version + 1 WHERE id = ? AND kind = 'drill' AND closed_at IS NULL",
            clock.text(now),
            incident_id,
        )
        if ended:
            events.add(
                db,
                incident_id,
                "closed",
                actor="system",
                from_state=state,
                to_state="closed",
                detail="drill",
                now=now,
            )


def _row(db: StationDatabase, incident_id: int) -> dict[str, Any]:
    row = db.row("SELECT * FROM incident WHERE id = ?", incident_id)
    if row is None:
        raise NotFound("There is no such incident.")
    return row


def open_row(db: StationDatabase, incident_id: int) -> dict[str, Any]:
    """The incident's row. Raises NotFound, Conflict when it is closed."""
    row = _row(db, incident_id)
    if row["closed_at"] is not None:
        raise Conflict("This incident is closed.")
    return row


def _check(step: Move) -> None:
    if step.state == "handed_over" and not clean(step.collected_by):
        raise Invalid("collected_by", "Write who collected the elder.")
    if step.state == "closed" and step.outcome not in OUTCOMES:
        raise Invalid("outcome", "Choose how it ended.")
    if step.eta_minutes is not None and not 0 <= step.eta_minutes <= FARTHEST_MINUTES:
        raise Invalid("eta_minutes", "Give the minutes until arrival as a number from 0 to 600.")


def _advance(
    db: StationDatabase, vault: Vault, before: dict[str, Any], step: Move, by: int, now: datetime
) -> None:
    incident_id = before["id"]
    if step.state == "handed_over":
        _keep_handover(db, vault, incident_id, step, by, now)
    if step.state == "closed":
        db.write(
            "UPDATE incident SET state = 'closed', outcome = ?, closed_at = ?, lease_until = NULL, "
            "version = version + 1 WHERE id = ?",
            step.outcome,
            clock.text(now),
            incident_id,
        )
    else:
        _set_state(db, incident_id, step.state, leases.until(before, step.state, now, step.eta_minutes), now)
        arrives = None if step.eta_minutes is None else clock.text(now + timedelta(minutes=step.eta_minutes))
        # Kept when the elder is reached, so that a step back within ten seconds brings it back too.
        db.write(
            "UPDATE incident SET arrives_at = iif(? = 'going', ?, arrives_at), version = version + 1 WHERE id = ?",
            step.state,
            arrives,
            incident_id,
        )
    events.add(
        db,
        incident_id,
        "closed" if step.state == "closed" else "moved",
        actor="staff",
        staff_id=by,
        from_state=before["state"],
        to_state=step.state,
        detail=step.outcome,
        now=now,
    )
    audit.record(
        db, vault.ring, staff_id=by, action=f"incident.{step.state}", about=f"incident/{incident_id}", now=now
    )


def _is_undo(db: StationDatabase, row: dict[str, Any], state: str, by: int, now: datetime) -> bool:
    last = db.row(
        "SELECT * FROM event WHERE incident_id = ? AND to_state IS NOT NULL ORDER BY id DESC LIMIT 1",
        row["id"],
    )
    return (
        last is not None
        and last["kind"] in ("moved", "closed")
        and last["staff_id"] == by
        and last["from_state"] == state
        and state not in NEXT[row["state"]]
        and now - clock.parse(last["at"]) <= UNDO
    )


def _undo(db: StationDatabase, row: dict[str, Any], state: str, by: int, now: datetime) -> None:
    db.write("DELETE FROM handover WHERE incident_id = ? AND ? = 'handed_over'", row["id"], row["state"])
    db.write(
        "UPDATE incident SET state = ?, outcome = NULL, closed_at = NULL, lease_until = ?, version = version + 1 "
        "WHERE id = ?",
        state,
        leases.until(row, state, now),
        row["id"],
    )
    events.add(
        db, row["id"], "undone", actor="staff", staff_id=by, from_state=row["state"], to_state=state, now=now
    )


def _keep_handover(
    db: StationDatabase, vault: Vault, incident_id: int, step: Move, by: int, now: datetime
) -> None:
    content = {
        "collected_by": clean(step.collected_by)[:80],
        "relation": step.relation,
        "identity_seen": step.identity_seen,
    }
    db.write(
        "INSERT INTO handover (incident_id, content, staff_id, at) VALUES (?, ?, ?, ?)",
        incident_id,
        vault.seal(f"incident/{incident_id}", f"handover|{incident_id}|content", content),
        by,
        clock.text(now),
    )


def _set_state(db: StationDatabase, incident_id: int, state: str, lease: str | None, now: datetime) -> None:
    db.write("UPDATE incident SET state = ?, lease_until = ? WHERE id = ?", state, lease, incident_id)
