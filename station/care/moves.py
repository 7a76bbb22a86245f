"""An elder moves into another station's care: offered with consent, accepted there, and from then on theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from station import audit, clock, communities
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound
from station.issuing import orders
from station.vault import Vault

GIVEN_BY = ("elder", "guardian", "relative")
MEANS = ("desk", "paper")


@dataclass(frozen=True)
class Move:
    """One hand-over of a record between two stations."""

    id: int
    elder_id: int
    from_station: int
    to_station: int
    state: str  # offered, accepted, refused, withdrawn
    given_by: str
    means: str
    offered_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class Consent:
    """Who agreed that the other station gets the record, and how."""

    given_by: str
    means: str


def offer(
    db: StationDatabase,
    vault: Vault,
    elder_id: int,
    to_station: int,
    consent: Consent,
    *,
    by: int,
    now: datetime,
) -> int:
    """Offer the record to another station of this service. Until that one accepts, nothing changes.

    Raises Invalid without a consent or for a station that is none, Conflict while another offer waits.
    """
    if consent.given_by not in GIVEN_BY or consent.means not in MEANS:
        raise Invalid("given_by", "Without consent the record may not be handed on. Say who agreed.")
    with transaction(db):
        row = db.row("SELECT station, status FROM elder WHERE id = ?", elder_id)
        if row is None:
            raise NotFound("There is no such elder in the register.")
        if row["status"] != "living":
            raise Conflict("This record has ended. Take that back first.")
        if to_station == row["station"] or not db.scalar(
            "SELECT 1 FROM station WHERE number = ?", to_station
        ):
            raise Invalid("to_station", "Choose the station that will look after the elder.")
        if of_elder(db, elder_id) is not None:
            raise Conflict("The record has been offered already. Take that back first.")
        move_id = db.insert(
            "elder_move",
            elder_id=elder_id,
            from_station=row["station"],
            to_station=to_station,
            given_by=consent.given_by,
            means=consent.means,
            offered_by=by,
            offered_at=clock.text(now),
        )
        _note(db, vault, "offered", elder_id, move_id, by=by, now=now)
    return move_id


def get(db: StationDatabase, move_id: int) -> Move:
    row = db.row("SELECT * FROM elder_move WHERE id = ?", move_id)
    if row is None:
        raise NotFound("There is no such hand-over.")
    return _move(row)


def of_elder(db: StationDatabase, elder_id: int) -> Move | None:
    """The offer of a record that waits for an answer."""
    row = db.row("SELECT * FROM elder_move WHERE elder_id = ? AND state = 'offered'", elder_id)
    return None if row is None else _move(row)


def incoming(db: StationDatabase, station: int) -> list[Move]:
    """The records that other stations offer to this one, oldest first."""
    rows = db.rows("SELECT * FROM elder_move WHERE to_station = ? AND state = 'offered' ORDER BY id", station)
    return [_move(row) for row in rows]


def left(db: StationDatabase, station: int) -> list[Move]:
    """The records that went from this station to others, newest first: numbers and dates, nobody's name."""
    rows = db.rows(
        "SELECT * FROM elder_move WHERE from_station = ? AND state <> 'offered' ORDER BY id DESC LIMIT 20",
        station,
    )
    return [_move(row) for row in rows]


def accept(
    db: StationDatabase, vault: Vault, move_id: int, community_id: int, *, by: int, now: datetime
) -> int:
    """Take the record into the community; from now on the other station cannot open it. Returns the elder's id.

    The badge that is worn still works: it rings at the station whose number it carries, and this one hears at once.
    A badge of this station is ordered in its place and ends it when it is handed over. An open incident stays with
    the desk that leads it. Raises Invalid for another station's community, Conflict when it was decided already.
    """
    with transaction(db):
        move = get(db, move_id)
        here = {area.id for area in communities.communities(db) if area.station == move.to_station}
        if community_id not in here:
            raise Invalid("community_id", "Choose the community in which the elder lives now.")
        _decide(db, move, "accepted", by=by, now=now)
        db.write(
            "UPDATE elder SET station = ?, community_id = ?, version = version + 1, updated_at = ? WHERE id = ?",
            move.to_station,
            community_id,
            clock.text(now),
            move.elder_id,
        )
        orders.renew(db, vault, move.elder_id, by=by, now=now)
        _note(db, vault, "accepted", move.elder_id, move_id, by=by, now=now)
    return move.elder_id


def refuse(db: StationDatabase, vault: Vault, move_id: int, *, by: int, now: datetime) -> None:
    """Leave the record where it is."""
    _end(db, vault, move_id, "refused", by=by, now=now)


def withdraw(db: StationDatabase, vault: Vault, move_id: int, *, by: int, now: datetime) -> None:
    """The offer is taken back before it was answered."""
    _end(db, vault, move_id, "withdrawn", by=by, now=now)


def _end(db: StationDatabase, vault: Vault, move_id: int, state: str, *, by: int, now: datetime) -> None:
    with transaction(db):
        move = get(db, move_id)
        _decide(db, move, state, by=by, now=now)
        _note(db, vault, state, move.elder_id, move_id, by=by, now=now)


def _decide(db: StationDatabase, move: Move, state: str, *, by: int, now: datetime) -> None:
    # The condition is in the UPDATE, so that a withdrawal and an acceptance at once cannot both win.
    changed = db.write(
        "UPDATE elder_move SET state = ?, decided_by = ?, decided_at = ? WHERE id = ? AND state = 'offered'",
        state,
        by,
        clock.text(now),
        move.id,
    )
    if not changed:
        raise Conflict("This was decided already. Load the page again.")


def _note(
    db: StationDatabase, vault: Vault, what: str, elder_id: int, move_id: int, *, by: int, now: datetime
) -> None:
    audit.record(
        db, vault.ring, staff_id=by, action=f"elder.move.{what}", about=f"elder/{elder_id}",
        detail=f"move/{move_id}", now=now,
    )  # fmt: skip


def _move(row: dict[str, Any]) -> Move:
    return Move(
        id=row["id"],
        elder_id=row["elder_id"],
        from_station=row["from_station"],
        to_station=row["to_station"],
        state=row["state"],
        given_by=row["given_by"],
        means=row["means"],
        offered_at=clock.parse(row["offered_at"]),
        decided_at=clock.parse(row["decided_at"]) if row["decided_at"] else None,
    )
