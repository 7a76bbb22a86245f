"""When life changes: the record moves to another station, comes to rest after a farewell, or lives here again."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import communities, enrolment, search
from station.care import endings, moves
from station.care.moves import Consent, Move
from station.errors import Conflict, Invalid
from station.issuing import records
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import (
    WHO,
    badge_here,
    bp,
    elder_here,
    my_communities,
    my_station,
    note,
)


@bp.get("/elders/<int:elder_id>/farewell")
@access.allowed(*WHO)
def farewell(elder_id: int) -> ResponseReturnValue:
    return _farewell_page(elder_id)


@bp.post("/elders/<int:elder_id>/farewell")
@access.allowed(*WHO)
def say_farewell(elder_id: int) -> ResponseReturnValue:
    """The elder has passed away: everything falls silent."""
    elder_here(elder_id)
    day, returned = request.form.get("day", "").strip(), request.form.get("returned") == "yes"
    day = enrolment.typed_date(day) or day
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    try:
        endings.begin(db, vault, elder_id, "deceased", day=day, returned=returned, by=g.staff.id, now=now)
    except Invalid as error:
        return _farewell_page(elder_id, wrong=pages.error_text(error), typed=day), 422
    return redirect(url_for(".farewell", elder_id=elder_id), code=303)


@bp.post("/elders/<int:elder_id>/ending/undo")
@access.allowed(*WHO)
def undo_ending(elder_id: int) -> ResponseReturnValue:
    """It was a mistake."""
    elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    endings.undo(db, vault, elder_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".record", elder_id=elder_id), code=303)


@bp.post("/badges/<int:badge_id>/back")
@access.allowed(*WHO)
def badge_came_back(badge_id: int) -> ResponseReturnValue:
    badge = badge_here(badge_id)
    endings.bring_back(
        connection.get_db(), connection.get_vault(), badge_id, by=g.staff.id, now=connection.now()
    )
    page = ".farewell" if _has_died(badge.elder_id) else ".moving"
    return redirect(url_for(page, elder_id=badge.elder_id), code=303)


@bp.get("/elders/<int:elder_id>/moving")
@access.allowed(*WHO)
def moving(elder_id: int) -> ResponseReturnValue:
    return _moving_page(elder_id)


@bp.post("/elders/<int:elder_id>/moving")
@access.allowed(*WHO)
def move_away(elder_id: int) -> ResponseReturnValue:
    """Offer the record to another station, or let it come to rest when nobody here looks after the elder any more."""
    elder_here(elder_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    form, by = request.form, g.staff.id
    try:
        if form.get("do") == "away":
            endings.begin(
                db, vault, elder_id, "moved", returned=form.get("returned") == "yes", by=by, now=now
            )
        elif form.get("do") == "withdraw":
            moves.withdraw(db, vault, _offered(elder_id).id, by=by, now=now)
        else:
            consent = Consent(form.get("given_by", ""), form.get("means", ""))
            moves.offer(db, vault, elder_id, form.get("to_station", 0, type=int), consent, by=by, now=now)
    except Invalid as error:
        return _moving_page(elder_id, wrong={error.field: pages.error_text(error)}), 422
    return redirect(url_for(".moving", elder_id=elder_id), code=303)


@bp.get("/moves")
@access.allowed(*WHO)
def incoming_moves() -> ResponseReturnValue:
    return _moves_page()


@bp.post("/moves/<int:move_id>/accept")
@access.allowed(*WHO)
def accept_move(move_id: int) -> ResponseReturnValue:
    move = _to_us(move_id)
    community = request.form.get("community_id", 0, type=int)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        moves.accept(db, vault, move.id, community, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return _moves_page({"move_id": move.id, "text": pages.error_text(error)}), 422
    # The address on file is still the old one.
    return redirect(url_for(".edit", elder_id=move.elder_id, moved=1), code=303)


@bp.post("/moves/<int:move_id>/refuse")
@access.allowed(*WHO)
def refuse_move(move_id: int) -> ResponseReturnValue:
    move = _to_us(move_id)
    moves.refuse(connection.get_db(), connection.get_vault(), move.id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".incoming_moves"), code=303)


def _farewell_page(elder_id: int, wrong: str = "", typed: str = "") -> str:
    elder = elder_here(elder_id)
    note("elder.view", f"elder/{elder_id}")
    db = connection.get_db()
    return render_template(
        "registry/farewell.html", elder=elder, ending=endings.of_elder(db, elder_id), wrong=wrong, typed=typed,
        badges=records.of_elder(db, elder_id), today=elder_form.today(), kept_days=endings.KEPT.days,
    )  # fmt: skip


def _moving_page(elder_id: int, wrong: dict[str, str] | None = None) -> str:
    elder = elder_here(elder_id)
    note("elder.view", f"elder/{elder_id}")
    db = connection.get_db()
    return render_template(
        "registry/moving.html",
        elder=elder,
        ending=endings.of_elder(db, elder_id),
        offered=moves.of_elder(db, elder_id),
        badges=records.of_elder(db, elder_id),
        stations={one.number: one.name for one in communities.stations(db) if one.number != elder.station},
        wrong=wrong or {},
        typed=request.form,
        kept_days=endings.KEPT.days,
    )


def _moves_page(wrong: dict[str, object] | None = None) -> str:
    """Names alone until a record is accepted: who only looks at the offer needs no more."""
    db, vault = connection.get_db(), connection.get_vault()
    waiting = moves.incoming(db, g.staff.station)
    names = dict[int, str]()
    for move in waiting:
        note("elder.move.seen", f"elder/{move.elder_id}")
        found = search.people(db, vault, {move.elder_id}, station=move.from_station)
        names |= {one.elder_id: one.name for one in found}
    return render_template(
        "registry/moves.html", waiting=waiting, names=names, areas=my_communities(), here=my_station(),
        stations={one.number: one.name for one in communities.stations(db)}, wrong=wrong or {},
        gone=moves.left(db, g.staff.station),
    )  # fmt: skip


def _to_us(move_id: int) -> Move:
    """An offer to the caller's own station. Raises NotFound for any other."""
    move = moves.get(connection.get_db(), move_id)
    access.own_station(move.to_station)
    return move


def _offered(elder_id: int) -> Move:
    found = moves.of_elder(connection.get_db(), elder_id)
    if found is None:
        raise Conflict("This was decided already. Load the page again.")
    return found


def _has_died(elder_id: int | None) -> bool:
    ending = endings.of_elder(connection.get_db(), elder_id or 0)
    return ending is not None and ending.why == "deceased"
