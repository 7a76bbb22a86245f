"""What passers-by doubt about badges: a list on the console, which never rings."""

from flask import g, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from station import doubts
from station.web import access, connection
from station.web.desk.blueprint import ACT, bp


@bp.post("/desk/doubts/<int:doubt_id>/seen")
@access.allowed(*ACT)
def doubt_seen(doubt_id: int) -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    access.own_station(doubts.station_of(db, doubt_id))
    doubts.see(db, vault, doubt_id, by=g.staff.id, now=connection.now())
    if access.wants_json():
        return jsonify(ok=True)
    return redirect(url_for(".console"), code=303)
