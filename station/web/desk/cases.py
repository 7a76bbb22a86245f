"""One incident: its page, and what the officers press on it."""

from typing import Any

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import communities, elders, search
from station.errors import Conflict, Invalid, UserError
from station.incidents import acts, calls, views
from station.incidents.acts import Move
from station.web import access, connection, pages
from station.web.desk import answers, console, wording
from station.web.desk.blueprint import ACT, bp, own, typed, word
from station.web.desk.case import gather

LONGEST_RELATION = 40


@bp.get("/desk/incidents/<int:incident_id>")
@access.allowed(*ACT)
def incident(incident_id: int) -> ResponseReturnValue:
    """The page. With `part=live` all but the elder's record, for a console that already shows it."""
    return _page(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/claim")
@access.allowed(*ACT)
def claim(incident_id: int) -> ResponseReturnValue:
    own(incident_id)
    try:
        acts.claim(connection.get_db(), incident_id, word("slot"), by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/move")
@access.allowed(*ACT)
def move(incident_id: int) -> ResponseReturnValue:
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        acts.move(db, vault, incident_id, _step(), by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/messages")
@access.allowed(*ACT)
def say(incident_id: int) -> ResponseReturnValue:
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        to = number("scan") if word("scan") else None  # one finder, else all of them
        acts.say(db, vault, incident_id, word("text"), by=g.staff.id, scan_id=to, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id, 201)


@bp.post("/desk/incidents/<int:incident_id>/seen")
@access.allowed(*ACT)
def seen(incident_id: int) -> ResponseReturnValue:
    own(incident_id)
    try:
        acts.seen(connection.get_db(), incident_id, by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/identify")
@access.allowed(*ACT)
def identify(incident_id: int) -> ResponseReturnValue:
    """With `query` the elders it may be; with `elder_id` the one it is."""
    own(incident_id)
    if not word("elder_id"):
        return _candidates(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    elder_id = number("elder_id")
    access.own_station(elders.get(db, vault, elder_id).station)
    try:
        calls.identify(db, vault, incident_id, elder_id, by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)


def _candidates(incident_id: int) -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    area_code = communities.station(db, g.staff.station).area_code
    found = search.find(db, vault, word("query"), station=g.staff.station, area_code=area_code)
    if access.wants_json():
        return jsonify(found=[{"elder_id": str(one.elder_id), "name": one.name} for one in found])
    names = {one.id: one.name for one in communities.communities(db)}
    return _page(incident_id, found=found, query=word("query"), communities=names)


def _step() -> Move:
    body = typed()
    return Move(
        state=word("state"),
        version=number("version"),
        eta_minutes=number("eta_minutes") if word("eta_minutes") else None,
        collected_by=word("collected_by"),
        relation=word("relation")[:LONGEST_RELATION],
        identity_seen=body.get("identity_seen") in (True, "1", "on", "true"),
        outcome=word("outcome"),
    )


def number(name: str) -> int:
    """A whole number of what was sent. Raises Invalid."""
    text = word(name).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(name, "Give a whole number here. Load the page again if you did not type it.")
    return int(text)


def done(incident_id: int, status: int = 200) -> ResponseReturnValue:
    """The incident as it stands after a press."""
    if access.wants_json():
        return jsonify(answers.line(own(incident_id))), status
    return redirect(url_for(".incident", incident_id=incident_id), code=303)


def refuse(incident_id: int, error: UserError) -> ResponseReturnValue:
    """Say why, and show how the incident stands now."""
    text = _told_apart(incident_id, error)
    if access.wants_json():
        return jsonify(answers.line(own(incident_id)) | {"error": text}), error.status
    wrong = {"field": getattr(error, "field", ""), "text": text}
    return _page(incident_id, status=error.status, wrong=wrong, kept=request.form)


def _told_apart(incident_id: int, error: UserError) -> str:
    """A refused claim names the colleague who holds the incident."""
    shown = own(incident_id)
    if (
        isinstance(error, Conflict)
        and request.endpoint == "desk.claim"
        and word("slot") != "join"
        and shown.closed_at is None
    ):
        held = views.holders(connection.get_db(), connection.get_vault(), shown).values()
        names = dict.fromkeys(staff.name for staff in held if staff.id != g.staff.id)
        return str(
            gettext("%(names)s has already taken this. You can still join by phone.", names=", ".join(names))
        )
    return pages.error_text(error)


def _page(incident_id: int, *, status: int = 200, **more: Any) -> ResponseReturnValue:
    live = request.args.get("part") == "live"
    case = gather(own(incident_id), with_person=not live)
    if access.wants_json():
        return jsonify(answers.whole(case)), status
    shown = {
        "case": case,
        "map_apps": wording.MAP_APPS,
        "distance": wording.distance,
        "board": None if live else console.board(),
        "live": live,
        "wrong": None,
        "kept": {},
    } | more
    return render_template("desk/incident.html", **shown), status
