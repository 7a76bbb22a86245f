"""The page on who is reached: counts and times without a name, the population to compare with, and who refuses."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import coverage, vocabulary
from station.errors import Invalid
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, bp, elder_here, my_communities


@bp.get("/coverage")
@access.allowed(*WHO, "operator")
def coverage_page() -> ResponseReturnValue:
    return _page()


@bp.post("/coverage/population")
@access.allowed(*WHO)
def set_population() -> ResponseReturnValue:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    number = request.form.get("over_60", "")
    try:
        coverage.set_population(db, vault, _community(), number, by=g.staff.id, now=now)
    except Invalid as error:
        return _page(error), 422
    return redirect(url_for(".coverage_page"), code=303)


@bp.post("/coverage/refusals")
@access.allowed(*WHO)
def add_refusal() -> ResponseReturnValue:
    """Somebody outside the register wants no badge; no name is asked for."""
    try:
        _refuse(_community(), None)
    except Invalid as error:
        return _page(error), 422
    return redirect(url_for(".coverage_page"), code=303)


@bp.post("/elders/<int:elder_id>/refusal")
@access.allowed(*WHO)
def refuse_badge(elder_id: int) -> ResponseReturnValue:
    elder = elder_here(elder_id)
    _refuse(elder.community_id, elder_id)
    return redirect(url_for(".record", elder_id=elder_id), code=303)


@bp.post("/coverage/refusals/<int:refusal_id>/end")
@access.allowed(*WHO)
def end_refusal(refusal_id: int) -> ResponseReturnValue:
    """Somebody has changed their mind."""
    db, vault = connection.get_db(), connection.get_vault()
    found = coverage.refusal(db, refusal_id)
    access.own_station(_station_of(found.community_id))
    coverage.change_mind(db, vault, refusal_id, by=g.staff.id, now=connection.now())
    if found.elder_id and request.form.get("back") == "record":
        return redirect(url_for(".record", elder_id=found.elder_id), code=303)
    return redirect(url_for(".coverage_page"), code=303)


def _page(error: Invalid | None = None) -> str:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    *found, whole = coverage.areas(db, vault, g.staff.station, now, elder_form.today())
    return render_template(
        "registry/coverage.html",
        areas=found,
        whole=whole,
        refusals=coverage.refusals(db, g.staff.station) if g.staff.role in WHO else [],
        names={one.id: one.name for one in my_communities()},
        reasons=vocabulary.REFUSALS,
        form_id=elder_form.form_id(),
        wrong={error.field: pages.error_text(error)} if error else {},
        may_write=g.staff.role in WHO,
    )


def _refuse(community_id: int, elder_id: int | None) -> None:
    coverage.refuse(
        connection.get_db(),
        connection.get_vault(),
        request.form.get("reason", ""),
        community_id=community_id,
        elder_id=elder_id,
        form_id=elder_form.form_id(),
        by=g.staff.id,
        now=connection.now(),
    )


def _community() -> int:
    """The chosen community, one of the caller's station. Raises Invalid."""
    typed = request.form.get("community_id", "")
    for one in my_communities():
        if str(one.id) == typed:
            return one.id
    raise Invalid("community_id", "Choose the community.")


def _station_of(community_id: int) -> int:
    return next((one.station for one in my_communities() if one.id == community_id), 0)
