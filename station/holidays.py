"""Public holidays of the mainland and the weekends that are worked for them, as the State Council announced them."""

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar
import chinese_calendar.constants

from station.vocabulary import N_

NAMES = {
    "New Year's Day": N_("New Year's Day"),
    "Spring Festival": N_("Spring Festival"),
    "Tomb-sweeping Day": N_("Tomb-sweeping Day"),
    "Labour Day": N_("Labour Day"),
    "Dragon Boat Festival": N_("Dragon Boat Festival"),
    "National Day": N_("National Day"),
    "Mid-autumn Festival": N_("Mid-autumn Festival"),
    "Anti-Fascist 70th Day": N_("Victory Day"),
}

LONGEST_DAYS = 10  # more than any holiday has had
_YEARS = {day.year for day in chinese_calendar.constants.holidays}


@dataclass(frozen=True)
class Special:
    """A day that is not as its weekday says."""

    name: str  # an English msgid
    off: bool  # a day off; else a weekend day that is worked in exchange


@dataclass(frozen=True)
class Run:
    """Days off in a row for one holiday."""

    name: str  # an English msgid
    first: date
    last: date


def days_off(since: date, days: int) -> list[Run]:
    """The holidays of so many days from `since` on; one that is under way begins with `since`."""
    found: list[Run] = []
    for day in (since + timedelta(days=n) for n in range(days)):
        what = special(day)
        if what is None or not what.off:
            continue
        if found and (found[-1].name, found[-1].last) == (what.name, day - timedelta(days=1)):
            found[-1] = Run(what.name, found[-1].first, day)
        else:
            found.append(Run(what.name, day, day))
    return found


def starting(first: date) -> Run | None:
    """The holiday that begins on this day."""
    return next(iter(days_off(first, LONGEST_DAYS)), None)


def unknown_year(since: date, days: int) -> int | None:
    """A year of the coming days whose holidays the installed calendar does not know."""
    last = since + timedelta(days=days)
    return next((day.year for day in (since, last) if not known(day)), None)


def special(day: date) -> Special | None:
    """What is special about a day; None for an ordinary one and in a year that `known` does not know."""
    if not known(day):
        return None
    off, name = chinese_calendar.get_holiday_detail(day)
    return Special(NAMES[name], off) if name in NAMES else None


def known(day: date) -> bool:
    """Whether the holidays of the day's year have been announced to the library (they are, each November)."""
    return day.year in _YEARS
