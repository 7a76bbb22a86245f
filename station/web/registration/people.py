"""Finding elders, and entering a new one."""

from flask import g, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from station import cards, coverage, elders, enrolment, search
from station.applications import records as applications
from station.care import halfyear, moves, proposals
from station.errors import Conflict, InvalidForm
from station.issuing import records, trips
from station.web import access, connection, elder_form
from station.web.registration import correcting, drafting
from station.web.registration.blueprint import WHO, bp, locality, my_communities, my_station
from station.web.registration.entry import (
    LooksAlike,
    empty_form,
    finished,
    form_again,
    form_page,
    refuse_known,
    unsaved,
)
from station.web.registration.halfyear import reminder
from station.web.registration.trying import due_count

NEW = "registry/new.html"


@bp.get("/elders")
@access.allowed(*WHO)
def people() -> ResponseReturnValue:
    db, vault, here = connection.get_db(), connection.get_vault(), my_station()
    query = request.args.get("q", "").strip()
    open_badges = [badge for badge in records.unfinished(db, here.number) if badge.elder_id]
    wearers = search.people(db, vault, {b.elder_id for b in open_badges if b.elder_id}, station=here.number)
    return render_template(
        "registry/people.html",
        query=query,
        found=search.find(db, vault, query, station=here.number, area_code=here.area_code),
        blank=search.unowned(db, query, station=here.number),
        newest=[] if query else search.newest(db, vault, station=here.number, count=12),
        badges=open_badges,
        names={person.elder_id: person.name for person in wearers},
        carried=trips.of_station(db, here.number),
        waiting=applications.count_waiting(db, here.number),
        drafts=drafting.mine(),
        communities={community.id: community.name for community in my_communities()},
        checks=len(halfyear.due(db, here.number, connection.now())),
        week=reminder(),
        samples=due_count(),
        wishes=len(proposals.waiting(db, here.number)),
        incoming=len(moves.incoming(db, here.number)),
    )


@bp.get("/elders/new")
@access.allowed(*WHO)
def new() -> ResponseReturnValue:
    draft = drafting.asked_for()
    unfinished = drafting.others(None, draft)
    if draft:
        return form_page(NEW, draft.form, form_id=draft.form_id, drafts=unfinished)
    return form_page(NEW, empty_form(), drafts=unfinished)


@bp.post("/elders")
@access.allowed(*WHO)
def add() -> ResponseReturnValue:
    """Save a new elder; the same form sent twice leads to the one record it made.

    Somebody who went back and changed the form after it was saved sees what differs.
    """
    typed, form_id = elder_form.read(), elder_form.form_id()
    if request.form.get("do") in ("preview", "later"):
        return unsaved(NEW, typed)
    try:
        checked, photo = elder_form.check(typed, locality(my_station()))
        known = elders.of_form(connection.get_db(), form_id)
        if known is not None:
            return correcting.saved_before(known, typed, checked) or finished(known, photo)
        refuse_known(checked, form_id)
        elder_id = elders.register(
            connection.get_db(),
            connection.get_vault(),
            checked,
            form_id=form_id,
            station=g.staff.station,
            by=g.staff.id,
            now=connection.now(),
        )
    except (InvalidForm, LooksAlike, Conflict) as error:
        drafting.keep(typed)
        return form_again(NEW, typed, error)
    _note_time(form_id, checked.community_id)
    return finished(elder_id, photo)


def _note_time(form_id: str, community_id: int) -> None:
    seconds = elder_form.seconds_open(form_id)
    if seconds is not None:
        db, day = connection.get_db(), elder_form.today()
        coverage.note_entry(db, station=g.staff.station, community_id=community_id, seconds=seconds, day=day)


@bp.post("/elders/preview")
@access.allowed(*WHO)
def preview() -> ResponseReturnValue:
    """What a stranger would see if the form, finished or not, were saved as it stands."""
    typed = elder_form.read()
    if not access.wants_json():
        return form_page(NEW, typed, preview=True)
    items = cards.preview(enrolment.unchecked(typed))
    return jsonify(elder_form.shown_items(items))
