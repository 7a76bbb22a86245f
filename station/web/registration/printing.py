"""The board of badges, and printing many at once: chosen, made as one file, downloaded, printed."""

from flask import g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from station import accounts, institutions, search
from station.errors import Invalid
from station.institutions import Institution
from station.issuing import batches, board, orders
from station.issuing.batches import KINDS, Batch
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, badge_here, bp, note

# Of the long lists, whose headings count all: a station that starts rehearsing today has thousands to go.
MOST_SHOWN = 50
SUFFIX = {"sheet": "pdf", "package": "zip"}


@bp.get("/badges")
@access.allowed(*WHO)
def board_page() -> ResponseReturnValue:
    """All badges of the station, or those of one nursing home."""
    return _board(home=_home())


@bp.post("/badges/blank")
@access.allowed(*WHO)
def order_blanks() -> ResponseReturnValue:
    """Badges without an elder, for the worker's bag."""
    count, form = request.form.get("count", 0, type=int), request.form.get("form") or "badge"
    try:
        orders.order_blanks(
            connection.get_db(),
            connection.get_vault(),
            g.staff.station,
            count,
            form=form,
            by=g.staff.id,
            now=connection.now(),
        )
    except Invalid as error:
        return _board(error), 422
    return _to_board()


@bp.post("/badges/batches")
@access.allowed(*WHO)
def order_batch() -> ResponseReturnValue:
    """One print file from the chosen badges."""
    chosen = [badge_here(badge_id).id for badge_id in request.form.getlist("badge", type=int)]
    db, vault, kind = connection.get_db(), connection.get_vault(), request.form.get("kind", "")
    try:
        batches.order(db, vault, kind, chosen, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return _board(error), 422
    return _to_board("#batches-title")


@bp.get("/badges/batches/<int:batch_id>/file")
@access.allowed(*WHO)
def batch_file(batch_id: int) -> ResponseReturnValue:
    """The whole checked file; while it is being made there is none."""
    batch = _batch_here(batch_id)
    content = batches.file(connection.get_db(), connection.get_vault(), batch_id)
    note("batch.download", f"batch/{batch_id}")
    name = f"badges-{batch_id}.{SUFFIX[batch.kind]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=KINDS[batch.kind], headers=headers)


@bp.get("/badges/batches/<int:batch_id>/state")
@access.allowed(*WHO)
def batch_state(batch_id: int) -> ResponseReturnValue:
    batch = _batch_here(batch_id)
    return jsonify(state=batch.state, failed=bool(batch.problem))


@bp.post("/badges/batches/<int:batch_id>/printed")
@access.allowed(*WHO)
def batch_printed(batch_id: int) -> ResponseReturnValue:
    _batch_here(batch_id)
    db, vault = connection.get_db(), connection.get_vault()
    batches.mark_printed(db, vault, batch_id, by=g.staff.id, now=connection.now())
    return _to_board("#batches-title")


def _batch_here(batch_id: int) -> Batch:
    """A batch of the caller's own station. Raises NotFound for any other."""
    batch = batches.get(connection.get_db(), batch_id)
    access.own_station(batch.station)
    return batch


def _home() -> Institution | None:
    """The nursing home that the address names, one of the caller's station. Raises NotFound."""
    wanted = request.args.get("home", 0, type=int)
    if not wanted:
        return None
    found = institutions.get(connection.get_db(), connection.get_vault(), wanted)
    access.own_station(found.station)
    return found


def _board(error: Invalid | None = None, home: Institution | None = None) -> str:
    db, vault, station = connection.get_db(), connection.get_vault(), g.staff.station
    shown = board.read(db, station, connection.now())
    if home:
        shown = shown.only(set(institutions.residents(db, home.id)))
    people = search.people(db, vault, set(board.elders_of(shown)), station=station)
    return render_template(
        "registry/board.html",
        board=shown,
        home=home,
        names={person.elder_id: person.name for person in people},
        wrong={error.field: pages.error_text(error)} if error else {},
        most_blanks=orders.MOST_BLANKS,
        most_shown=MOST_SHOWN,
        outdated=batches.OUTDATED,
        staff={one.id: one.name for one in accounts.all_staff(db, vault, station)},
        today=elder_form.today(),
    )


def _to_board(where: str = "") -> ResponseReturnValue:
    return redirect(url_for(".board_page") + where, code=303)
