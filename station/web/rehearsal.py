"""The pages behind a rehearsal's and a trial's message: one button that says the message came."""

from flask import Blueprint, jsonify, make_response, render_template
from flask.typing import ResponseReturnValue

from station import communities, phones, readiness
from station.incidents import links
from station.issuing import rehearsals
from station.web import access, connection

bp = Blueprint("rehearsal", __name__)


@bp.get("/drill/<token>")
@access.public
def look(token: str) -> ResponseReturnValue:
    """Writes nothing, since chat programs fetch links; it names the badge by its number and nobody.

    An approved text for drills can hold this one address: who is rung in a station's drill is sent on from here.
    """
    if links.is_known(connection.get_db(), token):
        return _to(f"/go/{token}")
    shown = rehearsals.invitation(connection.get_db(), token)
    if access.wants_json():
        return jsonify(badge_number=shown.badge_number, confirmed=shown.confirmed)
    station = communities.station(connection.get_db(), shown.station)
    hotline = phones.from_e164(station.hotline)
    return render_template("links/rehearsal.html", shown=shown, station=station, hotline=hotline)


@bp.post("/drill/<token>")
@access.public
def confirm(token: str) -> ResponseReturnValue:
    rehearsals.confirm(connection.get_db(), token, connection.now())
    if access.wants_json():
        return look(token)
    return _to(f"/drill/{token}")


@bp.get("/ok/<token>")
@access.public
def look_at_trial(token: str) -> ResponseReturnValue:
    """A staff member tries whether a channel reaches them. Looking confirms nothing."""
    confirmed = readiness.is_confirmed(connection.get_db(), token, connection.now())
    if access.wants_json():
        return jsonify(confirmed=confirmed)
    return render_template("links/trial.html", confirmed=confirmed)


@bp.post("/ok/<token>")
@access.public
def confirm_trial(token: str) -> ResponseReturnValue:
    readiness.confirm(connection.get_db(), token, connection.now())
    if access.wants_json():
        return look_at_trial(token)
    return _to(f"/ok/{token}")


def _to(place: str) -> ResponseReturnValue:
    answer = make_response("", 303)
    answer.headers["Location"] = place  # relative, as on every page that has a token in its address
    return answer
