"""What all views of the registration desk share: who may call them, whose rows they show, what gets noted."""

from typing import Any

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge

from station import audit, communities, elders
from station.communities import Community, Station
from station.db import transaction
from station.elders import Elder
from station.enrolment import Locality
from station.issuing import records
from station.issuing.records import Badge
from station.web import access, connection, elder_form

bp = Blueprint("registry", __name__)

bp.add_app_template_filter(records.shown_number, "shown_number")
bp.add_app_template_filter(elder_form.shown_phone, "shown_phone")
bp.add_app_template_filter(elder_form.lasted, "lasted")

WHO = ("worker", "secretary")
WITH_PHOTO = (
    "registry.import_landmarks",
    "registry.upload_list",
    "registry.add",
    "registry.save",
    "registry.set_photo",
    "registry.bind",
    "registry.hand_over",
    "registry.check",
    "registry.set_voice",
    "registry.approve",
    "registry.refuse",
    "registry.act",
    "registry.preview",
)
# Bytes. More than a photo may have (8 MiB), so that one straight from a camera is refused at its field, with
# everything typed kept; a refusal here could only send the worker back to an empty form.
LARGEST_WITH_PHOTO = 24 * 1024 * 1024


@bp.url_value_preprocessor
def accept_photos(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Here, because the CSRF check reads the form before any before_request of a blueprint."""
    if endpoint in WITH_PHOTO and access.COOKIE in request.cookies:
        request.max_content_length = LARGEST_WITH_PHOTO
    elder_form.refuse_unreadable()


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    text = gettext(
        "The file is too large (a photo has at most 8 MB, a clip 1 MB, a table 2 MB), so nothing was saved. "
        "Go back and choose another one."
    )
    return render_template("error.html", text=text), 413


def my_station() -> Station:
    return communities.station(connection.get_db(), g.staff.station)


def my_communities() -> list[Community]:
    return [c for c in communities.communities(connection.get_db()) if c.station == g.staff.station]


def locality(station: Station) -> Locality:
    ids = frozenset(community.id for community in my_communities())
    return Locality(station.area_code, station.address_prefix, ids)


def elder_here(elder_id: int) -> Elder:
    """An elder of the caller's own station. Raises NotFound for any other."""
    elder = elders.get(connection.get_db(), connection.get_vault(), elder_id)
    access.own_station(elder.station)
    return elder


def badge_here(badge_id: int) -> Badge:
    """A badge of the caller's own station, or of an elder who came with it. Raises NotFound for any other."""
    db = connection.get_db()
    badge = records.get(db, badge_id)
    wearer = db.scalar("SELECT station FROM elder WHERE id = ?", badge.elder_id)
    access.own_station(badge.station if wearer is None else wearer)
    return badge


def note(action: str, about: str) -> None:
    """Write the audit row of a look, before anything is shown."""
    db, vault = connection.get_db(), connection.get_vault()
    with transaction(db):
        audit.record(db, vault.ring, staff_id=g.staff.id, action=action, about=about, now=connection.now())
