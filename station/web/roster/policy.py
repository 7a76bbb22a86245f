"""How incidents ring: the steps of the ladder, edited with a preview of who would be rung when."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import accounts, audit, communities, duty
from station.alerts import rungs
from station.communities import Policy, Step
from station.db import transaction
from station.vocabulary import N_
from station.web import access, connection
from station.web.roster.blueprint import DAYS, EDIT, LOOK, bp, local_now

ROWS = 12
BLANK_ROWS = 2
WHO = {
    "on_duty": N_("who is on duty"),
    "voice": N_("who is on duty, once more (by voice where there is a voice channel)"),
    "backup": N_("the backup"),
    "secretaries": N_("the secretaries"),
    "everybody": N_("everybody at the station"),
}
# Fields in minutes on the page, in seconds in the policy.
MINUTES = {"going_within": "going_within_s", "news_within": "news_within_s"}


@dataclass(frozen=True)
class Rings:
    """One line of the preview."""

    after_s: float
    who: str
    names: list[str]
    instead: bool  # those of a later step stand in, since this one has nobody who can be reached


@bp.get("/desk/policy")
@access.allowed(*LOOK)
def policy() -> ResponseReturnValue:
    return _page(communities.station(connection.get_db(), g.staff.station).policy)


@bp.post("/desk/policy")
@access.allowed(*EDIT)
def save_policy() -> ResponseReturnValue:
    """Preview what was typed, or save it for incidents that open from now on."""
    db, before = connection.get_db(), communities.station(connection.get_db(), g.staff.station).policy
    typed, wrong = _typed(before)
    wrong = wrong or typed.problem()
    if wrong:
        return _page(typed, wrong=wrong, status=422)
    if request.form.get("do") != "save":
        return _page(typed, unsaved=True)
    with transaction(db):
        communities.set_policy(db, g.staff.station, typed)
        about = f"station/{g.staff.station}"
        audit.record(
            db,
            connection.ring(),
            staff_id=g.staff.id,
            action="policy.save",
            about=about,
            now=connection.now(),
        )
    return redirect(url_for(".policy", saved=1), code=303)


def _page(shown: Policy, *, wrong: str = "", unsaved: bool = False, status: int = 200) -> ResponseReturnValue:
    db = connection.get_db()
    sent = request.form if request.method == "POST" else request.args
    day, time, moment = _moment(sent.get("day", ""), sent.get("time", ""))
    values = {
        "station": communities.station(db, g.staff.station),
        "policy": shown,
        "steps": [*_rows(shown), *[("", "")] * BLANK_ROWS][:ROWS],
        "preview": [] if shown.problem() else _preview(shown, moment),
        "may_edit": g.staff.role in EDIT,
        "broken": communities.is_broken(db, g.staff.station),
        "wrong": wrong,
        "unsaved": unsaved,
        "kept": request.form,
        "day": day,
        "time": time,
        "week": DAYS,
        "who": WHO,
    }
    return render_template("roster/policy.html", **values), status


def _rows(shown: Policy) -> list[tuple[str, str]]:
    if request.method == "POST":
        sent = request.form
        typed = [(sent.get(f"after{n}", ""), sent.get(f"who{n}", "")) for n in range(ROWS)]
        return [row for row in typed if any(row)]
    return [(f"{step.after_s:g}", step.who) for step in shown.steps]


def _typed(before: Policy) -> tuple[Policy, str]:
    """What the form says, and what cannot be a number in it."""
    steps, sent = [], request.form
    try:
        for n in range(ROWS):
            who, after = sent.get(f"who{n}", ""), sent.get(f"after{n}", "").strip()
            if who:
                steps.append(Step(float(after), who))
        minutes = {name: float(sent.get(short, "")) * 60 for short, name in MINUTES.items()}
        repeat = float(sent.get("repeat_s", ""))
    except ValueError:
        return replace(before, steps=tuple(steps)), N_("Write every time as a number.")
    return replace(before, steps=tuple(steps), repeat_s=repeat, **minutes), ""


def _moment(day: str, time: str) -> tuple[int, str, datetime]:
    """The next moment of a weekday and time of day; Tuesday at three in the morning when nothing was chosen."""
    weekday = int(day) if day in ("0", "1", "2", "3", "4", "5", "6") else 1
    try:
        minute = duty.minute_of(time)
    except ValueError:
        minute, time = 180, "03:00"
    today = local_now().date()
    date = today + timedelta(days=(weekday - today.weekday()) % 7)
    wall = datetime.combine(date, datetime.min.time()) + timedelta(minutes=minute)
    return weekday, time, wall.replace(tzinfo=ZoneInfo(connection.config().timezone)).astimezone(UTC)


def _preview(shown: Policy, moment: datetime) -> list[Rings]:
    db, vault, timezone = connection.get_db(), connection.get_vault(), connection.config().timezone
    names = {one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)}
    found = rungs.preview(db, g.staff.station, shown, timezone, moment)
    return [
        Rings(step.after_s, step.who, [names[one.id] for one in whom if one.id in names], instead)
        for step, (whom, instead) in zip(shown.steps, found, strict=True)
    ]
