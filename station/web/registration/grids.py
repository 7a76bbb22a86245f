"""Which buildings belong to which grid, written line by line for each community."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station.delivery import grids
from station.errors import Invalid
from station.web import access, connection, pages
from station.web.registration.blueprint import WHO, bp, my_communities


@bp.get("/deliveries/grids")
@access.allowed(*WHO)
def grid_page() -> ResponseReturnValue:
    return _page({}, {})


@bp.post("/deliveries/grids")
@access.allowed(*WHO)
def set_grids() -> ResponseReturnValue:
    """Each community by itself; one that cannot be read stays as it was, with everything typed kept."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    typed, wrong = {}, {}
    known = grids.of_communities(db, [one.id for one in my_communities()])
    for community in my_communities():
        text = request.form.get(f"grids{community.id}")
        if text is None or text.split() == grids.text_of(known, community.id).split():
            continue
        try:
            grids.write(db, vault, community.id, text, by=g.staff.id, now=now)
        except Invalid as error:
            typed[community.id], wrong[error.field] = text, pages.error_text(error)
    if wrong:
        return _page(typed, wrong), 422
    return redirect(url_for(".rounds"), code=303)


def _page(typed: dict[int, str], wrong: dict[str, str]) -> str:
    here = my_communities()
    known = grids.of_communities(connection.get_db(), [one.id for one in here])
    texts = {one.id: grids.text_of(known, one.id) for one in here} | typed
    return render_template("registry/grids.html", communities=here, texts=texts, errors=wrong)
