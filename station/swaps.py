"""Two officers swap turns when both agree; the incoming one takes the shift over, and that is written down."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from station import audit, clock, duty
from station.db import IntegrityError, StationDatabase, transaction
from station.duty import Change
from station.errors import Conflict, Invalid, NotFound
from station.vault import Vault

AHEAD_DAYS = 60


@dataclass(frozen=True)
class Swap:
    """`from_id` gives a turn to `to_id`, and takes one in exchange or none."""

    id: int
    from_id: int
    to_id: int
    gives: Change
    takes: Change | None
    state: str  # asked, accepted, refused, withdrawn
    asked_at: datetime


@dataclass(frozen=True)
class Takeover:
    """Somebody pressed that they take the shift over."""

    staff_id: int
    rostered: bool
    heard: bool
    open_incidents: list[int]
    at: datetime


def ask(
    db: StationDatabase,
    vault: Vault,
    gives: Change,
    takes: Change | None,
    *,
    by: int,
    to: int,
    now: datetime,
    timezone: str,
) -> int:
    """Ask a colleague to take a turn of one's own, and offer to take one of theirs. Asking is agreeing.

    Raises Invalid when a turn is not that person's or has begun, Conflict when this turn is asked for already.
    """
    station = db.scalar("SELECT station FROM staff WHERE id = ?", by)
    _check_colleague(db, station, by, to)
    _check_turns(db, station, by, to, gives, takes, duty.local(now, timezone))
    try:
        with transaction(db):
            swap_id = db.insert(
                "shift_swap",
                station=station,
                from_id=by,
                to_id=to,
                gives=_dump(gives),
                takes=_dump(takes) if takes else "",
                asked_at=clock.text(now),
            )
            audit.record(db, vault.ring, staff_id=by, action="swap.ask", about=f"swap/{swap_id}", now=now)
    except IntegrityError as error:
        raise Conflict(
            "You have already asked a colleague to take this turn. Withdraw that first."
        ) from error
    return swap_id


def answer(
    db: StationDatabase, vault: Vault, swap_id: int, said: str, *, by: int, now: datetime, timezone: str
) -> None:
    """`said` is accepted or refused (the colleague's) or withdrawn (the asker's). Accepting changes the roster.

    Raises Conflict when it was answered already or the roster has changed since.
    """
    swap = get(db, swap_id)
    if by != (swap.from_id if said == "withdrawn" else swap.to_id):
        raise NotFound("This swap is not yours to answer.")
    station = db.scalar("SELECT station FROM staff WHERE id = ?", by)
    with transaction(db):
        if not db.write(
            "UPDATE shift_swap SET state = ?, answered_at = ? WHERE id = ? AND state = 'asked'",
            said,
            clock.text(now),
            swap_id,
        ):
            raise Conflict("This swap has been answered already.")
        if said == "accepted":
            _carry_out(db, station, swap, by, now, timezone)
        audit.record(db, vault.ring, staff_id=by, action=f"swap.{said}", about=f"swap/{swap_id}", now=now)


def get(db: StationDatabase, swap_id: int) -> Swap:
    row = db.row("SELECT * FROM shift_swap WHERE id = ?", swap_id)
    if row is None:
        raise NotFound("This swap is not there any more.")
    return _swap(row)


def waiting(db: StationDatabase, staff_id: int) -> list[Swap]:
    """Asked and not answered, of this person either way."""
    rows = db.rows(
        "SELECT * FROM shift_swap WHERE state = 'asked' AND (from_id = ? OR to_id = ?) ORDER BY id",
        staff_id,
        staff_id,
    )
    return [_swap(row) for row in rows]


def take_over(
    db: StationDatabase, vault: Vault, *, by: int, heard: bool, now: datetime, timezone: str
) -> None:
    """The incoming officer has heard the test ring and seen the open cases. Raises Invalid without the ring."""
    if not heard:
        raise Invalid("heard", "First let it ring once, and tick that you have heard it.")
    station = db.scalar("SELECT station FROM staff WHERE id = ?", by)
    rostered = any(by in duty.at(duty.read(db, station), level, now, timezone) for level in duty.LEVELS)
    seen = db.rows("SELECT id FROM incident WHERE station = ? AND closed_at IS NULL ORDER BY id", station)
    with transaction(db):
        takeover_id = db.insert(
            "shift_takeover",
            station=station,
            staff_id=by,
            rostered=int(rostered),
            heard=int(heard),
            open_incidents=json.dumps([row["id"] for row in seen]),
            at=clock.text(now),
        )
        about = f"takeover/{takeover_id}"
        audit.record(db, vault.ring, staff_id=by, action="shift.take_over", about=about, now=now)


def takeovers(db: StationDatabase, station: int, most: int = 10) -> list[Takeover]:
    """The newest first."""
    rows = db.rows("SELECT * FROM shift_takeover WHERE station = ? ORDER BY id DESC LIMIT ?", station, most)
    return [
        Takeover(
            row["staff_id"],
            bool(row["rostered"]),
            bool(row["heard"]),
            json.loads(row["open_incidents"] or "[]"),
            clock.parse(row["at"]),
        )
        for row in rows
    ]


def dump(turn: Change) -> str:
    """A turn as the value of a form's choice."""
    return _dump(turn)


