"""A sample badge to try: lent, asked about after a week, and what came of it noted by one press."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import search, trials
from station.web import access, connection, elder_form
from station.web.registration.blueprint import WHO, bp, elder_here, my_communities

LATER = "later"  # nobody was reached


@bp.get("/elders/trials")
@access.allowed(*WHO)
def trials_due() -> ResponseReturnValue:
    """The samples that are out: whom to ask today, for how long that is due, and who still has time."""
    db, today, here = connection.get_db(), elder_form.today(), g.staff.station
    found, noted = trials.out(db, here), request.args.get("noted", 0, type=int)
    wanted = {one.elder_id for one in found} | {noted}
    people = {one.elder_id: one for one in search.people(db, connection.get_vault(), wanted, station=here)}
    known = [one for one in found if one.elder_id in people]
    return render_template(
        "registry/trials.html",
        due=[one for one in known if one.ask_on <= today],
        later=[one for one in known if one.ask_on > today],
        people=people,
        communities={area.id: area.name for area in my_communities()},
        form_ids={one.elder_id: elder_form.form_id() for one in known},
        noted=people.get(noted),
        trial=trials.of_elder(db, noted),
        counts=trials.counts(db, here),
        today=today,
    )


@bp.post("/elders/<int:elder_id>/trial")
@access.allowed(*WHO)
def lend_sample(elder_id: int) -> ResponseReturnValue:
    elder_here(elder_id)
    db, vault, form = connection.get_db(), connection.get_vault(), request.form.get("form", "badge")
    today, now = elder_form.today(), connection.now()
    trials.lend(db, vault, elder_id, form, today=today, by=g.staff.id, now=now)
    return redirect(url_for(".record", elder_id=elder_id, _anchor="sample-title"), code=303)


@bp.post("/elders/<int:elder_id>/trial/end")
@access.allowed(*WHO)
def end_trial(elder_id: int) -> ResponseReturnValue:
    """Note what came of it, as the button says: an outcome, a refusal with its reason, or that nobody was reached."""
    elder_here(elder_id)
    db, vault, by, now = connection.get_db(), connection.get_vault(), g.staff.id, connection.now()
    outcome, _, reason = request.form.get("outcome", "").partition(":")
    if outcome == LATER:
        trials.ask_later(db, vault, elder_id, today=elder_form.today(), by=by, now=now)
    else:
        why = reason or request.form.get("reason", "")
        trials.end(db, vault, elder_id, outcome, why, form_id=elder_form.form_id(), by=by, now=now)
    if request.form.get("back") == "trials":
        return redirect(url_for(".trials_due", noted=elder_id), code=303)
    return redirect(url_for(".record", elder_id=elder_id, _anchor="sample-title"), code=303)


def due_count() -> int:
    """How many samples are to be asked about today."""
    return len(trials.to_ask(connection.get_db(), g.staff.station, elder_form.today()))
