"""What the officer of an incident shows to one helper, and takes away again."""

from flask import g, request
from flask.typing import ResponseReturnValue

from station.errors import UserError
from station.incidents import disclosures
from station.incidents.disclosures import Unlock
from station.web import access, connection
from station.web.desk.blueprint import ACT, bp, own, typed, word
from station.web.desk.cases import done, number, refuse


@bp.post("/desk/incidents/<int:incident_id>/disclosures")
@access.allowed(*ACT)
def show(incident_id: int) -> ResponseReturnValue:
    """Show items on one helper's page for half an hour. Needs a cause where the family has not consented."""
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        wanted = Unlock(number("scan"), _items(), word("cause"), word("words"))
        disclosures.unlock(db, vault, incident_id, wanted, by=g.staff.id, now=connection.now())
    except UserError as error:
        return refuse(incident_id, error)
    return done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/disclosures/<int:disclosure_id>/end")
@access.allowed(*ACT)
def hide(incident_id: int, disclosure_id: int) -> ResponseReturnValue:
    own(incident_id)
    db, vault = connection.get_db(), connection.get_vault()
    disclosures.end(db, vault, incident_id, disclosure_id, by=g.staff.id, now=connection.now())
    return done(incident_id)


def _items() -> tuple[str, ...]:
    sent = typed().get("items", ()) if request.is_json else request.form.getlist("items")
    known = sent if isinstance(sent, list | tuple) else ()
    return tuple(dict.fromkeys(item for item in known if isinstance(item, str)))
