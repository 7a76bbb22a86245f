"""What the pages of the roster share: who may see and change it, and who is who."""

from datetime import datetime

from flask import Blueprint, g, request

from station import accounts, duty, emergency, holidays
from station.accounts import Staff
from station.duty import Change
from station.errors import Invalid
from station.vocabulary import N_
from station.web import connection

bp = Blueprint("roster", __name__)

LOOK = ("duty", "secretary", "operator")
EDIT = ("secretary", "operator")
SERVE = duty.MAY_SERVE

DAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
LEVELS = {"on_duty": N_("On duty"), "backup": N_("On call as backup")}
NOT_A_TIME = N_("Write a time such as 08:00.")


def people() -> dict[int, Staff]:
    """Everybody of the station who can be on duty."""
    found = accounts.all_staff(connection.get_db(), connection.get_vault(), g.staff.station)
    return {staff.id: staff for staff in found if staff.role in SERVE}


def local_now() -> datetime:
    """The clock on the wall, naive."""
    return duty.local(connection.now(), connection.config().timezone)


def number(name: str) -> int | None:
    """A choice of a form; None when nothing was chosen. Raises Invalid for what no form sends."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(name, "Choose one of the list.")
    return int(text)


def minute(name: str) -> int:
    """A time of day of a form, as minutes after midnight. Raises Invalid."""
    try:
        return duty.minute_of(request.form.get(name, ""))
    except ValueError as error:
        raise Invalid(name, NOT_A_TIME) from error


def refresh() -> None:
    """The sealed file holds who is on duty; it follows each change at once."""
    config = connection.config()
    emergency.refresh(
        connection.get_db(), connection.get_vault(), config.emergency_file, config.timezone, connection.now()
    )


def clock_of(minute_of_day: int) -> str:
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"


def span_of(turn: Change) -> tuple[datetime, datetime]:
    return turn.starts, turn.ends


def special(day: datetime) -> holidays.Special | None:
    return holidays.special(day.date())
