"""Public holidays of the mainland and the weekends that are worked for them, as the State Council announced them."""

from dataclasses import dataclass
from datetime import date

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

_YEARS = {day.year for day in chinese_calendar.constants.holidays}


@dataclass(frozen=True)
class Special:
    """A day that is not as its weekday says."""

    name: str  # an English msgid
    off: bool  # a day off; else a weekend day that is worked in exchange


def special(day: date) -> Special | None:
    """What is special about a day; None for an ordinary one and in a year that `known` does not know."""
    if not known(day):
        return None
    off, name = chinese_calendar.get_holiday_detail(day)
    return Special(NAMES[name], off) if name in NAMES else None


def known(day: date) -> bool:
    """Whether the holidays of the day's year have been announced to the library (they are, each November)."""
    return day.year in _YEARS
