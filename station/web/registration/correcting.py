"""A record is corrected; when two people do it at once, the second one sees what changed and decides."""

from typing import Any

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from station import accounts, audit, elders, portraits
from station.elders import Elder
from station.enrolment import ElderForm, Enrolment
from station.errors import Conflict, InvalidForm
from station.web import access, connection, elder_form
from station.web.registration import drafting, merging
from station.web.registration.blueprint import WHO, bp, elder_here, locality, my_communities, my_station, note
from station.web.registration.entry import form_again, form_page, unsaved

EDIT = "registry/edit.html"


@bp.get("/elders/<int:elder_id>/edit")
@access.allowed(*WHO)
def edit(elder_id: int) -> ResponseReturnValue:
    elder = elder_here(elder_id)
    note("elder.view", f"elder/{elder_id}")
    draft = drafting.asked_for(elder_id)
    unfinished = drafting.others(elder_id, draft)
    if draft is None:
        now, moved = elder_form.of_elder(elder, my_station()), "moved" in request.args
        return form_page(EDIT, now, drafts=unfinished, moved=moved, **_about(elder))
    about = _about(elder) | {"version": draft.version, "base": draft.base}
    return form_page(EDIT, draft.form, form_id=draft.form_id, drafts=unfinished, **about)


@bp.post("/elders/<int:elder_id>/edit")
@access.allowed(*WHO)
def save(elder_id: int) -> ResponseReturnValue:
    """Replace the record, unless a colleague changed it since this form was opened."""
    elder, typed = elder_here(elder_id), elder_form.read()
    opened = {"version": elder_form.version(), "base": request.form.get("base", "")}
    if request.form.get("do") in ("preview", "later"):
        return unsaved(EDIT, typed, elder_id, **_about(elder) | opened | _asked(elder, typed))
    try:
        typed = merging.decided(typed, elder_form.of_elder(elder, my_station()))
        checked, photo = elder_form.check(typed, locality(my_station()))
        _write(elder, typed, checked, elder_form.version())
    except (InvalidForm, Conflict) as error:
        drafting.keep(typed, elder_id)
        return form_again(EDIT, typed, error, **_about(elder) | opened | _asked(elder, typed))
    except _Behind as behind:
        drafting.keep(behind.merged.typed, elder_id)
        return _compare(behind.elder, typed, behind.merged)
    form_id = elder_form.form_id()
    photo = photo or drafting.photo_of(form_id)
    if photo:
        db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
        portraits.keep(db, vault, elder_id, photo, by=g.staff.id, now=now)
    drafting.forget(form_id)
    return redirect(url_for(".record", elder_id=elder_id), code=303)


def saved_before(elder_id: int, typed: ElderForm, checked: Enrolment) -> ResponseReturnValue | None:
    """What a form that has made this record already says differently by now; None when it says the same."""
    elder = elder_here(elder_id)
    now = elder_form.of_elder(elder, my_station())
    merged = merging.merge(connection.ring(), "", typed, checked, elder, now)
    if not merged.disputed:
        return None
    return _compare(elder, typed, merged, saved_before=True)


class _Behind(Exception):
    """A colleague saved meanwhile something that this person has to see first."""

    def __init__(self, elder: Elder, merged: merging.Merged) -> None:
        super().__init__("a colleague was faster")
        self.elder = elder
        self.merged = merged


def _write(elder: Elder, typed: ElderForm, checked: Enrolment, version: int) -> None:
    """Write the correction. Raises _Behind when a colleague changed a field that matters here, Conflict otherwise."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    try:
        elders.edit(db, vault, elder.id, checked, version=version, by=g.staff.id, now=now)
    except Conflict:
        theirs = elder_here(elder.id)
        if theirs.version == version:
            raise
        form = elder_form.of_elder(theirs, my_station())
        merged = merging.merge(connection.ring(), request.form.get("base", ""), typed, checked, theirs, form)
        if not merged.is_quiet:
            raise _Behind(theirs, merged) from None
        if merged.mine:  # what the colleague changed is none of these fields
            elders.edit(db, vault, elder.id, checked, version=theirs.version, by=g.staff.id, now=now)


def _compare(
    elder: Elder, typed: ElderForm, merged: merging.Merged, *, saved_before: bool = False
) -> ResponseReturnValue:
    """What the record says differently, field by field; saving again is then a decision."""
    note("elder.view", f"elder/{elder.id}")
    now, places = elder_form.of_elder(elder, my_station()), my_communities()
    page = form_page(
        EDIT,
        merged.typed,
        **_about(elder),
        disputes=merging.shown(merged.disputed, typed, now, places),
        taken=merging.shown(merged.taken, typed, now, places),
        colleague={} if saved_before else _colleague(elder.id),
        saved_before=saved_before,
    )
    return page, 409


def _about(elder: Elder) -> dict[str, Any]:
    """What the form carries along about the record that it corrects."""
    return {
        "elder": elder,
        "version": elder.version,
        "base": merging.fingerprints(connection.ring(), elder),
    }


def _asked(elder: Elder, typed: ElderForm) -> dict[str, Any]:
    """The questions of the last page, when they have to be shown once more."""
    now = elder_form.of_elder(elder, my_station())
    return {"disputes": merging.shown(merging.disputed(), typed, now, my_communities())}


def _colleague(elder_id: int) -> dict[str, Any]:
    """Who changed the record last, and when."""
    db, vault = connection.get_db(), connection.get_vault()
    last = audit.last(db, f"elder/{elder_id}", "elder.edit")
    if last is None:
        return {}
    names = {one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)}
    return {"name": names.get(last[0] or 0, ""), "at": last[1]}
