"""The finder's door: the page behind a badge, reports, the finder's own status page, and the start page."""

import base64
import binascii
import secrets
from dataclasses import replace

from flask import Response, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge

from station import seal
from station.errors import Conflict, Invalid, NotFound
from station.incidents import acts, reports, views
from station.incidents.counting import Crowded
from station.issuing import records
from station.seal import Unsealable
from station.vocabulary import N_
from station.web import access, connection, damping, pages
from station.web.public import (
    card,
    claiming,
    doubting,
    more,
    notices,
    page,
    posters,
    previewing,
    reception,
    remarks,
    shortcut,
    status,
)
from station.web.public.blueprint import bp, by_number, checked, numbers, storage
from station.web.public.card import UNREACHABLE

bp.record_once(shortcut.install)


bp.add_app_template_global(
    card.hotlines, "all_hotlines"
)  # the plain page of an error is a finder's page, too


@bp.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    return notices.too_large(status.first_hotline())


_messages = damping.Damper(burst=10, every_s=15)
_misses = damping.Damper(burst=60, every_s=1)


@bp.get("/<token>", strict_slashes=False)
@access.public
def help_page(token: str) -> ResponseReturnValue:
    """The same bytes whatever the state of badge, elder or incident. Writes nothing."""
    opened = seal.open_badge_token(connection.ring(), token)
    if opened is None:
        return _missed()
    return page.render_help(*card.of_page(*opened), page.press_form(f"/{token}/scans{page.query()}"))


@bp.post("/<token>/scans")
@access.public
def report(token: str) -> ResponseReturnValue:
    opened = seal.open_badge_token(connection.ring(), token)
    return reception.take(*opened) if opened else _missed()


def _missed() -> ResponseReturnValue:
    """Trying addresses by machine is slowed down for each network; a true badge's address never comes here."""
    return notices.unknown_code() if _misses.allows(damping.source()) else notices.too_many_codes()


@bp.get("/s/<token>")
@access.public
def status_page(token: str) -> ResponseReturnValue:
    try:
        shown, view, badge = status.look(checked(token))
    except NotFound:
        return notices.ended()
    if access.wants_json():
        return jsonify(view.as_json(f"/s/{token}"))
    query = page.query()
    return page.render(
        "status.html",
        card=shown,
        view=view,
        here=f"/s/{token}",
        status=token,
        act=view.act if view.may_write else "with_elder",
        remarks=remarks.shown(),
        **_press(f"/s/{token}/scans{query}{'&' if query else '?'}door={_seal_door(badge)}"),
    )


@bp.post("/s/<token>/scans")
@access.public
def report_more(token: str) -> ResponseReturnValue:
    """A further press on the status page. Its door is sealed, so that the page never tells a badge's address."""
    door = _open_door(request.args.get("door", ""))
    if door is None:
        try:
            found = views.finder_status(*storage(), checked(token), connection.now())
        except NotFound:
            return notices.ended()
        except UNREACHABLE:
            return notices.not_saved(card.hotlines())
        return reception.take(found.station, found.serial)
    return reception.take(*door)


@bp.post("/s/<token>/messages")
@access.public
def say(token: str) -> ResponseReturnValue:
    text = reception.message()
    try:
        _write(token, text)
    except NotFound:
        return notices.ended()
    except Invalid:
        return notices.not_sent(gettext("Write a few words first."), 422)
    except Crowded as error:
        return notices.not_sent(pages.error_text(error), 429)
    except Conflict:
        return notices.nobody_reads()
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    if access.wants_json():
        return jsonify(ok=True), 201
    return redirect(f"/s/{token}{remarks.of_message(text, page.query())}", code=303)


def _write(token: str, text: str) -> None:
    if not _messages.allows(token.encode()):
        raise Crowded(N_("That is many messages at once. Wait a moment, or ring the station."))
    db, vault = storage()
    now = connection.now()
    found = views.finder_status(db, vault, checked(token), now)
    if found.incident_id is None:
        raise Conflict("Nobody reads here any more. Please ring the station.")
    scan_id = reports.write_out(db, vault, token, now) if text.strip() else found.scan_id
    acts.say(db, vault, found.incident_id, text, by=None, scan_id=scan_id, now=now)


@bp.get("/")
@access.public
def start() -> ResponseReturnValue:
    apply_url = url_for("family.apply") if "family.apply" in current_app.view_functions else ""
    return page.render("start.html", hotlines=card.hotlines(), apply_url=apply_url)


@bp.post("/")
@access.public
def find_number() -> ResponseReturnValue:
    """A badge's number, typed by a finder; or the six digits of a message, typed by an officer."""
    if request.form.get("code"):
        return claiming.open_code(request.form["code"])
    digits = "".join(str(int(c)) for c in request.form.get("number", "") if c.isdecimal())
    if by_code := claiming.link_of(digits):  # typed into the other field
        return by_code
    return redirect(f"/n/{digits[:20] or '0'}{page.query()}", code=303)


@bp.get("/n/<digits>")
@access.public
def number_page(digits: str) -> ResponseReturnValue:
    """For who can read the badge but not scan it. Shows nothing of a person, so that trying numbers gains nothing."""
    if not numbers.allows(damping.source()):
        return notices.too_many_numbers()
    try:
        badge = by_number(digits)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    if badge is None:
        return notices.unknown_number()
    station = card.of_station(badge.station)
    shown = replace(station, number=records.shown_number(badge.number))
    return page.render_help(station, shown, page.press_form(f"/n/{badge.number}/scans{page.query()}"))


@bp.post("/n/<digits>/scans")
@access.public
def report_by_number(digits: str) -> ResponseReturnValue:
    try:
        badge = by_number(digits)
    except UNREACHABLE:
        return notices.not_saved(card.hotlines())
    if badge:  # a true sighting is never slowed down
        return reception.take(badge.station, badge.serial)
    return notices.unknown_number() if numbers.allows(damping.source()) else notices.too_many_numbers()


@bp.get("/robots.txt")
@access.public
def robots() -> ResponseReturnValue:
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@bp.get("/favicon.ico")
@access.public
def favicon() -> ResponseReturnValue:
    return "", 204


def _press(action: str) -> dict[str, str]:
    request_id = secrets.token_urlsafe(16)
    code = reports.call_code(connection.ring(), request_id)
    return {"action": action, "request_id": request_id, "code": code}


def _seal_door(badge: tuple[int, int | None] | None) -> str:
    if badge is None or badge[1] is None:
        return ""
    sealed = seal.seal(connection.ring().derive("door"), f"{badge[0]}|{badge[1]}".encode(), "door")
    return base64.urlsafe_b64encode(sealed).decode()


def _open_door(text: str) -> tuple[int, int] | None:
    try:
        plain = seal.unseal(connection.ring().derive("door"), base64.urlsafe_b64decode(text), "door")
    except (Unsealable, binascii.Error, ValueError):
        return None
    station, _, serial = plain.decode().partition("|")
    return int(station), int(serial)


__all__ = ["bp", "doubting", "more", "posters", "previewing"]
