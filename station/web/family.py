"""A family applies for a badge from its phone, and asks by case code how far it is."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import cards, communities, enrolment, progress
from station.applications import intake, records
from station.communities import Station
from station.enrolment import ElderForm, Locality
from station.errors import Invalid, InvalidForm, NotFound, UserError
from station.web import access, connection, damping, elder_form, pages

bp = Blueprint("family", __name__)

_sent = damping.Damper(burst=30, every_s=20)
_asked = damping.Damper(burst=10, every_s=6)


@bp.url_value_preprocessor
def check_readable(_endpoint: str | None, _values: object) -> None:
    elder_form.refuse_unreadable()


@bp.get("/apply")
@access.public
def apply() -> ResponseReturnValue:
    return _form_page(ElderForm())


@bp.post("/apply")
@access.public
def send() -> ResponseReturnValue:
    """Keep the application and show its case code; the same form sent twice shows the same code."""
    typed = elder_form.read()
    if request.form.get("do") == "preview":
        return _form_page(typed, preview=True)
    if not _sent.allows(damping.source()):
        return _form_page(typed, too_many=True), 429
    station = _station_of(typed.community_id)
    try:
        checked, _ = elder_form.check(typed, _locality(station))
    except InvalidForm as error:
        return _form_page(typed, error.errors), 422
    code = intake.receive(
        connection.get_db(),
        connection.get_vault(),
        typed,
        checked,
        form_id=elder_form.form_id(),
        station=station.number,
        now=connection.now(),
    )
    return render_template("family/receipt.html", code=f"{code[:4]} {code[4:]}", station=station)


@bp.get("/apply/status")
@access.public
def status() -> ResponseReturnValue:
    return render_template("family/status.html", code="")


@bp.post("/apply/status")
@access.public
def look_up() -> ResponseReturnValue:
    """How far an application is, and nothing else of it."""
    code = request.form.get("code", "")
    if not _asked.allows(damping.source()):
        text = gettext("Too many tries. Wait a minute, then try again.")
        return render_template("family/status.html", code=code, error=text), 429
    try:
        found = records.by_code(connection.get_db(), connection.get_vault(), code)
    except NotFound as error:
        return render_template("family/status.html", code=code, error=pages.error_text(error)), 404
    return render_template(
        "family/progress.html",
        refused=found.state == "refused",
        reason=found.reason,
        reached=progress.STEPS.index(progress.step(connection.get_db(), found)),
        station=communities.station(connection.get_db(), found.station),
    )


@bp.errorhandler(Invalid)
def unreadable(error: UserError) -> ResponseReturnValue:
    return render_template("family/sorry.html", text=pages.error_text(error)), error.status


def _form_page(typed: ElderForm, errors: Sequence[Invalid] = (), **more: object) -> str:
    # This page asks for the applicant first.
    ordered = sorted(errors, key=lambda error: not error.field.startswith("contact"))
    texts = [(error.field, pages.error_text(error)) for error in ordered]
    places = communities.communities(connection.get_db())
    return render_template(
        "family/apply.html",
        typed=typed,
        contacts=elder_form.padded(typed.contacts),
        form_id=elder_form.form_id(),
        options=elder_form.options(places),
        station=_station_of(typed.community_id),
        problems=texts,
        errors=dict(texts),
        items=elder_form.shown_items(cards.preview(enrolment.unchecked(typed))),
        **more,
    )


def _station_of(community_id: str) -> Station:
    """The station that looks after the chosen community; the first one until a community is chosen."""
    db = connection.get_db()
    chosen = [c.station for c in communities.communities(db) if str(c.id) == community_id]
    return communities.station(db, chosen[0]) if chosen else communities.stations(db)[0]


def _locality(station: Station) -> Locality:
    here = [c.id for c in communities.communities(connection.get_db()) if c.station == station.number]
    return Locality(station.area_code, station.address_prefix, frozenset(here))
