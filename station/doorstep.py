"""What a family should know of the visits with its badge: nobody opened, when somebody comes again, or that it is not wanted."""

from dataclasses import dataclass
from datetime import date, datetime

from station import clock
from station.db import StationDatabase
from station.issuing import records, trips
from station.issuing.records import Badge

NOBODY, RING, AGREED, DECLINED = STATES = ("nobody", "ring", "agreed", "declined")


@dataclass(frozen=True)
class Doorstep:
    """How it stands at the elder's door, while the badge is not in the elder's hands."""

    state: str  # one of STATES; ring: before the next visit the station rings the family
    at: datetime  # of the last visit, else of the call that agreed on a day; or of the elder's no
    visits: int = 0  # at which nobody was at home
    next_on: date | None = None  # the day of the next visit; None while it is open
    missed: bool = False  # that day has passed
    last: int = 0  # the number of the last visit in vain, one for each


def of_elder(db: StationDatabase, elder_id: int, today: date) -> Doorstep | None:
    """The same of the badge that the family waits for; None while one is worn."""
    badges = records.of_elder(db, elder_id)
    worn = next((one for one in badges if one.state == "worn"), None)
    return of_badge(
        db, elder_id, worn or next((one for one in badges if one.state == "printed"), None), today
    )


def of_badge(db: StationDatabase, elder_id: int, badge: Badge | None, today: date) -> Doorstep | None:
    """What came of bringing this badge so far; None when there is nothing to tell. `today` is the station's date."""
    if badge and badge.activated_at:
        return None
    declined = db.scalar("SELECT at FROM refusal WHERE elder_id = ? AND withdrawn_at IS NULL", elder_id)
    if declined:
        return Doorstep(DECLINED, clock.parse(declined))
    return _visited(db, badge.id, today) if badge and badge.state == "printed" else None


def _visited(db: StationDatabase, badge_id: int, today: date) -> Doorstep | None:
    """What was said at the door since the elder last changed their mind about the badge."""
    trip = trips.of_badge(db, badge_id)
    said: list[trips.Event] = []
    for event in trip.events:
        said = [] if event.step == "refused" else [*said, event]
    told = [event for event in said if event.step in ("not_home", "agreed")]
    if not told:
        return None
    visits = [event for event in told if event.step == "not_home"]
    last = told[-1]
    day = None if trip.wants_call else last.next_on
    return Doorstep(
        state=AGREED if trip.agreed else RING if trip.wants_call else NOBODY,
        at=(visits or told)[-1].at,
        visits=len(visits),
        next_on=day,
        missed=day is not None and day < today,
        last=visits[-1].id if visits else 0,
    )
