"""The roster page: the coming days, its holes, the weekly template, days that differ, and who can be reached."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import audit, communities, duty, holidays, readiness
from station.db import transaction
from station.duty import Change, Roster, Shift, Stretch
from station.errors import Invalid, NotFound, UserError
from station.holidays import Special
from station.vocabulary import N_
from station.web import access, connection, pages
from station.web.roster.blueprint import (
    DAYS,
    EDIT,
    LEVELS,
    LOOK,
    bp,
    clock_of,
    local_now,
    minute,
    number,
    people,
    refresh,
    special,
)

SHOWN_DAYS = 14
LAST_CHANGE_DAYS = 400
MOST_ROWS = 80
BLANK_ROWS = 2


@dataclass
class Line:
    """One row of the template's form: the same turn on several weekdays."""

    staff: str = ""
    level: str = "on_duty"
    starts: str = ""
    ends: str = ""
    days: list[int] = field(default_factory=list)
    wrong: str = ""


@dataclass(frozen=True)
class Day:
    at: datetime
    special: Special | None
    stretches: list[Stretch]


@bp.get("/desk/roster")
@access.allowed(*LOOK)
def roster() -> ResponseReturnValue:
    return _page()


@bp.post("/desk/roster")
@access.allowed(*EDIT)
def save() -> ResponseReturnValue:
    """Put the template of the form in place of the old one. Holes are saved too, and said."""
    db, ring, lines = connection.get_db(), connection.ring(), _sent_lines()
    shifts = [shift for line in lines for shift in _shifts(line)]
    if any(line.wrong for line in lines):
        return _page(lines=lines, status=422)
    try:
        duty.replace_roster(db, g.staff.station, shifts, seen=request.form.get("version", ""))
    except UserError as error:
        return _page(lines=lines, wrong=error, status=error.status)
    _noted(ring, "roster.save", f"station/{g.staff.station}")
    return redirect(url_for(".roster", saved=1), code=303)


@bp.post("/desk/roster/changes")
@access.allowed(*EDIT)
def change() -> ResponseReturnValue:
    """One day that differs: somebody comes, stays away, or stands in."""
    db, ring, now = connection.get_db(), connection.ring(), connection.now()
    try:
        wanted = _sent_change()
        with transaction(db):
            duty.add_change(db, g.staff.station, wanted, by=g.staff.id, now=now)
    except UserError as error:
        return _page(wrong=error, kept=request.form, status=error.status)
    _noted(ring, "roster.change", f"station/{g.staff.station}")
    return redirect(url_for(".roster", saved=1) + "#changes", code=303)


@bp.post("/desk/roster/changes/<int:change_id>/withdraw")
@access.allowed(*EDIT)
def withdraw(change_id: int) -> ResponseReturnValue:
    db, now = connection.get_db(), connection.now()
    with transaction(db):
        duty.withdraw_change(db, g.staff.station, change_id, now)
    _noted(connection.ring(), "roster.change.withdraw", f"shift_change/{change_id}")
    return redirect(url_for(".roster", saved=1) + "#changes", code=303)


@bp.post("/desk/roster/people/<int:staff_id>/trial")
@access.allowed(*EDIT)
def try_out(staff_id: int) -> ResponseReturnValue:
    """Send a trial message to all channels of somebody on the roster."""
    if staff_id not in people():
        raise NotFound("There is no such account.")
    db, vault = connection.get_db(), connection.get_vault()
    try:
        readiness.try_out(db, vault, staff_id, by=g.staff.id, now=connection.now())
    except UserError as error:
        return _page(wrong=error, status=error.status)
    return redirect(url_for(".roster", tried=1) + "#people", code=303)


def _noted(ring: Any, action: str, about: str) -> None:
    db = connection.get_db()
    with transaction(db):
        audit.record(db, ring, staff_id=g.staff.id, action=action, about=about, now=connection.now())
    refresh()


