"""What a worker has typed stays: kept while typing, offered again on return, thrown away when they say so."""

import re

from flask import g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import drafts
from station.drafts import Draft, Unsaved
from station.enrolment import ElderForm
from station.errors import NotFound
from station.web import access, connection, elder_form, language
from station.web.registration import alikes, noticing
from station.web.registration.blueprint import WHO, bp, elder_here

GONE = "This draft was saved or thrown away already. Look for the elder in the list."


@bp.post("/elders/drafts")
@access.allowed(*WHO)
def keep_draft() -> ResponseReturnValue:
    """Keep the form as it stands; say what is wrong so far, what the number tells, and who may be registered already.

    The page asks while somebody types.
    """
    elder_id = request.form.get("about", "")
    about = elder_here(int(elder_id)).id if re.fullmatch("[0-9]{1,12}", elder_id) else None
    typed = elder_form.read()
    kept = keep(typed, about)
    text = gettext("Kept as a draft at %(time)s.", time=language.clock_time(connection.now())) if kept else ""
    return jsonify(
        kept=kept,
        text=text,
        alike=alikes.so_far(typed) if kept and not about else [],
        slips=noticing.slips(typed) if kept else {},
        number=noticing.from_number(typed) if kept else "",
    )


@bp.post("/elders/drafts/<form_id>/drop")
@access.allowed(*WHO)
def drop_draft(form_id: str) -> ResponseReturnValue:
    if form_id not in {one.form_id for one in mine()}:
        raise NotFound(GONE)
    forget(form_id)
    return redirect(url_for(".people"), code=303)


def keep(typed: ElderForm, elder_id: int | None = None) -> bool:
    """Keep what this request brought, with its photo if that is a good one."""
    unsaved = Unsaved(
        elder_form.form_id(), typed, elder_id, elder_form.version(), request.form.get("base", "")[:2000]
    )
    db, vault, photo = connection.get_db(), connection.get_vault(), elder_form.good_photo()
    return drafts.keep(db, vault, unsaved, staff_id=g.staff.id, photo=photo, now=connection.now())


def mine() -> list[Draft]:
    """What the signed-in worker has not finished, newest first."""
    return drafts.of_staff(connection.get_db(), connection.get_vault(), g.staff.id)


def asked_for(elder_id: int | None = None) -> Draft | None:
    """The draft that the address names. Raises NotFound when there is none, or no longer."""
    wanted = request.args.get("draft", "")
    if not wanted:
        return None
    for one in mine():
        if one.form_id == wanted and one.elder_id == elder_id:
            return one
    raise NotFound(GONE)


def others(elder_id: int | None, shown: Draft | None) -> list[Draft]:
    """The unfinished forms about the same thing, but the one that is shown."""
    known = shown.form_id if shown else ""
    return [one for one in mine() if one.elder_id == elder_id and one.form_id != known]


def has_photo(form_id: str) -> bool:
    """Whether a photo waits with this form."""
    return any(one.has_photo for one in mine() if one.form_id == form_id)


def photo_of(form_id: str) -> bytes:
    """The photo that came with this form before it could be saved."""
    return drafts.photo(connection.get_db(), connection.get_vault(), form_id, staff_id=g.staff.id)


def forget(form_id: str) -> None:
    """The form was saved, or is no longer wanted."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    drafts.drop(db, vault, form_id, now, staff_id=g.staff.id)
