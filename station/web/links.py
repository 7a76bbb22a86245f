"""One-tap links: what the person behind one sees without logging in, and the press that takes the incident."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import communities, consents, phones, places
from station.errors import Conflict, Invalid, NotFound, Refused, UserError
from station.incidents import acts, links, offers, views
from station.incidents.acts import Move
from station.incidents.links import Ended, Link
from station.vocabulary import N_
from station.web import access, connection, pages
from station.web.desk import wording

bp = Blueprint("links", __name__)

# How it ended, in words that tell a stranger who found the link nothing about the elder.
NEUTRAL = {
    "test": N_("It was a test."),
    "drill": N_("It was a drill."),
    "false_alarm": N_("It was a false alarm."),
    "tag_only": N_("Only a badge was found."),
}
ANSWERS = ("accept", "refuse")
STEPS = ("going", "with_elder")  # what whoever is on site reports from there; "going" again is news
OTHERWISE = N_("The station has taken care of it.")
HEARD = "heard"


@bp.get("/go/<token>")
@access.public
def look(token: str) -> ResponseReturnValue:
    """Place, map links, the finder's messages and the state; no name, no health note, no contact."""
    return _page(token)


@bp.post("/go/<token>")
@access.public
def take(token: str) -> ResponseReturnValue:
    try:
        link = links.open_link(connection.get_db(), token)
        _press(link)
    except Ended as ended:
        return _ended(ended)
    except (Conflict, Invalid, Refused) as error:
        return _refuse(token, error)
    if access.wants_json():
        return _page(token)
    return _redirect(token)


def _press(link: Link) -> None:
    """Take a slot, go along, lead on, or answer a colleague who asks to take over; in a drill, only say that it came."""
    db, slot, by, now = connection.get_db(), _sent("slot"), _claimer(link), connection.now()
    if slot == HEARD and views.brief(db, link.incident_id).kind == "drill":
        acts.seen(db, link.incident_id, by=by, now=now)
    elif slot in STEPS:
        _lead_on(link, slot, by)
    elif slot in ANSWERS:
        offers.answer(db, link.incident_id, accept=slot == "accept", by=by, now=now)
    else:
        acts.claim(db, link.incident_id, slot, by=by, now=now)


def _lead_on(link: Link, state: str, by: int) -> None:
    """Who holds the claim keeps it from here, without logging in on the way."""
    db, minutes = connection.get_db(), _sent("eta_minutes")
    brief = views.brief(db, link.incident_id)
    if brief.on_site_by != by:
        raise Refused("Only who has taken the part on site can report this.")
    if not (minutes.isascii() and minutes.isdecimal()) and minutes:
        raise Invalid("eta_minutes", "Give the minutes until arrival as a number from 0 to 600.")
    step = Move(state, brief.version, eta_minutes=int(minutes[:4]) if minutes else None)
    acts.move(db, connection.get_vault(), link.incident_id, step, by=by, now=connection.now())


def _sent(name: str) -> str:
    body = request.get_json(silent=True) if request.is_json else request.form
    value = body.get(name) if isinstance(body, Mapping) else None
    return str(value) if isinstance(value, str | int) else ""


def _claimer(link: Link) -> int:
    if not link.may_claim or link.staff_id is None:
        raise Refused("This link only shows the place. Ring the hotline to help.")
    return link.staff_id


def _redirect(token: str) -> ResponseReturnValue:
    # Relative, so that the token appears in no header that a proxy might rewrite or log.
    answer = make_response("", 303)
    answer.headers["Location"] = f"/go/{token}"
    return answer


def _refuse(token: str, error: UserError) -> ResponseReturnValue:
    text = _named(token, error)
    if access.wants_json():
        return jsonify(error=text), error.status
    return _page(token, wrong=text, status=error.status)


def _named(token: str, error: UserError) -> str:
    """A refused claim names the colleague who holds the incident."""
    if not isinstance(error, Conflict) or _sent("slot") in (*ANSWERS, *STEPS, "join"):
        return pages.error_text(error)
    db, vault = connection.get_db(), connection.get_vault()
    link = links.open_link(db, token)
    held = views.holders(db, vault, views.brief(db, link.incident_id)).values()
    names = ", ".join(dict.fromkeys(staff.name for staff in held if staff.id != link.staff_id))
    return str(gettext("%(names)s has already taken this. You can still join by phone.", names=names))


def _page(token: str, *, wrong: str = "", status: int = 200) -> ResponseReturnValue:
    try:
        link = links.open_link(connection.get_db(), token)
    except Ended as ended:
        return _ended(ended)
    shown = _shown(link)
    if access.wants_json():
        return jsonify(_as_json(shown)), status
    return render_template("links/look.html", wrong=wrong, map_apps=wording.MAP_APPS, **shown), status


def _shown(link: Link) -> dict[str, Any]:
    db, vault = connection.get_db(), connection.get_vault()
    brief = views.brief(db, link.incident_id)
    station = communities.station(db, brief.station)
    best = views.best_place(db, vault, brief.id) if _may_see_place(link, brief.elder_id) else None
    point = best.point if best else None
    return {
        "link": link,
        "brief": brief,
        "station": station,
        "hotline": phones.from_e164(station.hotline),
        "best": best,
        "where": wording.where(station, best) if best else "",
        "map_links": places.map_links(point, brief.badge_number or f"#{brief.id}") if point else [],
        "said": views.messages(db, vault, brief.id) if link.staff_id else [],
        "asked": [one for one in offers.waiting(db, brief.id) if one.to_id == link.staff_id],
        "along": link.staff_id in acts.joined(db, brief.id),
        "mine": link.staff_id in (brief.on_site_by, brief.liaison_by),
        "leads": link.may_claim and link.staff_id == brief.on_site_by and brief.kind != "drill",
        "holders": {slot: staff.name for slot, staff in views.holders(db, vault, brief).items()},
    }


def _may_see_place(link: Link, elder_id: int | None) -> bool:
    """Staff always; the family when the elder's consents, as they stand now, say so."""
    if link.staff_id is not None:
        return True
    return elder_id is not None and "family_place" in consents.standing(connection.get_db(), elder_id)


def _as_json(shown: dict[str, Any]) -> dict[str, Any]:
    brief, best = shown["brief"], shown["best"]
    return {
        "incident": str(brief.id),
        "state": brief.state,
        "badge_number": brief.badge_number,
        "where": shown["where"],
        "place": {
            "lat": best.point.lat,
            "lon": best.point.lon,
            "accuracy_m": best.accuracy_m,
            "place": best.place,
        }
        if best and best.point
        else None,
        "hotline": shown["station"].hotline,
        "may_claim": shown["link"].may_claim,
        "on_site_by": shown["holders"].get("on_site"),
        "liaison_by": shown["holders"].get("liaison"),
    }


def _ended(ended: Ended) -> ResponseReturnValue:
    text = pages.error_text(ended)
    outcome = gettext(NEUTRAL.get(ended.outcome, OTHERWISE))
    if access.wants_json():
        return jsonify(error=text, state="closed"), ended.status
    try:
        station = communities.station(connection.get_db(), ended.station)
    except NotFound:
        return render_template("error.html", text=text), ended.status
    hotline = phones.from_e164(station.hotline)
    page = render_template("links/ended.html", text=text, outcome=outcome, station=station, hotline=hotline)
    return page, ended.status
