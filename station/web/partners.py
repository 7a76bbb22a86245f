"""Other systems hand in applications and ask how far they are; every request is signed, every answer is JSON."""

import json
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import clock, communities, enrolment, partners, progress, vocabulary
from station.applications.records import Application, Details
from station.doorstep import Doorstep
from station.enrolment import ContactForm, ElderForm, Locality
from station.errors import Invalid, NotFound, UserError
from station.partners import Handed, Partner
from station.web import access, connection, damping, elder_form, pages

bp = Blueprint("partners", __name__)

LISTS = ("health_notes", "hints", "consents")
KNOWN = {
    "health_notes": tuple(vocabulary.HEALTH_NOTES),
    "hints": tuple(vocabulary.HINTS),
    "consents": tuple(vocabulary.CONSENT_ITEMS),
}
TEXTS = ("name", "identity_number", "birth_date", "sex", "address", "history", "call_name", "given_by")

LONGEST_VERSION = 40
AHEAD, BEHIND = timedelta(minutes=5), timedelta(days=366)

_strangers = damping.Damper(burst=20, every_s=3)


@bp.post("/applications")
@access.signed
def hand_in() -> ResponseReturnValue:
    """An application as a family would send it; it lands in the same queue."""
    partner = _partner(request.get_data())
    body = _body()
    client_id = partners.checked_number(body.get("client_id"))
    form = _form(body)
    station = _station(form.community_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    checked = enrolment.check(form, _locality(station), elder_form.today())
    handed = Handed(partner, client_id, request.get_data(), _agreed(body, now))
    code, is_new = partners.receive(db, vault, handed, form, checked, station=station.number, now=now)
    found = partners.of_client(db, vault, partner, client_id)
    assert found is not None, "it was written a moment ago"
    return jsonify(_status(client_id, found) | {"case_code": code}), 201 if is_new else 200


@bp.get("/applications/by/<client_id>")
@access.signed
def handed_in(client_id: str) -> ResponseReturnValue:
    """How far it is; of the elder nothing."""
    partner = _partner(request.path.encode())
    found = partners.of_client(connection.get_db(), connection.get_vault(), partner, client_id)
    if found is None:
        raise NotFound("You have handed in no application with this client_id.")
    return jsonify(_status(client_id, found))


@bp.errorhandler(UserError)
def refused(error: UserError) -> ResponseReturnValue:
    """Always JSON, whatever the caller says it takes."""
    return jsonify(pages.as_json(error)), error.status


def _partner(what: bytes) -> Partner:
    """Who signed the request. Raises Unsigned; who tries often is slowed down."""
    try:
        return partners.authentic(
            connection.get_db(),
            connection.get_vault(),
            request.headers.get("X-Station-Partner", ""),
            request.headers.get("X-Station-Signature", ""),
            what,
            connection.now(),
        )
    except partners.Unsigned:
        if not _strangers.allows(damping.source()):
            raise TooMany from None
        raise


class TooMany(UserError):
    """Unsigned requests one after the other."""

    status = 429

    def __init__(self) -> None:
        super().__init__("Too many tries. Wait a minute, then try again.")


def _body() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Invalid("body", "The body must be one JSON object.")
    return body


def _form(body: dict[str, Any]) -> ElderForm:
    """The same form as a family's. Raises Invalid for a value of the wrong kind, or a word that is not known."""
    given: dict[str, Any] = {name: _text(name, body.get(name)) for name in TEXTS}
    given |= {name: _words(name, body.get(name)) for name in LISTS}
    return ElderForm(
        **{**given, "given_by": given["given_by"] or "relative"},
        community_id=_community(body.get("community")),
        contacts=_contacts(body.get("contacts")),
    )


def _agreed(body: dict[str, Any], now: datetime) -> Details:
    """To which text the family said yes, and when; what is left out means the station's text of today, and now."""
    version = _text("consent_version", body.get("consent_version")).strip()
    if len(version) > LONGEST_VERSION or not version.isprintable():
        raise Invalid("consent_version", "consent_version is one line of at most 40 characters.")
    typed = _text("consented_at", body.get("consented_at")).strip()
    at = _moment(typed, now) if typed else now
    return Details(consent_version=version or vocabulary.CONSENT_VERSION, consented_at=clock.text(at))


def _moment(typed: str, now: datetime) -> datetime:
    """When the family agreed. Raises Invalid."""
    try:
        at = datetime.fromisoformat(typed)
        fits = now - BEHIND <= at <= now + AHEAD
    except (ValueError, TypeError):  # no time, or one without its offset
        fits = False
    if not fits:
        raise Invalid(
            "consented_at",
            "consented_at is a time of the last year with its offset, such as 2026-11-21T19:00:00+08:00.",
        )
    return min(at, now)


def _text(name: str, value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise Invalid(name, "This must be text.")
    return value or ""


def _words(name: str, value: object) -> tuple[str, ...]:
    given = value if value is not None else []
    if not isinstance(given, list) or not all(word in KNOWN[name] for word in given if isinstance(word, str)):
        raise Invalid(name, "This must be a list of these words: %(words)s", words=" ".join(KNOWN[name]))
    if not all(isinstance(word, str) for word in given):
        raise Invalid(name, "This must be a list of these words: %(words)s", words=" ".join(KNOWN[name]))
    return tuple(given)


def _contacts(value: object) -> tuple[ContactForm, ...]:
    given = value if value is not None else []
    if not isinstance(given, list) or len(given) > enrolment.MOST_CONTACTS:
        raise Invalid("contacts", "contacts is a list of one to four.")
    return tuple(_contact(n, one) for n, one in enumerate(given, 1))


def _contact(n: int, one: object) -> ContactForm:
    if not isinstance(one, dict):
        raise Invalid(f"contact{n}_phone", "A contact has name, phone and relation.")
    name, phone, relation = (
        _text(f"contact{n}_{part}", one.get(part)) for part in ("name", "phone", "relation")
    )
    return ContactForm(name, phone, relation or "other")


def _community(value: object) -> str:
    """The community by its name. Raises Invalid."""
    name = _text("community", value).strip()
    found = [one for one in communities.communities(connection.get_db()) if one.name == name]
    if len(found) != 1:
        raise Invalid("community", "There is no community of this name here.")
    return str(found[0].id)


def _station(community_id: str) -> communities.Station:
    db = connection.get_db()
    return communities.station(db, communities.community(db, int(community_id)).station)


def _locality(station: communities.Station) -> Locality:
    here = [c.id for c in communities.communities(connection.get_db()) if c.station == station.number]
    return Locality(station.area_code, station.address_prefix, frozenset(here))


def _status(client_id: str, found: Application) -> dict[str, object]:
    over = found.state in ("refused", "withdrawn")
    state = found.state if over else progress.step(connection.get_db(), found)
    return {
        **_promise(found),
        "client_id": client_id,
        "state": state,
        "reason": found.reason,
        "received_at": found.created_at.isoformat(),
        "decided_at": found.decided_at.isoformat() if found.decided_at else None,
    }


def _promise(found: Application) -> dict[str, object]:
    """By when, why later, and what came of bringing it: what the family reads on its own page."""
    db, today = connection.get_db(), elder_form.today()
    promised = progress.promise(db, found, connection.config().timezone, connection.now())
    door = progress.door(db, found, today) if found.state == "approved" else None
    return {
        "asked": found.asked and found.state == "received",
        "promised_by": promised.day.isoformat() if promised.day else None,
        "late": promised.is_late,
        "late_reason": gettext(progress.late_reason(found, door)) if promised.is_late else "",
        "visit": _visit(door) if door else None,
    }


def _visit(door: Doorstep) -> dict[str, object]:
    return {
        "state": door.state,
        "at": door.at.isoformat(),
        "visits": door.visits,
        "next_on": door.next_on.isoformat() if door.next_on else None,
    }
