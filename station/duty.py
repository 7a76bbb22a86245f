"""The duty roster: a weekly template, and the days that differ from it. All in local time, by the clock on the wall:

an hour that summer time leaves out or repeats opens no gap, since every moment has one place in the week.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from station import clock
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, NotFound

LEVELS = ("on_duty", "backup")
MAY_SERVE = ("duty", "secretary")  # the accounts that may take an incident
DAY = 1440
_WEEK = 7 * DAY


@dataclass(frozen=True)
class Shift:
    staff_id: int
    weekday: int  # 0 is Monday
    starts_minute: int  # minutes after local midnight
    minutes: int  # length, up to 1440; may run over midnight
    level: str  # on_duty or backup


@dataclass(frozen=True)
class Change:
    """A day that differs: somebody is off, somebody is on, or one stands in for another."""

    day: date  # local, on which it begins
    starts_minute: int
    minutes: int
    level: str
    off_id: int | None = None
    on_id: int | None = None
    id: int = 0

    @property
    def starts(self) -> datetime:
        """Local, naive."""
        return datetime.combine(self.day, datetime.min.time()) + timedelta(minutes=self.starts_minute)

    @property
    def ends(self) -> datetime:
        return self.starts + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Roster:
    shifts: tuple[Shift, ...] = ()
    changes: tuple[Change, ...] = ()  # in the order in which they were made


@dataclass(frozen=True)
class Stretch:
    """From when to when (local, naive) the same people are on."""

    starts: datetime
    ends: datetime
    on_duty: tuple[int, ...]
    backup: tuple[int, ...]


def read(db: StationDatabase, station: int) -> Roster:
    """The roster with its changes. Who left the station is on it no more, so that the hole they leave shows."""
    return db.once(("the roster of station", station), lambda: _read(db, station))


def _read(db: StationDatabase, station: int) -> Roster:
    rows = db.rows(
        "SELECT shift_change.* FROM shift_change LEFT JOIN staff ON staff.id = on_id "
        "WHERE shift_change.station = ? AND withdrawn_at IS NULL AND (on_id IS NULL OR staff.active = 1) "
        "ORDER BY shift_change.id",
        station,
    )
    names = ("starts_minute", "minutes", "level", "off_id", "on_id", "id")
    changes = (Change(date.fromisoformat(row["day"]), *(row[name] for name in names)) for row in rows)
    return Roster(tuple(roster(db, station)), tuple(changes))


def roster(db: StationDatabase, station: int) -> list[Shift]:
    """The weekly template."""
    rows = db.rows(
        "SELECT staff_id, weekday, starts_minute, minutes, level FROM shift JOIN staff ON staff.id = staff_id "
        "WHERE shift.station = ? AND staff.active = 1 ORDER BY weekday, starts_minute, level DESC, shift.id",
        station,
    )
    return [Shift(**row) for row in rows]


def version(shifts: list[Shift]) -> str:
    """A mark of a template, by which a second editor notices that it has changed meanwhile."""
    return sha256(repr(sorted(shifts, key=repr)).encode()).hexdigest()[:16]


def replace_roster(
    db: StationDatabase, station: int, shifts: list[Shift], *, seen: str | None = None
) -> None:
    """Put a new weekly roster in place of the old one, as a whole. `seen` is the version that was edited.

    Raises Invalid on an impossible shift, Conflict when somebody has saved another roster meanwhile.
    """
    for shift in shifts:
        _check_shift(shift)
        _check_serves(db, station, shift.staff_id)
    with transaction(db):
        if seen is not None and seen != version(roster(db, station)):
            raise Conflict("Somebody has changed the roster meanwhile. Look at it once more, then change it.")
        db.write("DELETE FROM shift WHERE station = ?", station)
        for shift in dict.fromkeys(shifts):
            db.insert("shift", station=station, **asdict(shift))


def add_change(
    db: StationDatabase,
    station: int,
    change: Change,
    *,
    by: int | None,
    now: datetime,
    swap_id: int | None = None,
) -> int:
    """Write down a day that differs; inside the caller's transaction. Raises Invalid."""
    if change.off_id is None and change.on_id is None:
        raise Invalid("on_id", "Choose who is on, who is off, or both.")
    if change.off_id == change.on_id:
        raise Invalid("on_id", "Choose two different people.")
    _check_span(change.starts_minute, change.minutes, change.level)
    for staff_id in (change.off_id, change.on_id):
        if staff_id is not None:
            _check_serves(db, station, staff_id)
    if change.off_id is not None:
        _check_is_on(read(db, station), change)
    return db.insert(
        "shift_change",
        station=station,
        day=change.day.isoformat(),
        starts_minute=change.starts_minute,
        minutes=change.minutes,
        level=change.level,
        off_id=change.off_id,
        on_id=change.on_id,
        swap_id=swap_id,
        made_by=by,
        made_at=clock.text(now),
    )


