"""Somebody rings: the officer types what the caller says."""

import uuid

from flask import g, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from station import elders
from station.errors import Conflict, Invalid
from station.incidents import calls
from station.incidents.calls import Call
from station.web import access, connection, pages
from station.web.desk import console
from station.web.desk.blueprint import ACT, bp, word

FIELDS = ("number", "phone", "place", "note")


@bp.post("/desk/calls")
@access.allowed(*ACT)
def call() -> ResponseReturnValue:
    said = {name: word(name) for name in FIELDS}
    form_id = word("form_id") or uuid.uuid4().hex
    try:
        incident_id = _take(form_id, said)
    except (Invalid, Conflict) as error:
        if access.wants_json():
            raise
        wrong = {"field": getattr(error, "field", "number"), "text": pages.error_text(error)}
        near = (
            calls.meant(connection.get_db(), said["number"], g.staff.station)
            if wrong["field"] == "number"
            else []
        )
        return console.page(
            status=error.status, call=said | {"form_id": form_id}, wrong=wrong | {"meant": near}
        )
    url = url_for(".incident", incident_id=incident_id)
    if access.wants_json():
        return jsonify(incident=str(incident_id), url=url), 201
    return redirect(url, code=303)


def _take(form_id: str, said: dict[str, str]) -> int:
    db, vault = connection.get_db(), connection.get_vault()
    chosen = word("elder_id")
    elder_id = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    if elder_id is not None:
        access.own_station(elders.get(db, vault, elder_id).station)
    number, phone, place, note = (said[name] for name in FIELDS)
    number = word("meant") or number
    taken = Call(form_id, number, place, phone, note, elder_id)
    return calls.take(db, vault, taken, station=g.staff.station, by=g.staff.id, now=connection.now())
