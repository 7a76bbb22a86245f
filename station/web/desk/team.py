"""Who works on an incident together: holders, who goes along, and a claim that is offered to a colleague."""

from dataclasses import dataclass
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue

from station import accounts
from station.accounts import Staff
from station.errors import Invalid, UserError
from station.incidents import acts, links, offers
from station.incidents.offers import Offer
from station.incidents.views import Brief
from station.web import access, connection
from station.web.desk import cases
from station.web.desk.blueprint import ACT, bp, own, word


@dataclass(frozen=True)
class Team:
    joined: list[Staff]
    offers: list[tuple[Offer, str, str]]  # with the names of giver and taker
    colleagues: list[Staff]  # to whom this officer could hand the claim over

    @property
    def asked_of_me(self) -> list[tuple[Offer, str, str]]:
        return [one for one in self.offers if one[0].to_id == g.staff.id]

    @property
    def joined_already(self) -> bool:
        return any(staff.id == g.staff.id for staff in self.joined)


@bp.app_template_global("team_of")
def team(shown: Brief) -> Team:
    db, vault = connection.get_db(), connection.get_vault()
    known = {staff.id: staff for staff in accounts.all_staff(db, vault, shown.station)}
    ids = [one for one in acts.joined(db, shown.id) if one in known]
    return Team(
        joined=[known[one] for one in ids],
        offers=[
            (one, known[one.from_id].name, known[one.to_id].name)
            for one in offers.waiting(db, shown.id)
            if one.from_id in known and one.to_id in known
        ],
        colleagues=[one for one in known.values() if one.role in links.MAY_CLAIM and one.id != g.staff.id],
    )


def as_json(shown: Brief) -> dict[str, Any]:
    found = team(shown)
    return {
        "joined": [staff.name for staff in found.joined],
        "offers": [{"slot": one.slot, "from": giver, "to": taker} for one, giver, taker in found.offers],
    }


@bp.post("/desk/incidents/<int:incident_id>/offer")
@access.allowed(*ACT)
def offer(incident_id: int) -> ResponseReturnValue:
    """Offer what one holds of it to a colleague, by `to` (their id) or `username`."""
    own(incident_id)
    try:
        offers.offer(connection.get_db(), incident_id, by=g.staff.id, to=_colleague(), now=connection.now())
    except UserError as error:
        return cases.refuse(incident_id, error)
    return cases.done(incident_id)


@bp.post("/desk/incidents/<int:incident_id>/offer/answer")
@access.allowed(*ACT)
def answer(incident_id: int) -> ResponseReturnValue:
    """The colleague accepts or refuses."""
    own(incident_id)
    said = word("answer")
    try:
        if said not in ("accept", "refuse"):
            raise Invalid("answer", "Choose yes or no.")
        offers.answer(
            connection.get_db(), incident_id, accept=said == "accept", by=g.staff.id, now=connection.now()
        )
    except UserError as error:
        return cases.refuse(incident_id, error)
    return cases.done(incident_id)


def _colleague() -> int:
    if word("username"):
        found = connection.get_db().scalar("SELECT id FROM staff WHERE username = ?", word("username"))
        if found is None:
            raise Invalid("to", "Choose a colleague.")
        return int(found)
    return cases.number("to")
