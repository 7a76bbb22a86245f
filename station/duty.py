"""The duty roster: who is on duty, who is backup, at a given moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from station.db import StationDatabase, transaction
from station.errors import Invalid

LEVELS = ("on_duty", "backup")
_WEEK = 7 * 1440


@dataclass(frozen=True)
class Shift:
    staff_id: int
    weekday: int  # 0 is Monday
    starts_minute: int  # minutes after local midnight
    minutes: int  # length, up to 1440; may run over midnight
    level: str  # on_duty or backup


def replace_roster(db: StationDatabase, station: int, shifts: list[Shift]) -> None:
    """Put a new weekly roster in place of the old one, as a whole. Raises Invalid on an impossible shift."""
    for shift in shifts:
        _check(shift)
    with transaction(db):
        db.write("DELETE FROM shift WHERE station = ?", station)
        for shift in shifts:
            db.insert("shift", station=station, **vars(shift))


def roster(db: StationDatabase, station: int) -> list[Shift]:
    rows = db.rows(
        "SELECT staff_id, weekday, starts_minute, minutes, level FROM shift WHERE station = ? "
        "ORDER BY weekday, starts_minute, level DESC",
        station,
    )
    return [Shift(**row) for row in rows]


def at(shifts: list[Shift], level: str, moment: datetime, timezone: str) -> list[int]:
    """The staff ids of one level at a moment (aware); the roster is weekly, in local time."""
    local = moment.astimezone(ZoneInfo(timezone))
    minute = local.weekday() * 1440 + local.hour * 60 + local.minute
    found = [
        shift.staff_id
        for shift in shifts
        if shift.level == level
        and (minute - shift.weekday * 1440 - shift.starts_minute) % _WEEK < shift.minutes
    ]
    return list(dict.fromkeys(found))


def gaps(shifts: list[Shift], level: str = "on_duty") -> list[tuple[int, int]]:
    """The stretches of the week (start, end; minutes after Monday 00:00) in which nobody of the level is on."""
    covered = bytearray(_WEEK)
    for shift in shifts:
        if shift.level == level:
            start = shift.weekday * 1440 + shift.starts_minute
            for minute in range(start, start + shift.minutes):
                covered[minute % _WEEK] = 1
    found, begin = [], None
    for minute in range(_WEEK + 1):
        free = minute < _WEEK and not covered[minute]
        if free and begin is None:
            begin = minute
        if not free and begin is not None:
            found.append((begin, minute))
            begin = None
    return found


def around_the_clock(staff_ids: list[int], level: str = "on_duty", length: int = 480) -> list[Shift]:
    """A roster without a gap in which the staff take turns of `length` minutes (a divisor of 1440)."""
    turns = [(day, start) for day in range(7) for start in range(0, 1440, length)]
    return [
        Shift(staff_ids[n % len(staff_ids)], day, start, length, level)
        for n, (day, start) in enumerate(turns)
    ]


def next_change(moment: datetime) -> datetime:
    """When the roster is looked at again: the next full minute."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _check(shift: Shift) -> None:
    if shift.level not in LEVELS:
        raise Invalid("level", "A shift is either on_duty or backup.")
    if not (0 <= shift.weekday <= 6 and 0 <= shift.starts_minute < 1440 and 1 <= shift.minutes <= 1440):
        raise Invalid(
            "shift", "A shift needs a weekday, a start within the day and a length of at most 24 hours."
        )
