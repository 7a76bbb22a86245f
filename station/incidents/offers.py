"""Handing a claim over: the holder offers it to a colleague, who must accept; until then nothing changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import clock
from station.db import IntegrityError, StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.incidents import acts, events, leases

COLUMNS = {"on_site": "on_site_by", "liaison": "liaison_by"}
HELD = {"on_site": ("on_site",), "liaison": ("liaison",), "both": ("on_site", "liaison")}


@dataclass(frozen=True)
class Offer:
    id: int
    incident_id: int
    slot: str  # on_site, liaison, both
    from_id: int
    to_id: int
    at: datetime


def offer(db: StationDatabase, incident_id: int, *, by: int, to: int, now: datetime) -> None:
    """Offer all that one holds of an incident to a colleague, who hears of it at once.

    Raises Conflict when one holds nothing of it, Invalid when the colleague may not claim. Asking another one
    withdraws the earlier offer.
    """
    with transaction(db):
        row = acts.open_row(db, incident_id)
        held = [slot for slot, column in COLUMNS.items() if row[column] == by]
        if not held:
            raise Conflict("You do not hold this incident, so there is nothing to hand over.")
        _check_colleague(db, row["station"], by, to)
        _end(db, incident_id, by, "withdrawn", now)
        slot = "both" if len(held) == 2 else held[0]
        try:
            db.insert(
                "claim_offer",
                incident_id=incident_id,
                slot=slot,
                from_id=by,
                to_id=to,
                at=clock.text(now),
            )
        except IntegrityError as error:
            raise Conflict("You have just offered it to somebody else.") from error
        events.add(db, incident_id, "offered", actor="staff", staff_id=by, slot=slot, detail=str(to), now=now)


def answer(db: StationDatabase, incident_id: int, *, accept: bool, by: int, now: datetime) -> None:
    """The colleague says yes, and holds from now on what the other held; or no.

    Raises Conflict when nothing is offered to them, or the other does not hold it any more.
    """
    with transaction(db):
        row = acts.open_row(db, incident_id)
        found = _offered_to(db, incident_id, by)
        if found is None:
            raise Conflict("Nothing is offered to you here any more.")
        _end(db, incident_id, found.from_id, "accepted" if accept else "refused", now)
        if accept:
            _move(db, row, found, now)
        kind = "taken_over" if accept else "declined"
        detail = str(found.from_id)
        events.add(db, incident_id, kind, actor="staff", staff_id=by, slot=found.slot, detail=detail, now=now)


def waiting(db: StationDatabase, incident_id: int) -> list[Offer]:
    """The offers that nobody has answered and whose holder still holds what they offered."""
    rows = db.rows(
        "SELECT claim_offer.* FROM claim_offer JOIN incident ON incident.id = incident_id "
        "WHERE incident_id = ? AND claim_offer.state = 'offered' AND closed_at IS NULL "
        "AND from_id IN (on_site_by, liaison_by) AND NOT EXISTS ("
        "SELECT 1 FROM event AS lapse WHERE lapse.incident_id = claim_offer.incident_id AND lapse.kind = 'lapsed' "
        "AND lapse.id > (SELECT max(id) FROM event WHERE event.incident_id = claim_offer.incident_id "
        "AND event.kind = 'offered' AND event.staff_id = from_id)) ORDER BY claim_offer.id",
        incident_id,
    )
    return [_offer(row) for row in rows]


def _offered_to(db: StationDatabase, incident_id: int, staff_id: int) -> Offer | None:
    return next((one for one in waiting(db, incident_id) if one.to_id == staff_id), None)


def _move(db: StationDatabase, row: dict[str, Any], found: Offer, now: datetime) -> None:
    for slot in HELD[found.slot]:
        column = COLUMNS[slot]
        changed = db.write(
            f"UPDATE incident SET {column} = ?, version = version + 1 WHERE id = ? AND {column} = ?",  # noqa: S608
            found.to_id,
            found.incident_id,
            found.from_id,
        )
        if not changed:
            raise Conflict("Your colleague does not hold this any more. Look at the incident once more.")
    leases.renew(db, row, now)


def _end(db: StationDatabase, incident_id: int, from_id: int, state: str, now: datetime) -> None:
    db.write(
        "UPDATE claim_offer SET state = ?, answered_at = ? WHERE incident_id = ? AND from_id = ? AND state = 'offered'",
        state,
        clock.text(now),
        incident_id,
        from_id,
    )


def _check_colleague(db: StationDatabase, station: int, by: int, to: int) -> None:
    row = db.row("SELECT role, station, active FROM staff WHERE id = ?", to)
    if to == by or row is None or row["station"] != station or not row["active"]:
        raise Invalid("to", "Choose a colleague.")
    if row["role"] not in ("duty", "secretary"):
        raise Invalid("to", "This colleague's account may not take incidents. Choose another one.")


def _offer(row: dict[str, Any]) -> Offer:
    return Offer(
        row["id"], row["incident_id"], row["slot"], row["from_id"], row["to_id"], clock.parse(row["at"])
    )
