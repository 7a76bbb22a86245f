"""The family's own pages as the station sees them: who may enter, and what the family wants changed."""

from typing import Any

from flask import g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from badges import plain
from station import search, vocabulary
from station.care import endings, proposals, visits
from station.care.proposals import Proposal
from station.errors import NotFound
from station.web import access, connection
from station.web.registration.blueprint import WHO, bp, elder_here, my_station, note


@bp.post("/elders/<int:elder_id>/contacts/<int:contact_id>/entry")
@access.allowed(*WHO)
def admit_contact(elder_id: int, contact_id: int) -> ResponseReturnValue:
    """A slip with the contact's link and a code, shown this once: to be printed or read out."""
    elder = elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    slip = visits.admit(db, vault, elder_id, contact_id, by=g.staff.id, now=connection.now())
    contact = next(one for one in elder.contacts if one.id == contact_id)
    base = connection.config().base_url
    symbol = plain.symbol(f"{base}/family/{slip.link}")
    return render_template(
        "registry/slip.html", slip=slip, contact=contact, elder=elder, station=my_station(),
        symbol=symbol, path=plain.path(symbol), door=f"{base}/mine", tries=visits.MOST_TRIES,
        minutes=int(visits.SESSION_LIVES.total_seconds() // 60),
    )  # fmt: skip


@bp.post("/elders/<int:elder_id>/contacts/<int:contact_id>/entry/off")
@access.allowed(*WHO)
def shut_out_contact(elder_id: int, contact_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault = connection.get_db(), connection.get_vault()
    visits.shut_out(db, vault, elder_id, contact_id, by=g.staff.id, now=connection.now())
    return redirect(url_for(".record", elder_id=elder_id) + "#family-title", code=303)


@bp.get("/wishes")
@access.allowed(*WHO)
def wishes() -> ResponseReturnValue:
    """What families want changed, oldest first; the words themselves stand on the record."""
    db, vault = connection.get_db(), connection.get_vault()
    waiting = proposals.waiting(db, g.staff.station)
    found = search.people(db, vault, {one["elder_id"] for one in waiting}, station=g.staff.station)
    return render_template(
        "registry/wishes.html",
        waiting=waiting,
        fields=proposals.FIELDS,
        names={one.elder_id: one.name for one in found},
    )


@bp.post("/wishes/<int:proposal_id>/<any(accept, refuse):answer>")
@access.allowed(*WHO)
def answer_wish(proposal_id: int, answer: str) -> ResponseReturnValue:
    """It is so, and the record follows; or it stays as it is."""
    proposal = _here(proposal_id)
    db, vault, now, by = connection.get_db(), connection.get_vault(), connection.now(), g.staff.id
    if answer == "refuse":
        proposals.refuse(db, vault, proposal.id, by=by, now=now)
    else:
        proposals.accept(db, vault, proposal.id, by=by, now=now)
        if proposal.field == "leave":
            endings.begin(db, vault, proposal.elder_id, "left", by=by, now=now)
            return redirect(url_for(".moving", elder_id=proposal.elder_id), code=303)
    return redirect(url_for(".record", elder_id=proposal.elder_id) + "#family-title", code=303)


def family_of(elder_id: int, contacts: Any) -> dict[str, Any]:
    """What the record shows of the family's own pages: who may enter, what is wanted."""
    db, vault = connection.get_db(), connection.get_vault()
    wanted = [one for one in proposals.of_elder(db, vault, elder_id) if one.state == "open"]
    return {
        "admitted": [one.id for one in contacts if visits.is_admitted(db, one.id)],
        "wishes": [{"wish": one, "words": _words(one)} for one in wanted],
        "fields": proposals.FIELDS,
    }


def _words(proposal: Proposal) -> list[str]:
    """What is wanted, as lines of text; health notes as msgids."""
    if proposal.field == "health_notes":
        return [vocabulary.HEALTH_NOTES[code][1] for code in proposal.value]
    return [proposal.value] if proposal.value else []


def _here(proposal_id: int) -> Proposal:
    """A wish about a record of the caller's own station. Raises NotFound for any other."""
    db, vault = connection.get_db(), connection.get_vault()
    station = db.scalar(
        "SELECT station FROM elder JOIN family_proposal ON elder_id = elder.id WHERE family_proposal.id = ?",
        proposal_id,
    )
    if station is None:
        raise NotFound("There is no such wish of the family.")
    access.own_station(station)
    found = proposals.get(db, vault, proposal_id)
    note("elder.view", f"elder/{found.elder_id}")
    return found
