"""How each contact of an elder is reached when the badge is scanned."""

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from station import addresses, ways
from station.errors import Invalid
from station.web import access, connection, pages
from station.web.registration.blueprint import WHO, bp, elder_here
from station.web.registration.record import record_page


@bp.post("/elders/<int:elder_id>/contacts/<int:contact_id>/ways")
@access.allowed(*WHO)
def add_way(elder_id: int, contact_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    destination = request.form.get("destination", "")
    try:
        ways.add_way(
            connection.get_db(),
            connection.get_vault(),
            elder_id,
            contact_id,
            channel_id=request.form.get("channel_id", 0, type=int),
            destination=destination,
            by=g.staff.id,
            now=connection.now(),
        )
    except Invalid as error:
        wrong = {"contact_id": contact_id, "text": pages.error_text(error), "typed": destination}
        return record_page(elder_id, way_error=wrong), 422
    return redirect(url_for(".record", elder_id=elder_id) + "#ways-title", code=303)


@bp.post("/elders/<int:elder_id>/ways/<int:address_id>/off")
@access.allowed(*WHO)
def drop_way(elder_id: int, address_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    addresses.drop_way(db, vault, elder_id, address_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".record", elder_id=elder_id) + "#ways-title", code=303)
