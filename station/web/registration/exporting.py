"""The register as a spreadsheet: asked for with a reason, written by the job process, fetched within the hour."""

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station.errors import Invalid
from station.lists import exports
from station.lists.exports import Export
from station.web import access, connection, elder_form
from station.web.registration import lists
from station.web.registration.blueprint import bp

MAY = "secretary"


@bp.post("/elders/export")
@access.allowed(MAY)
def export_elders() -> ResponseReturnValue:
    """Have the register written as a file, for a reason that goes into the audit log."""
    kind = "csv" if request.form.get("kind") == "csv" else "xlsx"
    try:
        new = exports.ask(
            connection.get_db(),
            connection.get_vault(),
            kind,
            station=g.staff.station,
            reason=request.form.get("reason", ""),
            form_id=elder_form.form_id(),
            by=g.staff.id,
            now=connection.now(),
        )
    except Invalid as error:
        return lists.page(error), 422
    return redirect(url_for(".export_page", export_id=new), code=303)


@bp.get("/elders/exports/<int:export_id>")
@access.allowed(MAY)
def export_page(export_id: int) -> ResponseReturnValue:
    """How far the file is, and the way to fetch it."""
    one = _mine(export_id)
    return render_template("registry/export.html", one=one, over=_is_over(one))


@bp.get("/elders/exports/<int:export_id>/state")
@access.allowed(MAY)
def export_state(export_id: int) -> ResponseReturnValue:
    one = _mine(export_id)
    return jsonify(state=one.state, done=one.done, total=one.total)


@bp.get("/elders/exports/<int:export_id>/file")
@access.allowed(MAY)
def export_file(export_id: int) -> ResponseReturnValue:
    one = _mine(export_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    content = exports.fetch(db, vault, one, by=g.staff.id, now=now)
    return lists.as_file(content, f"elders-{elder_form.today().isoformat()}", one.kind)


@bp.post("/elders/exports/<int:export_id>/end")
@access.allowed(MAY)
def end_export(export_id: int) -> ResponseReturnValue:
    """Destroy the file before its hour is over."""
    db, vault = connection.get_db(), connection.get_vault()
    exports.end(db, vault, _mine(export_id).id, now=connection.now())
    return redirect(url_for(".export_page", export_id=export_id), code=303)


def _mine(export_id: int) -> Export:
    """A file that the caller asked for. To everybody else it is as if it did not exist. Raises NotFound."""
    return exports.of_staff(connection.get_db(), export_id, g.staff.id)


def _is_over(one: Export) -> bool:
    return one.state == "ended" or (one.ends_at is not None and one.ends_at <= connection.now())