def withdraw_change(db: StationDatabase, station: int, change_id: int, now: datetime) -> None:
    """The day is as the template says again; inside the caller's transaction. Raises NotFound."""
    if not db.write(
        "UPDATE shift_change SET withdrawn_at = ? WHERE id = ? AND station = ? AND withdrawn_at IS NULL",
        clock.text(now),
        change_id,
        station,
    ):
        raise NotFound("This change of the roster is not there any more. Load the page again.")


def at(roster: Roster, level: str, moment: datetime, timezone: str) -> list[int]:
    """The staff ids of one level at a moment (aware)."""
    return on(roster, level, local(moment, timezone))


def on(roster: Roster, level: str, moment: datetime) -> list[int]:
    """The same at a local, naive time."""
    minute = moment.weekday() * DAY + moment.hour * 60 + moment.minute
    found = [
        shift.staff_id
        for shift in roster.shifts
        if shift.level == level
        and (minute - shift.weekday * DAY - shift.starts_minute) % _WEEK < shift.minutes
    ]
    for change in roster.changes:
        if change.level == level and change.starts <= moment < change.ends:
            found = [one for one in found if one != change.off_id]
            # Who stands in comes even when the other was not on at all: one too many is safer than nobody.
            found += [change.on_id] if change.on_id is not None else []
    return list(dict.fromkeys(found))


def local(moment: datetime, timezone: str) -> datetime:
    """The clock on the wall, naive."""
    return moment.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def ahead(roster: Roster, since: datetime, days: float) -> list[Stretch]:
    """Who is on from a local, naive time for so many days; neighbours with the same people are one stretch."""
    until = since + timedelta(days=days)
    marks = sorted({since, until, *(mark for mark in _marks(roster, since, until) if since < mark < until)})
    found: list[Stretch] = []
    for starts, ends in zip(marks, marks[1:], strict=False):
        people = tuple(on(roster, "on_duty", starts)), tuple(on(roster, "backup", starts))
        if found and (found[-1].on_duty, found[-1].backup) == people:
            starts = found.pop().starts
        found.append(Stretch(starts, ends, *people))
    return found


def is_changed(roster: Roster, first: date, last: date) -> bool:
    """Whether somebody has entered a change for any of these days."""
    return any(first <= change.day <= last for change in roster.changes)


def gaps_ahead(roster: Roster, since: datetime, days: int = 7) -> list[tuple[datetime, datetime]]:
    """The stretches (local, naive) in which nobody is on duty."""
    found: list[tuple[datetime, datetime]] = []
    for stretch in ahead(roster, since, days):
        if not stretch.on_duty:
            joins = found and found[-1][1] == stretch.starts
            found.append((found.pop()[0] if joins else stretch.starts, stretch.ends))
    return found


def gaps(shifts: list[Shift], level: str = "on_duty") -> list[tuple[int, int]]:
    """The stretches of the week (start, end; minutes after Monday 00:00) in which nobody of the level is on."""
    count = _count(shifts, level)
    return _runs([not here for here in count])


def doubles(shifts: list[Shift], level: str = "on_duty") -> list[tuple[int, int]]:
    """The stretches of the week in which two or more are on at once. All of them are rung."""
    return _runs([here > 1 for here in _count(shifts, level)])


def turns(roster: Roster, since: datetime, days: int) -> list[tuple[int, Change]]:
    """Each turn of the coming days as (staff id, the span), as the template and the changes have it."""
    found: list[tuple[int, Change]] = []
    for n in range(days):
        day = since.date() + timedelta(days=n)
        for shift in roster.shifts:
            if shift.weekday == day.weekday():
                found.append((shift.staff_id, Change(day, shift.starts_minute, shift.minutes, shift.level)))
    for change in roster.changes:
        if change.on_id is not None:
            span = Change(change.day, change.starts_minute, change.minutes, change.level)
            found.append((change.on_id, span))
    known = dict.fromkeys(found)
    mine = [
        (who, span)
        for who, span in known
        if span.starts >= since and who in on(roster, span.level, span.starts)
    ]
    return sorted(mine, key=lambda one: (one[1].starts, one[1].level, one[0]))


