"""Applications of families: looked at, corrected, approved into a record or refused with a reason."""

from datetime import timedelta

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import partners
from station.applications import decisions, records
from station.applications.records import Application
from station.errors import Conflict, Invalid, InvalidForm
from station.web import access, connection, elder_form
from station.web.registration.blueprint import WHO, bp, locality, my_station, note
from station.web.registration.entry import LooksAlike, finished, form_again, form_page, refuse_known

LATE = timedelta(days=1)  # of the two days that a badge may take

REVIEW = "registry/review.html"


@bp.get("/applications")
@access.allowed(*WHO)
def applications_list() -> ResponseReturnValue:
    db, vault = connection.get_db(), connection.get_vault()
    waiting = records.waiting(db, vault, g.staff.station)
    return render_template("registry/applications.html", waiting=waiting, now=connection.now(), late=LATE)


@bp.get("/applications/<int:application_id>")
@access.allowed(*WHO)
def application(application_id: int) -> ResponseReturnValue:
    found = _here(application_id)
    note("application.view", f"application/{application_id}")
    if found.state != "received":
        return render_template("registry/decided.html", application=found)
    sender = partners.sender(connection.get_db(), application_id)
    return form_page(REVIEW, found.form, application=found, sender=sender)


@bp.post("/applications/<int:application_id>/approve")
@access.allowed(*WHO)
def approve(application_id: int) -> ResponseReturnValue:
    """Make the record from the form as the worker corrected it. Pressed twice, it leads to the same record."""
    found, typed = _here(application_id), elder_form.read()
    if request.form.get("do") == "preview":
        return form_page(REVIEW, typed, application=found, preview=True)
    if found.elder_id is not None:
        return redirect(url_for(".record", elder_id=found.elder_id), code=303)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        checked, photo = elder_form.check(typed, locality(my_station()))
        refuse_known(checked, f"application-{found.uid}")
        elder_id = decisions.approve(db, vault, application_id, checked, by=g.staff.id, now=connection.now())
    except (InvalidForm, LooksAlike, Conflict) as error:
        if found.state != "received":
            raise
        return form_again(REVIEW, typed, error, application=found)
    return finished(elder_id, photo)


@bp.post("/applications/<int:application_id>/refuse")
@access.allowed(*WHO)
def refuse(application_id: int) -> ResponseReturnValue:
    found = _here(application_id)
    db, vault = connection.get_db(), connection.get_vault()
    reason = request.form.get("reason", "")
    try:
        decisions.refuse(db, vault, application_id, reason, by=g.staff.id, now=connection.now())
    except Invalid as error:
        return form_page(REVIEW, found.form, application=found, errors=[error], reason=reason), 422
    return redirect(url_for(".applications_list"), code=303)


def _here(application_id: int) -> Application:
    """An application to the caller's own station. Raises NotFound for any other."""
    found = records.get(connection.get_db(), connection.get_vault(), application_id)
    access.own_station(found.station)
    return found
