"""How far an application has come, by when its badge was promised, and why it is late: for the family and its system."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from station import clock, doorstep, holidays
from station.applications.records import Application
from station.db import StationDatabase
from station.doorstep import Doorstep
from station.family_words import DELAYS, NOT_REACHED_IN_TIME, TOO_MANY
from station.issuing import records, trips
from station.issuing.records import Badge

STEPS = ("received", "approved", "made", "on_its_way", "handed_over")
# A badge is brought within two working days; see docs/decisions/0013.
PROMISED_DAYS = 2


@dataclass(frozen=True)
class Mark:
    """A step of the way, and when it was reached; None when it was not, or nobody wrote down when."""

    step: str
    reached: bool
    at: datetime | None


@dataclass(frozen=True)
class Promise:
    """The day by whose end the badge is with the elder. None while the station waits for the family's answer, or for
    the elder who does not want the badge.
    """

    day: date | None
    is_late: bool


def step(db: StationDatabase, application: Application) -> str:
    """The furthest of STEPS that an application has reached."""
    return [mark.step for mark in marks(db, application) if mark.reached][-1]


def marks(db: StationDatabase, application: Application) -> list[Mark]:
    """All STEPS with the times at which they were reached."""
    times: dict[str, datetime | None] = {"received": application.created_at}
    if application.elder_id is not None:
        times["approved"] = application.decided_at
    badge = _badge(db, application)
    if badge and (badge.state in records.READY or badge.activated_at):
        times["made"] = badge.made_at
    carried = trips.of_badge(db, badge.id).since if badge else None
    if badge and (badge.activated_at or (badge.state == "printed" and carried)):
        times["on_its_way"] = carried
    if badge and badge.activated_at:
        times["handed_over"] = badge.activated_at
    furthest = max(STEPS.index(name) for name in times)
    return [Mark(name, n <= furthest, times.get(name)) for n, name in enumerate(STEPS)]


def promise(db: StationDatabase, application: Application, timezone: str, now: datetime) -> Promise:
    """The promised day: two working days after the one on which all that was needed was here."""
    if application.asked:
        return Promise(None, is_late=False)
    answered = db.scalar(
        "SELECT max(answered_at) FROM application_question WHERE application_id = ?", application.id
    )
    since = max(application.created_at, clock.parse(answered)) if answered else application.created_at
    zone = ZoneInfo(timezone)
    day = working_days_after(since.astimezone(zone).date(), PROMISED_DAYS)
    done = application.state in ("refused", "withdrawn") or step(db, application) == "handed_over"
    today = now.astimezone(zone).date()
    at_the_door = None if done else door(db, application, today)
    if at_the_door and at_the_door.state == doorstep.DECLINED:
        return Promise(None, is_late=False)
    return Promise(day, is_late=not done and today > day)


def door(db: StationDatabase, application: Application, today: date) -> Doorstep | None:
    """What came of bringing the badge, as far as the family should know; `today` is the station's date."""
    if application.elder_id is None:
        return None
    return doorstep.of_badge(db, application.elder_id, _badge(db, application), today)


def late_reason(application: Application, at_the_door: Doorstep | None) -> str:
    """Why it takes longer, as far as the station has said so or its records show; a msgid."""
    if application.delay in DELAYS:
        return DELAYS[application.delay]
    if application.state == "received" and not application.confirmed_by:
        return DELAYS["unreached"]
    return NOT_REACHED_IN_TIME if at_the_door else TOO_MANY


def working_days_after(day: date, count: int) -> date:
    """The last of so many working days after `day`, by the State Council's calendar."""
    while count:
        day += timedelta(days=1)
        count -= works(day)
    return day


def works(day: date) -> bool:
    special = holidays.special(day)
    return not special.off if special else day.weekday() < 5


def _badge(db: StationDatabase, application: Application) -> Badge | None:
    """The badge that answers the application: the first one handed over, else the one that is farthest."""
    if application.elder_id is None:
        return None
    badges = records.of_elder(db, application.elder_id)[::-1]
    worn = next((one for one in badges if one.activated_at), None)
    under_way = [one for one in badges if one.state in records.UNFINISHED]
    return worn or max(under_way, key=lambda one: records.UNFINISHED.index(one.state), default=None)
