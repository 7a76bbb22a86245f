"""Landmarks at the desk: which one the words mean, and a safe place that the finder is sent to."""

from flask import g
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext

from station import phones
from station.errors import Invalid, UserError
from station.incidents import acts, locating
from station.landmarks import records
from station.landmarks.records import Landmark, Near
from station.web import access, connection
from station.web.desk import cases, wording
from station.web.desk.blueprint import ACT, bp, own, word


@bp.post("/desk/incidents/<int:incident_id>/place")
@access.allowed(*ACT)
def locate(incident_id: int) -> ResponseReturnValue:
    """The officer judges which landmark the finder's words mean."""
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        locating.choose(db, vault, incident_id, _chosen(), by=g.staff.id, now=connection.now())
    except UserError as error:
        return cases.refuse(incident_id, error)
    return cases.done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/suggest")
@access.allowed(*ACT)
def suggest(incident_id: int) -> ResponseReturnValue:
    """Write a safe place to the finder: name, hours, phone."""
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        chosen = _chosen()
        here = locating.place_of(db, vault, incident_id)
        away = [one for one in records.safe_near(db, chosen.station, here or chosen.point, 50) if here]
        known = next((one for one in away if one.landmark.id == chosen.id), Near(chosen, 0))
        acts.say(db, vault, incident_id, _text(known), by=g.staff.id, now=connection.now())
    except UserError as error:
        return cases.refuse(incident_id, error)
    return cases.done(incident_id, 201)


def _chosen() -> Landmark:
    """A landmark of the officer's station that is in use. Raises Invalid."""
    text = word("landmark").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid("landmark", "Choose one of the places of the list.")
    found = records.get(connection.get_db(), int(text))
    if found.retired or found.station != g.staff.station:
        raise Invalid("landmark", "Choose one of the places of the list.")
    return found


def _text(near: Near) -> str:
    """In the station's language and in English: it may reach several people, and nobody knows what they speak."""
    return "\n".join(_words(near, spoken) for spoken in dict.fromkeys((connection.config().language, "en")))


def _words(near: Near, spoken: str) -> str:
    place = near.landmark
    with force_locale(spoken):
        parts = [
            gettext("You can bring the elder to a safe place or leave word there: %(name)s.", name=place.name)
        ]
        if near.distance_m:
            parts.append(
                gettext("It is about %(distance)s away.", distance=wording.distance(near.distance_m))
            )
        if place.hours:
            parts.append(gettext("Open: %(hours)s.", hours=place.hours))
        if place.phone:
            parts.append(gettext("Phone: %(phone)s.", phone=phones.from_e164(place.phone).shown))
        return " ".join(parts)
