"""Elders from a spreadsheet: upload, preview, save, fetch the rest."""

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from station.errors import Invalid, UserError
from station.lists import columns, exports, imports, writing
from station.lists.imports import Import
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, bp, my_communities, my_station, note

MOST_SHOWN = 200
KIND = "<any(xlsx, csv):kind>"


@bp.get("/elders/imports")
@access.allowed(*WHO)
def lists() -> ResponseReturnValue:
    return page()


@bp.post("/elders/imports")
@access.allowed(*WHO)
def upload_list() -> ResponseReturnValue:
    """Keep the file sealed and show how it is being read; the same form sent twice leads to the same page."""
    file = request.files.get("file")
    try:
        new = imports.keep(
            connection.get_db(),
            connection.get_vault(),
            file.read() if file else b"",
            station=g.staff.station,
            community_id=_chosen_community(),
            form_id=elder_form.form_id(),
            by=g.staff.id,
            now=connection.now(),
        )
    except UserError as error:
        return page(error), error.status
    return _to(new)


@bp.get(f"/elders/imports/template.{KIND}")
@access.allowed(*WHO)
def list_template(kind: str) -> ResponseReturnValue:
    return as_file(writing.template(connection.get_db(), kind, g.staff.station), "elders-template", kind)


@bp.get("/elders/imports/<int:import_id>")
@access.allowed(*WHO)
def uploaded_list(import_id: int) -> ResponseReturnValue:
    """How far a list is, what is in it, and what became of it."""
    one = _here(import_id)
    db, vault = connection.get_db(), connection.get_vault()
    found = imports.findings(db, vault, one) if one.state in ("checked", "done", "unreadable") else []
    if found:
        note("import.view", f"import/{import_id}")
    return render_template(
        "registry/import.html",
        one=one,
        done=imports.progress(db, one),
        wrong=[finding for finding in found if finding.outcome == "wrong"][:MOST_SHOWN],
        known=[finding for finding in found if finding.outcome == "known"][:MOST_SHOWN],
        good=[finding for finding in found if finding.outcome in ("good", "saved")][:MOST_SHOWN],
        noted=[finding for finding in found if finding.notes and finding.outcome != "wrong"][:MOST_SHOWN],
        headings={field: words[0] for field, words in columns.fields().items()},
        text=pages.error_text,
        most=MOST_SHOWN,
    )


@bp.get("/elders/imports/<int:import_id>/state")
@access.allowed(*WHO)
def list_state(import_id: int) -> ResponseReturnValue:
    one = _here(import_id)
    done = imports.progress(connection.get_db(), one)
    return jsonify(state=one.state, done=done, total=_to_do(one))


@bp.post("/elders/imports/<int:import_id>/save")
@access.allowed(*WHO)
def save_list(import_id: int) -> ResponseReturnValue:
    _here(import_id)
    db, vault = connection.get_db(), connection.get_vault()
    imports.save(db, vault, import_id, by=g.staff.id, now=connection.now())
    return _to(import_id)


@bp.post("/elders/imports/<int:import_id>/discard")
@access.allowed(*WHO)
def discard_list(import_id: int) -> ResponseReturnValue:
    _here(import_id)
    db, vault = connection.get_db(), connection.get_vault()
    imports.discard(db, vault, import_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".lists"), code=303)


@bp.get(f"/elders/imports/<int:import_id>/rest.{KIND}")
@access.allowed(*WHO)
def rest_of_list(import_id: int, kind: str) -> ResponseReturnValue:
    """What could not be saved, with the reasons in a column of its own."""
    one = _here(import_id)
    db, vault = connection.get_db(), connection.get_vault()
    content = writing.rest(db, vault, one, kind, say=pages.error_text)
    note("import.rest", f"import/{import_id}")
    return as_file(content, f"elders-rest-{import_id}", kind)


def page(error: UserError | None = None) -> str:
    """What comes in and what goes out."""
    db = connection.get_db()
    found = imports.newest(db, g.staff.station)
    field = error.field if isinstance(error, Invalid) else "file"
    return render_template(
        "registry/imports.html",
        imports=found,
        exports=exports.alive(db, g.staff.id),
        communities=my_communities(),
        form_id=elder_form.form_id(),
        reasons=writing.REASONS,
        wrong={field: pages.error_text(error)} if error else {},
        registered=writing.size(db, g.staff.station),
        station=my_station(),
    )


def _here(import_id: int) -> Import:
    """A list of the caller's own station. Raises NotFound for any other."""
    found = imports.get(connection.get_db(), import_id)
    access.own_station(found.station)
    return found


def _chosen_community() -> int | None:
    typed = request.form.get("community_id", "")
    return next((c.id for c in my_communities() if str(c.id) == typed), None)


def _to_do(one: Import) -> int:
    return one.good if one.state == "saving" else one.total


def _to(import_id: int) -> Response:
    return redirect(url_for(".uploaded_list", import_id=import_id), code=303)


def as_file(content: bytes, name: str, kind: str) -> Response:
    """A file to be saved, not shown."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, mimetype=writing.KINDS[kind], headers=headers)
