"""The families' pages: their blueprint, who is slowed down, and what all of them share."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext
from werkzeug.exceptions import RequestEntityTooLarge

from station import communities
from station.communities import Station
from station.enrolment import Locality
from station.errors import Invalid, UserError
from station.web import connection, damping, elder_form, language, pages

bp = Blueprint("family", __name__)

LARGEST_PICTURE = (
    24 * 1024 * 1024
)  # bytes of a request: enough to read a picture that is too large and say so
PICTURE_PAGES = ("identity", "portrait")

# Beginning, guessing codes, and sending pictures, by network; the last one by code, whoever guesses its phone.
begun = damping.Damper(burst=30, every_s=20)
asked = damping.Damper(burst=10, every_s=6)
asked_everywhere = damping.Damper(burst=120, every_s=1)
phone_guessed = damping.Damper(burst=10, every_s=60)
pictured = damping.Damper(burst=30, every_s=5)


@bp.url_value_preprocessor
def check_readable(endpoint: str | None, values: dict[str, object] | None) -> None:
    if (values or {}).get("step") in PICTURE_PAGES or endpoint == "family.answer":
        request.max_content_length = LARGEST_PICTURE
    elder_form.refuse_unreadable()


@bp.context_processor
def shared() -> dict[str, object]:
    return {"to": to}


@bp.app_template_filter()
def just_day(day: date) -> str:
    """A day with its weekday, in the reader's language."""
    return str(format_date(day, "M月d日EEEE" if language.current() == "zh" else "EEEE, d MMMM"))


@bp.errorhandler(Invalid)
def unreadable(error: UserError) -> ResponseReturnValue:
    return render_template("family/sorry.html", text=pages.error_text(error)), error.status


def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    text = gettext("This is too large to arrive. Nothing you saved before is lost. Go back and send less.")
    return render_template("family/sorry.html", text=text), 413


def to(endpoint: str, **values: Any) -> str:
    """An address of these pages in the chosen language."""
    return url_for(f"family.{endpoint}", l=request.args.get("l"), **values)


def may_ask() -> bool:
    """Count one try at a code; False when this network, or the world, tries too often."""
    by_network = asked.allows(damping.source())
    return by_network and asked_everywhere.allows(b"everybody")


def station_of(community_id: str) -> Station:
    """The station that looks after the chosen community; the first one until a community is chosen."""
    db = connection.get_db()
    chosen = [c.station for c in communities.communities(db) if str(c.id) == community_id]
    return communities.station(db, chosen[0]) if chosen else communities.stations(db)[0]


def locality(station: Station) -> Locality:
    here = [c.id for c in communities.communities(connection.get_db()) if c.station == station.number]
    return Locality(station.area_code, station.address_prefix, frozenset(here))
