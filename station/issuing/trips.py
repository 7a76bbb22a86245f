"""From the station to the door: who carries a printed badge, how often nobody opened, when the next try is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from station import audit, clock
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid
from station.issuing import records
from station.vault import Vault

STEPS = ("taken", "put_back", "not_home", "agreed", "refused")
CALL_AFTER = 2  # tries without anybody at home; then the family is rung and a day agreed
LATEST = timedelta(days=60)


@dataclass(frozen=True)
class Event:
    id: int
    step: str
    staff_id: int | None
    at: datetime
    next_on: date | None


@dataclass(frozen=True)
class Trip:
    """How far a badge has come on its way to the door."""

    carrier: int | None = None  # who has it in the bag; None: it lies at the station
    since: datetime | None = None  # of the carrier
    tries: int = 0  # at which nobody was at home
    next_on: date | None = None
    agreed: bool = False  # the family was rung after the last try
    events: tuple[Event, ...] = ()

    @property
    def is_on_the_way(self) -> bool:
        return self.since is not None

    @property
    def wants_call(self) -> bool:
        """Knocking again is useless until somebody has asked the family when to come."""
        return self.tries >= CALL_AFTER and not self.agreed

    def is_due(self, today: date) -> bool:
        return self.next_on is None or self.next_on <= today


NONE = Trip()


def of_station(db: StationDatabase, station: int) -> dict[int, Trip]:
    """By badge, of all that are printed and that somebody has carried; others have none."""
    rows = db.rows(
        "SELECT delivery.* FROM delivery JOIN badge ON badge.id = delivery.badge_id "
        "WHERE badge.station = ? AND badge.state = 'printed' ORDER BY delivery.id",
        station,
    )
    found: dict[int, Trip] = {}
    for row in rows:
        found[row["badge_id"]] = _after(found.get(row["badge_id"], NONE), _event(row))
    return found


def of_badge(db: StationDatabase, badge_id: int) -> Trip:
    trip = NONE
    for row in db.rows("SELECT * FROM delivery WHERE badge_id = ? ORDER BY id", badge_id):
        trip = _after(trip, _event(row))
    return trip


def on_the_way_since(db: StationDatabase, badge_id: int) -> datetime | None:
    """When a worker set out with the printed badge; None while it lies at the station and when it is worn."""
    is_printed = records.get(db, badge_id).state == "printed"
    return of_badge(db, badge_id).since if is_printed else None


def take(db: StationDatabase, vault: Vault, badge_ids: Iterable[int], *, by: int, now: datetime) -> None:
    """A worker puts badges into the bag. One that this worker carries already stays as it is."""
    with transaction(db):
        for badge_id in dict.fromkeys(badge_ids):
            if of_badge(db, badge_id).carrier != by:
                _write(db, vault, badge_id, Outcome("taken", ""), by=by, now=now)


@dataclass(frozen=True)
class Outcome:
    """What came of a try, as a worker says it."""

    step: str
    form_id: str  # the same form again changes nothing
    next_on: date | None = None


def note(
    db: StationDatabase,
    vault: Vault,
    badge_id: int,
    outcome: Outcome,
    *,
    today: date,
    by: int,
    now: datetime,
) -> None:
    """Write down what came of a try.

    Raises Invalid for an unknown step or a day that is past or far, Conflict unless the badge is printed.
    """
    if outcome.step not in STEPS:
        raise Invalid("step", "Choose what came of it.")
    needs_day, day = outcome.step in ("not_home", "agreed"), outcome.next_on
    if needs_day and (day is None or not today <= day <= today + LATEST):
        raise Invalid("next_on", "Choose a day from today on, within the next 60 days.")
    with transaction(db):
        if not db.scalar("SELECT 1 FROM delivery WHERE form_id = ?", outcome.form_id):
            kept = outcome if needs_day else replace(outcome, next_on=None)
            _write(db, vault, badge_id, kept, by=by, now=now)


def _write(
    db: StationDatabase, vault: Vault, badge_id: int, outcome: Outcome, *, by: int, now: datetime
) -> None:
    if records.get(db, badge_id).state != "printed":
        raise Conflict("This badge is not waiting to be handed over any more. Load the list again.")
    db.insert(
        "delivery",
        badge_id=badge_id,
        step=outcome.step,
        next_on=outcome.next_on.isoformat() if outcome.next_on else None,
        staff_id=by,
        form_id=outcome.form_id or None,
        at=clock.text(now),
    )
    about = f"badge/{badge_id}"
    audit.record(db, vault.ring, staff_id=by, action=f"delivery.{outcome.step}", about=about, now=now)


def _after(trip: Trip, event: Event) -> Trip:
    """How the trip stands after one more event."""
    seen = replace(trip, events=(*trip.events, event))
    if event.step in ("put_back", "refused"):
        return replace(seen, carrier=None, since=None)
    if event.step == "taken":
        return replace(seen, carrier=event.staff_id, since=event.at)
    if event.step == "agreed":
        return replace(seen, next_on=event.next_on, agreed=True)
    # Whoever knocked has the badge, also when nobody ticked it off at the station.
    carried = seen if trip.is_on_the_way else replace(seen, carrier=event.staff_id, since=event.at)
    return replace(carried, tries=trip.tries + 1, next_on=event.next_on, agreed=False)


def _event(row: dict[str, Any]) -> Event:
    day = date.fromisoformat(row["next_on"]) if row["next_on"] else None
    return Event(row["id"], row["step"], row["staff_id"], clock.parse(row["at"]), day)