def _page(
    *, lines: list[Line] | None = None, wrong: UserError | None = None, kept: Any = None, status: int = 200
) -> ResponseReturnValue:
    db, now = connection.get_db(), local_now()
    whole, known = duty.read(db, g.staff.station), people()
    shown = {
        "station": communities.station(db, g.staff.station),
        "may_edit": g.staff.role in EDIT,
        "people": known,
        "reach": readiness.of_all(db, _serving(whole), connection.now()),
        "days": _days(whole, now),
        "gaps": duty.gaps_ahead(whole, now, SHOWN_DAYS),
        "doubles": duty.doubles(list(whole.shifts)),
        "lines": lines if lines is not None else _lines(list(whole.shifts)),
        "version": request.form.get("version") or duty.version(list(whole.shifts)),
        "changes": [one for one in whole.changes if one.ends > now],
        "unknown_year": holidays.unknown_year(now.date(), SHOWN_DAYS),
        "usual_holidays": [
            run
            for run in holidays.days_off(now.date(), SHOWN_DAYS)
            if not duty.is_changed(whole, run.first, run.last)
        ],
        "policy_broken": communities.is_broken(db, g.staff.station),
        "wrong": wrong,
        "wrong_text": pages.error_text(wrong) if wrong else "",
        "kept": kept or {},
        "today": now.date().isoformat(),
        "week": DAYS,
        "levels": LEVELS,
        "of_week": _of_week,
        "enough": readiness.ENOUGH,
    }
    return render_template("roster/roster.html", **shown), status


def _serving(whole: Roster) -> list[int]:
    """Everybody who is on the template or comes on another day."""
    ids = [shift.staff_id for shift in whole.shifts]
    ids += [change.on_id for change in whole.changes if change.on_id is not None]
    return sorted(set(ids))


def _days(whole: Roster, now: datetime) -> list[Day]:
    """The coming days, each with its own stretches."""
    found = []
    for n in range(SHOWN_DAYS):
        midnight = datetime.combine(now.date() + timedelta(days=n), datetime.min.time())
        found.append(Day(midnight, special(midnight), duty.ahead(whole, midnight, 1)))
    return found


def _lines(shifts: list[Shift]) -> list[Line]:
    """Equal turns of several weekdays as one row, and some rows to fill in."""
    found: dict[tuple[object, ...], Line] = {}
    for shift in sorted(shifts, key=lambda one: (one.level != "on_duty", one.starts_minute, one.staff_id)):
        key = (shift.staff_id, shift.level, shift.starts_minute, shift.minutes)
        ends = clock_of((shift.starts_minute + shift.minutes) % duty.DAY)
        line = Line(str(shift.staff_id), shift.level, clock_of(shift.starts_minute), ends)
        found.setdefault(key, line).days.append(shift.weekday)
    return [*found.values(), *(Line() for _ in range(BLANK_ROWS))]


def _sent_lines() -> list[Line]:
    sent = request.form
    return [
        Line(
            staff=sent.get(f"staff{n}", ""),
            level=sent.get(f"level{n}", "on_duty"),
            starts=sent.get(f"starts{n}", "").strip(),
            ends=sent.get(f"ends{n}", "").strip(),
            days=[int(day) for day in sent.getlist(f"days{n}") if day in "0123456" and len(day) == 1],
        )
        for n in range(MOST_ROWS)
        if f"staff{n}" in sent
    ]


def _shifts(line: Line) -> list[Shift]:
    """The shifts of one row; a row without a person is a row that was taken out."""
    if not line.staff:
        return []
    try:
        staff_id, starts, ends = int(line.staff), duty.minute_of(line.starts), duty.minute_of(line.ends)
    except ValueError:
        line.wrong = N_("Write both times such as 08:00; 00:00 is midnight.")
        return []
    if not line.days:
        line.wrong = N_("Choose at least one weekday.")
        return []
    length = duty.length_of(starts, ends)
    return [Shift(staff_id, day, starts, length, line.level) for day in sorted(set(line.days))]


def _sent_change() -> Change:
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError as error:
        raise Invalid("day", "This day does not exist in the calendar. Write it as 2026-12-31.") from error
    ahead = (day - local_now().date()).days
    if not -1 <= ahead <= LAST_CHANGE_DAYS:
        raise Invalid("day", "Choose a day from today on, within about a year.")
    starts, ends = minute("starts"), minute("ends")
    level = request.form.get("level", "on_duty")
    return Change(day, starts, duty.length_of(starts, ends), level, number("off_id"), number("on_id"))


def _of_week(minute_of_week: int) -> tuple[str, str]:
    """(weekday, clock time)."""
    return DAYS[minute_of_week // duty.DAY % 7], clock_of(minute_of_week % duty.DAY)
