"""The usual temperatures of each month, typed by the station, with a preview of what they do to the ladder."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from station import audit, communities, duty
from station.communities import Step
from station.db import transaction
from station.incidents import urgency
from station.incidents.urgency import JILIN, Month, Urgency
from station.vocabulary import N_
from station.web import access, connection, hurrying
from station.web.roster.blueprint import EDIT, LOOK, bp, local_now
from station.web.roster.policy import WHO

NOT_A_NUMBER = N_("Write a number such as -23.")
TURNED = N_("The coldest is warmer than the warmest.")
BEYOND = N_("Write a temperature from -60 to 50 degrees Celsius.")
_LOWEST, _HIGHEST = -60.0, 50.0
# What people type for a minus, and behind the number; full-width forms are gone by then.
_TYPED = str.maketrans("−–—负", "----", " °C度")


@dataclass(frozen=True)
class Typed:
    """The form as it was typed, by field (coldest1 … warmest12), and what is wrong in it."""

    cells: dict[str, str]
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def months(self) -> tuple[Month, ...]:
        """The table; only when nothing is wrong."""
        cells = self.cells
        return tuple(
            Month(_number(cells[f"coldest{n}"]), _number(cells[f"warmest{n}"])) for n in range(1, 13)
        )


@dataclass(frozen=True)
class Line:
    """One step of the ladder: who, after how many seconds usually, and in this case."""

    who: str
    usual_s: float
    after_s: float


@bp.get("/desk/climate")
@access.allowed(*LOOK)
def climate() -> ResponseReturnValue:
    known = urgency.climate(connection.get_db(), g.staff.station)
    return _page(_cells(known or JILIN), example=not known)


@bp.post("/desk/climate")
@access.allowed(*EDIT)
def save_climate() -> ResponseReturnValue:
    """Preview what was typed, or save it for incidents that open from now on."""
    db = connection.get_db()
    if request.form.get("do") == "example":
        return _page(_cells(JILIN), example=True)
    sent = _typed()
    if sent.wrong:
        return _page(sent, status=422)
    if request.form.get("do") != "save":
        return _page(sent, unsaved=True)
    with transaction(db):
        urgency.set_climate(db, g.staff.station, sent.months)
        audit.record(
            db, connection.ring(), staff_id=g.staff.id, action="climate.save",
            about=f"station/{g.staff.station}", now=connection.now(),
        )  # fmt: skip
    return redirect(url_for(".climate", saved=1), code=303)


def _page(
    shown: Typed, *, example: bool = False, unsaved: bool = False, status: int = 200
) -> ResponseReturnValue:
    sent = request.form if request.method == "POST" else request.args
    month, time, notes = _case(sent.get("month", ""), sent.get("time", ""), bool(sent.get("notes")))
    policy = communities.station(connection.get_db(), g.staff.station).policy
    found = None if shown.wrong else _judged(shown.months, month, time, notes)
    fast = urgency.hastened(policy, found.factor) if found else policy
    names, short = (get_locale().months["stand-alone"][width] for width in ("wide", "abbreviated"))
    values = {
        "cells": shown.cells,
        "wrong": shown.wrong,
        "months": [(n, short[n]) for n in range(1, 13)],
        "case": {"month": month, "name": names[month], "time": time, "notes": notes},
        "found": found,
        "why": hurrying.why(found) if found and found.factor > 1 else "",
        "lines": _lines(policy.steps, fast.steps),
        "repeats": (policy.repeat_s, fast.repeat_s),
        "who": WHO,
        "example": example,
        "unsaved": unsaved,
        "may_edit": g.staff.role in EDIT,
    }
    return render_template("roster/climate.html", **values), status


def _cells(months: tuple[Month, ...]) -> Typed:
    cells: dict[str, str] = {}
    for n, month in enumerate(months, 1):
        cells |= {f"coldest{n}": f"{month.coldest:g}", f"warmest{n}": f"{month.warmest:g}"}
    return Typed(cells)


def _typed() -> Typed:
    names = [f"{end}{n}" for n in range(1, 13) for end in ("coldest", "warmest")]
    cells = {name: request.form.get(name, "").strip()[:12] for name in names}
    wrong: dict[str, str] = {}
    for name, text in cells.items():
        try:
            if not _LOWEST <= _number(text) <= _HIGHEST:
                wrong[name] = gettext(BEYOND)
        except ValueError:
            wrong[name] = gettext(NOT_A_NUMBER)
    for n in range(1, 13):
        pair = (f"coldest{n}", f"warmest{n}")
        if not wrong.keys() & set(pair) and _number(cells[pair[0]]) > _number(cells[pair[1]]):
            wrong[pair[0]] = gettext(TURNED)
    return Typed(cells, wrong)


def _number(text: str) -> float:
    """A number as people write degrees: -23, －23℃, −23 °C. Raises ValueError."""
    plain = unicodedata.normalize("NFKC", text).replace("零下", "-").translate(_TYPED)
    if not plain.replace("-", "", 1).replace(".", "", 1).isdecimal():
        raise ValueError("not a number")
    return float(plain)


def _case(month: str, time: str, notes: bool) -> tuple[int, str, bool]:
    """Month and time of the preview; three in a January night when nothing was chosen."""
    number = int(month) if month.isascii() and month.isdecimal() and 1 <= int(month) <= 12 else 1
    try:
        duty.minute_of(time)
    except ValueError:
        time = "03:00"
    return number, time, notes


def _judged(months: tuple[Month, ...], month: int, time: str, notes: bool) -> Urgency:
    minute = duty.minute_of(time)
    zone = ZoneInfo(connection.config().timezone)
    moment = datetime(local_now().year, month, 15, minute // 60 % 24, minute % 60, tzinfo=zone)
    return urgency.judge(months, urgency.by_sun(connection.get_db(), g.staff.station, moment), notes=notes)


def _lines(usual: tuple[Step, ...], fast: tuple[Step, ...]) -> list[Line]:
    return [Line(one.who, one.after_s, quick.after_s) for one, quick in zip(usual, fast, strict=True)]
