"""The pages behind the poster at a door: where one is, the badge's number, and a report that carries the place."""

import secrets
from dataclasses import replace

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station.errors import NotFound
from station.incidents.intake import Sighting
from station.issuing import records
from station.landmarks import matching
from station.landmarks import records as landmarks
from station.landmarks.records import Landmark
from station.web import access, connection, damping
from station.web.public import card, notices, page, reception
from station.web.public.blueprint import bp, by_number, numbers
from station.web.public.card import UNREACHABLE
from station.web.public.notices import Notice


@bp.get("/p/<code>")
@access.public
def place_page(code: str) -> ResponseReturnValue:
    """Where one is and whom to ring. Writes nothing."""
    try:
        here = _landmark(code)
    except UNREACHABLE:
        return _not_reached()
    except NotFound:
        return _old_poster()
    request_id, station = secrets.token_urlsafe(16), card.of_station(here.station)
    return page.render("place.html", card=station, name=here.name, code=code, request_id=request_id)


@bp.post("/p/<code>")
@access.public
def number_at_place(code: str) -> ResponseReturnValue:
    """The badge's number was typed: on to its page, which keeps the place in its address."""
    digits = "".join(str(int(c)) for c in request.form.get("number", "") if c.isdecimal())
    try:
        here = _landmark(code)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    except NotFound:
        return _old_poster()
    return redirect(f"/p/{here.code}/{digits[:20] or '0'}{page.query()}", code=303)


@bp.post("/p/<code>/scans")
@access.public
def report_at_place(code: str) -> ResponseReturnValue:
    """Somebody seems lost here and wears no badge that could be read: an incident of the place."""
    try:
        here = _landmark(code)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    except NotFound:
        return _old_poster()
    return reception.take(here.station, here.serial, _sighting(here))


@bp.get("/p/<code>/<digits>")
@access.public
def badge_at_place(code: str, digits: str) -> ResponseReturnValue:
    """The page of a badge whose number was typed, with the place of the poster behind its buttons."""
    if not numbers.allows(damping.source()):
        return notices.too_many_numbers()
    try:
        badge = _badge(code, digits)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    except NotFound:
        return notices.unknown_number()
    station = card.of_station(badge.station)
    shown = replace(station, number=records.shown_number(badge.number))
    action = f"/p/{_landmark(code).code}/{badge.number}/scans{page.query()}"
    return page.render_help(station, shown, page.press_form(action))


@bp.post("/p/<code>/<digits>/scans")
@access.public
def report_badge_at_place(code: str, digits: str) -> ResponseReturnValue:
    try:
        badge, here = _badge(code, digits), _landmark(code)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    except NotFound:
        return notices.unknown_number()
    return reception.take(badge.station, badge.serial, _sighting(here))


def _landmark(code: str) -> Landmark:
    """The place of a poster that still counts."""
    found = landmarks.by_code(connection.get_db(), code)
    if found is None or found.retired:
        raise NotFound("There is no such landmark.")
    return found


def _badge(code: str, digits: str) -> records.Badge:
    _landmark(code)
    badge = by_number(digits)
    if badge is None:
        raise NotFound("There is no such badge.")
    return badge


def _sighting(here: Landmark) -> Sighting:
    """Where whoever reads the poster stands."""
    return Sighting(here.point, matching.ACCURACY_M[here.kind], here.name, "poster", here.name)


def _old_poster() -> ResponseReturnValue:
    notice = Notice(
        gettext("This poster is out of date"),
        gettext("Have you found somebody who seems lost? Ring the station and say where you are."),
        ask_number=True,
    )
    return notices.answer(notice, 404, card.hotlines())


def _not_reached() -> ResponseReturnValue:
    notice = Notice(
        gettext("Please ring a station"),
        gettext("Have you found somebody who seems lost? Ring the station and say where you are."),
    )
    return notices.answer(notice, 503, card.hotlines())