def load(text: str) -> Change:
    """Raises Invalid for what `dump` did not write."""
    try:
        raw = json.loads(text)
        return Change(date.fromisoformat(raw["day"]), raw["starts_minute"], raw["minutes"], raw["level"])
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid("gives", "Choose one of the turns of the list.") from error


def _carry_out(db: StationDatabase, station: int, swap: Swap, by: int, now: datetime, timezone: str) -> None:
    local = duty.local(now, timezone)
    _check_turns(db, station, swap.from_id, swap.to_id, swap.gives, swap.takes, local)
    pairs = [(swap.gives, swap.from_id, swap.to_id)]
    pairs += [(swap.takes, swap.to_id, swap.from_id)] if swap.takes else []
    for turn, off, on in pairs:
        change = Change(turn.day, turn.starts_minute, turn.minutes, turn.level, off, on)
        duty.add_change(db, station, change, by=by, now=now, swap_id=swap.id)


def _check_colleague(db: StationDatabase, station: int, by: int, to: int) -> None:
    if by == to:
        raise Invalid("to", "Choose a colleague.")
    known = db.scalar(
        "SELECT 1 FROM staff WHERE id = ? AND station = ? AND active = 1 AND role IN ('duty', 'secretary')",
        to,
        station,
    )
    if not known:
        raise Invalid("to", "Choose a colleague.")


def _check_turns(
    db: StationDatabase, station: int, by: int, to: int, gives: Change, takes: Change | None, local: datetime
) -> None:
    coming = duty.turns(duty.read(db, station), local, AHEAD_DAYS)
    if (by, gives) not in coming:
        raise Invalid("gives", "This turn has begun, or it is not the giver's any more.")
    if takes is not None and (to, takes) not in coming:
        raise Invalid("takes", "The turn in exchange has begun, or it is not the colleague's any more.")


def _dump(turn: Change) -> str:
    raw = asdict(turn)
    kept = {key: raw[key] for key in ("starts_minute", "minutes", "level")}
    return json.dumps({"day": turn.day.isoformat(), **kept})


def _swap(row: dict[str, Any]) -> Swap:
    return Swap(
        id=row["id"],
        from_id=row["from_id"],
        to_id=row["to_id"],
        gives=load(row["gives"]),
        takes=load(row["takes"]) if row["takes"] else None,
        state=row["state"],
        asked_at=clock.parse(row["asked_at"]),
    )


def late(db: StationDatabase, station: int, on_duty: list[int], now: datetime) -> bool:
    """Whether none of those on duty has taken over within the last day."""
    since = clock.text(now - timedelta(days=1))
    rows = db.rows("SELECT staff_id FROM shift_takeover WHERE station = ? AND at > ?", station, since)
    return not {row["staff_id"] for row in rows} & set(on_duty)
