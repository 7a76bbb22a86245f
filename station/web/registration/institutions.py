"""Nursing homes: their desks, who lives there, and badges for all of them at once."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import addresses, institutions, search
from station.errors import Conflict, InvalidForm, NotFound
from station.institutions import Institution, Typed
from station.issuing import orders
from station.lists import imports
from station.web import access, connection, pages
from station.web.registration.blueprint import WHO, bp, elder_here, my_station, note

EMPTY = Typed("", "")


@bp.get("/institutions")
@access.allowed(*WHO)
def houses() -> ResponseReturnValue:
    return _list(EMPTY)


@bp.post("/institutions")
@access.allowed(*WHO)
def add_house() -> ResponseReturnValue:
    db, vault, here, typed = connection.get_db(), connection.get_vault(), my_station(), _typed()
    try:
        new = institutions.add(
            db,
            vault,
            typed,
            station=here.number,
            area_code=here.area_code,
            by=g.staff.id,
            now=connection.now(),
        )
    except (InvalidForm, Conflict) as error:
        return _list(typed, error), 422 if isinstance(error, InvalidForm) else 409
    return redirect(url_for(".one_house", institution_id=new), code=303)


@bp.get("/institutions/<int:institution_id>")
@access.allowed(*WHO)
def one_house(institution_id: int) -> ResponseReturnValue:
    found = _here(institution_id)
    note("institution.view", f"institution/{institution_id}")
    return _page(found, _as_typed(found))


@bp.post("/institutions/<int:institution_id>")
@access.allowed(*WHO)
def change_house(institution_id: int) -> ResponseReturnValue:
    found, typed, area = _here(institution_id), _typed(), my_station().area_code
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    try:
        institutions.change(db, vault, institution_id, typed, area_code=area, by=g.staff.id, now=now)
    except InvalidForm as error:
        return _page(found, typed, error), 422
    return redirect(url_for(".one_house", institution_id=institution_id), code=303)


@bp.post("/institutions/<int:institution_id>/people")
@access.allowed(*WHO)
def move_in(institution_id: int) -> ResponseReturnValue:
    """All elders of a list that was saved live here."""
    _here(institution_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    listed = imports.get(db, request.form.get("import_id", 0, type=int))
    access.own_station(listed.station)
    institutions.admit(
        db, vault, institution_id, institutions.of_import(db, listed.id), by=g.staff.id, now=now
    )
    return redirect(url_for(".one_house", institution_id=institution_id), code=303)


@bp.post("/institutions/<int:institution_id>/badges")
@access.allowed(*WHO)
def badges_for_all(institution_id: int) -> ResponseReturnValue:
    """A badge for everybody who has none; then they are printed together from the board."""
    _here(institution_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    for elder_id in institutions.without_badge(db, institution_id):
        orders.order(db, vault, elder_id, by=g.staff.id, now=now)
    return redirect(url_for(".board_page", home=institution_id), code=303)


@bp.post("/elders/<int:elder_id>/institution")
@access.allowed(*WHO)
def house(elder_id: int) -> ResponseReturnValue:
    """Where this elder lives: one of the homes, or none."""
    elder_here(elder_id)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    chosen = request.form.get("institution_id", 0, type=int)
    if chosen:
        institutions.admit(db, vault, _here(chosen).id, [elder_id], by=g.staff.id, now=now)
    else:
        institutions.leave(db, vault, elder_id, by=g.staff.id, now=now)
    return redirect(url_for(".record", elder_id=elder_id), code=303)


def _here(institution_id: int) -> Institution:
    """One of the caller's own station. Raises NotFound."""
    found = institutions.get(connection.get_db(), connection.get_vault(), institution_id)
    if found.station != g.staff.station:
        raise NotFound("There is no such institution.")
    return found


def _typed() -> Typed:
    form = request.form
    return Typed(
        form.get("name", ""),
        form.get("phone", ""),
        form.get("order", "first") != "last",
        form.get("channel_id", 0, type=int) or None,
        form.get("destination", ""),
    )


def _as_typed(one: Institution) -> Typed:
    return Typed(one.name, one.phone, one.desk_first, one.channel_id, one.destination)


def _list(typed: Typed, error: InvalidForm | Conflict | None = None) -> str:
    db, vault = connection.get_db(), connection.get_vault()
    return render_template(
        "registry/houses.html",
        houses=institutions.of_station(db, vault, g.staff.station),
        typed=typed,
        channels=addresses.channels(db, g.staff.station),
        errors=_texts(error),
    )


def _page(found: Institution, typed: Typed, error: InvalidForm | None = None) -> str:
    db, vault = connection.get_db(), connection.get_vault()
    living = institutions.residents(db, found.id)
    return render_template(
        "registry/house.html",
        house=found,
        typed=typed,
        channels=addresses.channels(db, g.staff.station),
        errors=_texts(error),
        people=search.people(db, vault, living, station=g.staff.station),
        without=len(institutions.without_badge(db, found.id)),
        lists=[one for one in imports.newest(db, g.staff.station) if one.state == "done"],
    )


def _texts(error: InvalidForm | Conflict | None) -> dict[str, str]:
    if isinstance(error, InvalidForm):
        return {one.field: pages.error_text(one) for one in error.errors}
    return {"name": pages.error_text(error)} if error else {}
