"""The duty desk's blueprint, and who may look and who may act."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, request

from station.incidents import views
from station.incidents.views import Brief
from station.web import access, connection

bp = Blueprint("desk", __name__)

LOOK = ("duty", "secretary", "operator")  # the list and its events: no personal data for the operator
ACT = ("duty", "secretary")


def typed() -> Mapping[str, Any]:
    """What was sent, as JSON or as a form; empty when it is neither."""
    body = request.get_json(silent=True) if request.is_json else request.form
    return body if isinstance(body, Mapping) else {}


def word(name: str) -> str:
    """One text of what was sent; numbers become text, anything else is empty."""
    value = typed().get(name, "")
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def own(incident_id: int) -> Brief:
    """An incident of the signed-in person's station. Raises NotFound for any other."""
    found = views.brief(connection.get_db(), incident_id)
    access.own_station(found.station)
    return found


def sees_people() -> bool:
    return g.staff.role in ACT
