"""After the closing: a few words on how it went."""

from flask import g
from flask.typing import ResponseReturnValue

from station.errors import UserError
from station.incidents import afterwords
from station.web import access, connection
from station.web.desk.blueprint import ACT, bp, own, word
from station.web.desk.cases import done, refuse


@bp.post("/desk/incidents/<int:incident_id>/afterword")
@access.allowed(*ACT)
def afterword(incident_id: int) -> ResponseReturnValue:
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        afterwords.write(db, vault, incident_id, word("afterword"), by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)
