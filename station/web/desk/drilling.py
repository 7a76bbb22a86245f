"""Drills: start one, set the weekly time, and read how the last ones went."""

import re

from flask import g, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from station import accounts, clock
from station.errors import Conflict, Invalid
from station.selfwatch import drills
from station.selfwatch.drills import Links, Plan
from station.vocabulary import N_
from station.web import access, connection, pages
from station.web.desk.blueprint import LOOK, bp, word

WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip


@bp.get("/desk/drills")
@access.allowed(*LOOK)
def drill_list() -> ResponseReturnValue:
    return _page()


@bp.post("/desk/drills")
@access.allowed(*LOOK)
def drill() -> ResponseReturnValue:
    """One press: the whole chain, with the drill badge."""
    db, vault = connection.get_db(), connection.get_vault()
    try:
        incident_id = drills.start(db, vault, g.staff.station, by=g.staff.id, now=connection.now())
    except Conflict as error:
        if access.wants_json():
            raise
        return _page(wrong={"field": "", "text": pages.error_text(error)}, status=error.status)
    if access.wants_json():
        return jsonify(incident=str(incident_id)), 201
    return redirect(url_for(".drill_list"), code=303)


@bp.post("/desk/drills/plan")
@access.allowed("secretary", "operator")
def drill_plan() -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    try:
        drills.set_plan(db, vault, g.staff.station, _typed(), by=g.staff.id, now=connection.now())
    except Invalid as error:
        if access.wants_json():
            raise
        return _page(wrong={"field": error.field, "text": pages.error_text(error)}, status=error.status)
    if access.wants_json():
        return _page()
    return redirect(url_for(".drill_list"), code=303)


def _typed() -> Plan | None:
    """An empty weekday means never. Raises Invalid."""
    weekday, at = word("weekday"), word("at").strip()
    if not weekday:
        return None
    time = re.fullmatch(r"(\d{1,2})[:：](\d{2})", at, re.ASCII)
    if not re.fullmatch("[0-6]", weekday, re.ASCII) or time is None or int(time[2]) > 59:
        raise Invalid("at", "Give a weekday and a time such as 10:00.")
    return Plan(int(weekday), int(time[1]) * 60 + int(time[2]))


def _page(*, wrong: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    found = drills.newest(db, g.staff.station)
    plan = drills.plan_of(db, g.staff.station)
    names = {one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)}
    if access.wants_json():
        weekly = {"weekday": plan.weekday, "at": _clock(plan)} if plan else None
        return jsonify(plan=weekly, drills=[_as_json(one, names) for one in found]), status
    page = render_template(
        "desk/drills.html",
        found=found,
        plan=plan,
        at=word("at") or (_clock(plan) if plan else "10:00"),
        weekdays=WEEKDAYS,
        names=names,
        wrong=wrong or {},
    )
    return page, status


def _clock(plan: Plan) -> str:
    return f"{plan.minute // 60:02d}:{plan.minute % 60:02d}"


def _as_json(one: Links, names: dict[int, str]) -> dict[str, object]:
    return {
        "incident": str(one.incident_id),
        "started_at": clock.text(one.started_at),
        "ended_at": clock.text(one.ended_at) if one.ended_at else None,
        "planned_s": one.planned_s,
        "tried_s": one.tried_s,
        "taken_s": one.taken_s,
        "seen_s": one.seen_s,
        "claimed_s": one.claimed_s,
        "people": [
            {
                "name": names.get(who.staff_id, ""),
                "tried_s": who.tried_s,
                "taken_s": who.taken_s,
                "answered_s": who.answered_s,
            }
            for who in one.people
        ],
    }
