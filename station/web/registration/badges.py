"""A badge at the desk: ordered, bound, downloaded, printed, handed over, tried, checked, replaced, ended."""

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from station import phones
from station.errors import Conflict, Invalid
from station.incidents import calls
from station.issuing import checks, life, making, orders, records, rehearsals
from station.issuing.records import Badge
from station.web import access, connection, elder_form, pages
from station.web.registration import reading
from station.web.registration.blueprint import WHO, badge_here, bp, elder_here, my_station, note
from station.web.registration.record import record_page
from station.web.registration.rounds import door_page

FILES = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}


@bp.post("/elders/<int:elder_id>/badges")
@access.allowed(*WHO)
def order(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    form, temporary = request.form.get("form") or "badge", bool(request.form.get("temporary"))
    orders.order(*_storage(), elder_id, form=form, temporary=temporary, by=g.staff.id, now=connection.now())
    return _record(elder_id)


@bp.post("/elders/<int:elder_id>/badges/bind")
@access.allowed(*WHO)
def bind(elder_id: int) -> ResponseReturnValue:
    """Give the elder a blank badge from the worker's bag."""
    here = elder_here(elder_id)
    try:
        shown = reading.shown()
        calls.bind(*_storage(), elder_id, shown, station=here.station, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return _again(elder_id, None, error)
    return _record(elder_id)


@bp.get("/badges/<int:badge_id>/badge.<any(pdf, png, svg):kind>")
@access.allowed(*WHO)
def download(badge_id: int, kind: str) -> ResponseReturnValue:
    """A file that has passed its check; there is no other. A badge that has ended is not printed again."""
    badge = badge_here(badge_id)
    if badge.state in records.ENDED:
        raise Conflict(life.NOT_NOW)
    content = making.file(*_storage(), badge_id, kind)
    note("badge.download", f"badge/{badge_id}")
    name = f"badge-{records.shown_number(badge.number)}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=FILES[kind], headers=headers)


@bp.get("/badges/<int:badge_id>/state")
@access.allowed(*WHO)
def badge_state(badge_id: int) -> ResponseReturnValue:
    """What the record page asks every two seconds while it waits for a file or a scan; it names nobody."""
    badge = badge_here(badge_id)
    tested = life.last_test(connection.get_db(), badge)
    return jsonify(
        state=badge.state,
        failed=bool(badge.problem),
        tested=tested is not None,
        confirmed=sum(
            one.confirmed_at is not None for one in rehearsals.answers(connection.get_db(), badge).values()
        ),
    )


@bp.post("/badges/<int:badge_id>/printed")
@access.allowed(*WHO)
def printed(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    if badge.state != "printed":  # pressed twice
        life.mark_printed(*_storage(), badge_id, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/hand-over")
@access.allowed(*WHO)
def hand_over(badge_id: int) -> ResponseReturnValue:
    """Activate by the real thing: its code read by the camera or in a photo, or at last the number read from it."""
    badge = badge_here(badge_id)
    try:
        life.hand_over(*_storage(), badge_id, reading.shown(), by=g.staff.id, now=connection.now())
    except Invalid as error:
        return _again(badge.elder_id, badge_id, error)
    return _back(badge)


@bp.post("/badges/<int:badge_id>/announce")
@access.allowed(*WHO)
def announce(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    why = "check" if request.form.get("why") == "check" else "test"
    life.announce(*_storage(), badge_id, why=why, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/check")
@access.allowed(*WHO)
def check(badge_id: int) -> ResponseReturnValue:
    """Record what a worker found who looked at the badge, or whose camera read it."""
    badge, by, now = badge_here(badge_id), g.staff.id, connection.now()
    if "result" in request.form:
        checks.record(*_storage(), badge_id, request.form["result"], by=by, now=now)
        return _back(badge)
    try:
        life.health_scan(*_storage(), badge_id, reading.shown(), by=by, now=now)
    except Invalid as error:
        return _again(badge.elder_id, badge_id, error)
    return _back(badge)


@bp.post("/badges/<int:badge_id>/reissue")
@access.allowed(*WHO)
def reissue(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    reason = request.form.get("reason") or "damaged"
    orders.reissue(*_storage(), badge_id, reason=reason, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/end")
@access.allowed(*WHO)
def end(badge_id: int) -> ResponseReturnValue:
    badge, state = badge_here(badge_id), request.form.get("state", "")
    if badge.state != state or state not in records.ENDED:  # pressed twice
        life.end(*_storage(), badge_id, state, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/rehearse")
@access.allowed(*WHO)
def rehearse(badge_id: int) -> ResponseReturnValue:
    """Let the family see on their own phones how they will be told."""
    badge = badge_here(badge_id)
    rehearsals.start(*_storage(), badge_id, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/reached/<int:contact_id>")
@access.allowed(*WHO)
def reached(badge_id: int, contact_id: int) -> ResponseReturnValue:
    """The worker rang a contact, who answered."""
    badge = badge_here(badge_id)
    rehearsals.confirm_by_call(*_storage(), badge_id, contact_id, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.get("/badges/<int:badge_id>/card")
@access.allowed(*WHO)
def card(badge_id: int) -> ResponseReturnValue:
    """What goes home with the badge on paper; it names nobody."""
    badge, here = badge_here(badge_id), my_station()
    hotline = phones.from_e164(here.hotline).shown
    return render_template("registry/card.html", badge=badge, station=here, hotline=hotline)


def _storage() -> tuple[connection.StationDatabase, connection.Vault]:
    return connection.get_db(), connection.get_vault()


def _again(elder_id: int | None, badge_id: int | None, error: Invalid) -> ResponseReturnValue:
    """The record with the error beside the form that it came from; None is the form for blank badges."""
    if elder_id is None:
        raise error
    wrong = {
        "badge_id": badge_id,
        "field": "photo" if elder_form.had_photo() else error.field,
        "text": pages.error_text(error),
        "typed": request.form.get("code", ""),
    }
    if badge_id is not None and _is_round():
        return door_page(badge_here(badge_id), code_error=wrong), 422
    return record_page(elder_id, code_error=wrong), 422


def _record(elder_id: int) -> ResponseReturnValue:
    return redirect(url_for(".record", elder_id=elder_id), code=303)


def _is_round() -> bool:
    """Whether the button was pressed at the door, on the page of a worker's round."""
    return request.form.get("back") == "round"


def _back(badge: Badge) -> ResponseReturnValue:
    """To the page of the door or to the elder's record; blank stock is on the board."""
    if badge.elder_id and _is_round():
        return redirect(url_for(".door", badge_id=badge.id), code=303)
    return _record(badge.elder_id) if badge.elder_id else redirect(url_for(".board_page"), code=303)