def around_the_clock(staff_ids: list[int], level: str = "on_duty", length: int = 480) -> list[Shift]:
    """A roster without a gap in which the staff take turns of `length` minutes (a divisor of 1440)."""
    turns = [(day, start) for day in range(7) for start in range(0, DAY, length)]
    return [
        Shift(staff_ids[n % len(staff_ids)], day, start, length, level)
        for n, (day, start) in enumerate(turns)
    ]


def length_of(starts_minute: int, ends_minute: int) -> int:
    """Minutes from one time of day to another; the same or an earlier one is on the next day."""
    return (ends_minute - starts_minute - 1) % DAY + 1


def minute_of(text: str) -> int:
    """Minutes after midnight of a time such as 08:00 or 0800; 24:00 is midnight. Raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,2})[:：]?([0-5][0-9])", text.strip())
    minutes = int(found[1]) * 60 + int(found[2]) if found else DAY + 1
    if minutes > DAY:
        raise ValueError(f"{text!r} is no time of day such as 08:00")
    return minutes % DAY


def _marks(roster: Roster, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every local time at which somebody comes or goes."""
    first = datetime.combine(since.date(), datetime.min.time()) - timedelta(days=1)
    for n in range((until - first).days + 1):
        day = first + timedelta(days=n)
        for shift in roster.shifts:
            if shift.weekday == day.weekday():
                starts = day + timedelta(minutes=shift.starts_minute)
                yield from (starts, starts + timedelta(minutes=shift.minutes))
    for change in roster.changes:
        yield from (change.starts, change.ends)


def _count(shifts: list[Shift], level: str) -> list[int]:
    count = [0] * _WEEK
    for person in {shift.staff_id for shift in shifts}:
        own = {
            minute % _WEEK
            for shift in shifts
            if shift.level == level and shift.staff_id == person
            for minute in range(
                shift.weekday * DAY + shift.starts_minute,
                shift.weekday * DAY + shift.starts_minute + shift.minutes,
            )
        }
        for minute in own:
            count[minute] += 1
    return count


def _runs(marks: list[bool]) -> list[tuple[int, int]]:
    """Where marks are set, as (start, end)."""
    found, begin = [], None
    for place, mark in enumerate([*marks, False]):
        if mark and begin is None:
            begin = place
        if not mark and begin is not None:
            found.append((begin, place))
            begin = None
    return found


def _check_shift(shift: Shift) -> None:
    if not 0 <= shift.weekday <= 6:
        raise Invalid("shift", "A weekday is a number from 0 (Monday) to 6 (Sunday).")
    _check_span(shift.starts_minute, shift.minutes, shift.level)


def _check_span(starts_minute: int, minutes: int, level: str) -> None:
    if level not in LEVELS:
        raise Invalid("level", "A shift is either on_duty or backup.")
    if not (0 <= starts_minute < DAY and 1 <= minutes <= DAY):
        raise Invalid("shift", "A shift needs a start within the day and a length of at most 24 hours.")


def _check_is_on(roster: Roster, change: Change) -> None:
    """Whoever is to stay away has a turn then; else the day would look mended and be as before."""
    stretches = ahead(roster, change.starts, change.minutes / DAY)
    if not any(change.off_id in getattr(one, change.level) for one in stretches):
        raise Invalid(
            "off_id", "This person has no turn at that time. Look at the coming days for when it is."
        )


def _check_serves(db: StationDatabase, station: int, staff_id: int) -> None:
    row = db.row("SELECT username, role, station, active FROM staff WHERE id = ?", staff_id)
    if row is None or row["station"] != station or not row["active"]:
        raise Invalid("staff_id", "Choose somebody of this station whose account is in use.")
    if row["role"] not in MAY_SERVE:
        raise Invalid(
            "staff_id",
            "The account %(name)s may not take incidents. Only duty officers and secretaries can be on duty.",
            name=row["username"],
        )
