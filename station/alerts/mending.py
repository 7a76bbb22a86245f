"""What has to be mended outside of any incident, told to who can: channels that refuse, the machine, the calendar."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from station import clock, duty, holidays
from station.alerts import people, planned
from station.db import StationDatabase

LATELY = timedelta(minutes=10)
ATTEMPTS = 1000  # so many of the newest are looked at
FROM_HOUR = 9  # what can wait comes in the morning
HOLIDAY_DAYS, CALENDAR_DAYS = 7, 30  # so long before it begins


def tell_of_refusals(db: StationDatabase, *, timezone: str, now: datetime) -> int:
    """Tell the operators, else the secretaries, of channels that have just refused; returns how many messages are new."""
    day = duty.local(now, timezone).date()
    new = 0
    for channel in _refusing(db, now):
        station, about = channel["station"], f"channel/{channel['id']}"
        for person in people.operators(db, station) or people.who_can_mend(db, station):
            key = f"{about}|{day}|{person.kind}{person.id}"
            new += planned.tell(db, "roster", key, person, about=about, now=now)
    return new


def tell_of_machine(
    db: StationDatabase, station: int, failing: Iterable[str], *, timezone: str, now: datetime
) -> int:
    """Tell the operators and the secretaries at once, and once a day, what runs full or wrong: keys of staff_words.GUARDS."""
    day = duty.local(now, timezone).date()
    whom = dict.fromkeys(people.operators(db, station) + people.who_can_mend(db, station))
    return sum(
        planned.tell(
            db,
            "roster",
            f"machine|{station}|{name}|{day}|staff{one.id}",
            one,
            about=f"machine/{name}",
            now=now,
        )
        for name in failing
        for one in whom
    )


def tell_of_holidays(db: StationDatabase, station: int, *, timezone: str, now: datetime) -> int:
    """A week before a holiday, once: the roster is still that of a usual week. A change in it says that somebody knows.

    And once a month: the calendar does not know the coming holidays, which is the operators' to mend.
    """
    local = duty.local(now, timezone)
    if local.hour < FROM_HOUR:
        return 0
    today, roster, new = local.date(), duty.read(db, station), 0
    for run in holidays.days_off(today, HOLIDAY_DAYS + 1):
        if run.first > today and not duty.is_changed(roster, run.first, run.last):
            about = f"holiday/{run.first}"
            for one in people.who_can_mend(db, station):
                new += planned.tell(
                    db, "roster", f"{about}|{station}|staff{one.id}", one, about=about, now=now
                )
    year = holidays.unknown_year(today, CALENDAR_DAYS)
    if year is not None:
        about = f"calendar/{year}"
        for one in people.operators(db, station) or people.who_can_mend(db, station):
            key = f"{about}|{station}|{today:%Y-%m}|staff{one.id}"
            new += planned.tell(db, "roster", key, one, about=about, now=now)
    return new


def _refusing(db: StationDatabase, now: datetime) -> list[dict[str, int]]:
    newest = db.scalar("SELECT max(id) FROM attempt") or 0
    return db.rows(
        "SELECT DISTINCT channel.id, channel.station FROM attempt JOIN alert ON alert.id = attempt.alert_id "
        "JOIN address ON address.id = alert.address_id JOIN channel ON channel.id = address.channel_id "
        "WHERE attempt.id > ? AND attempt.outcome = 'permanent' AND attempt.ended_at > ? "
        "AND address.active = 1 AND channel.active = 1",
        newest - ATTEMPTS,
        clock.text(now - LATELY),
    )
