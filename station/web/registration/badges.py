"""A badge at the desk: ordered, downloaded, handed over, tried, ended."""

from flask import g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from station.errors import Conflict
from station.issuing import life, making, orders, records
from station.web import access, connection
from station.web.registration.blueprint import WHO, badge_here, bp, elder_here, note

FILES = {"pdf": "application/pdf", "png": "image/png"}


@bp.post("/elders/<int:elder_id>/badges")
@access.allowed(*WHO)
def order(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    orders.order(db, vault, elder_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".record", elder_id=elder_id), code=303)


@bp.get("/badges/<int:badge_id>/badge.<any(pdf, png):kind>")
@access.allowed(*WHO)
def download(badge_id: int, kind: str) -> ResponseReturnValue:
    """A file that has passed its check; there is no other."""
    badge = badge_here(badge_id)
    content = making.file(connection.get_db(), connection.get_vault(), badge_id, kind)
    note("badge.download", f"badge/{badge_id}")
    name = f"badge-{records.shown_number(badge.number)}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=FILES[kind], headers=headers)


@bp.get("/badges/<int:badge_id>/state")
@access.allowed(*WHO)
def badge_state(badge_id: int) -> ResponseReturnValue:
    """What the record page asks every two seconds while a badge is being made; it names nobody."""
    badge = badge_here(badge_id)
    return jsonify(state=badge.state, failed=bool(badge.problem))


@bp.post("/badges/<int:badge_id>/hand-over")
@access.allowed(*WHO)
def hand_over(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    if badge.state != "worn":  # pressed twice
        db, vault = connection.get_db(), connection.get_vault()
        life.activate(db, vault, badge_id, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/announce")
@access.allowed(*WHO)
def announce(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    db, vault = connection.get_db(), connection.get_vault()
    life.announce(db, vault, badge_id, by=g.staff.id, now=connection.now())
    return _back(badge)


@bp.post("/badges/<int:badge_id>/end")
@access.allowed(*WHO)
def end(badge_id: int) -> ResponseReturnValue:
    badge, state = badge_here(badge_id), request.form.get("state", "")
    if badge.state != state or state not in records.ENDED:  # pressed twice
        db, vault = connection.get_db(), connection.get_vault()
        life.end(db, vault, badge_id, state, by=g.staff.id, now=connection.now())
    return _back(badge)


def _back(badge: records.Badge) -> ResponseReturnValue:
    if badge.elder_id is None:
        raise Conflict("This badge belongs to no elder yet.")
    return redirect(url_for(".record", elder_id=badge.elder_id), code=303)
