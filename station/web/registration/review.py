"""The review desk: the queue of applications, one application beside its pictures, and the decision."""

from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from station import accounts, elders, family_words, partners, reviewing
from station.applications import decisions, pictures, questions, records
from station.applications.records import Application
from station.enrolment import ElderForm
from station.errors import Conflict, Invalid, InvalidForm
from station.reviewing import Local
from station.web import access, connection, elder_form
from station.web.language import day_time
from station.web.registration.blueprint import WHO, bp, locality, my_communities, my_station, note
from station.web.registration.entry import LooksAlike, finished, form_again, form_page, refuse_known

REVIEW = "registry/review.html"
MOST_DECIDED = 50


@bp.get("/applications")
@access.allowed(*WHO)
def applications_list() -> ResponseReturnValue:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    waiting = reviewing.queue(db, vault, g.staff.station, connection.config().timezone, now)
    shown, community = request.args.get("show", ""), request.args.get("community", "")
    note("application.list", f"station/{g.staff.station}")
    return render_template(
        "registry/applications.html",
        waiting=[
            one
            for one in waiting
            if shown in ("", one.pressing) and community in ("", one.application.form.community_id)
        ],
        decided=records.decided(db, vault, g.staff.station, MOST_DECIDED) if shown == "decided" else None,
        counts={name: sum(one.pressing == name for one in waiting) for name in reviewing.PRESSING},
        all=len(waiting),
        shown=shown,
        community=community,
        communities={str(one.id): one.name for one in my_communities()},
        staff=staff_names(),
        now=now,
    )


@bp.get("/applications/<int:application_id>")
@access.allowed(*WHO)
def application(application_id: int) -> ResponseReturnValue:
    found = application_here(application_id)
    note("application.view", f"application/{application_id}")
    if found.state != "received":
        return decided_page(found)
    return review_page(found, found.form)


@bp.post("/applications/<int:application_id>/approve")
@access.allowed(*WHO)
def approve(application_id: int) -> ResponseReturnValue:
    """Make the record from the form as the worker corrected it. Pressed twice, it leads to the same record."""
    found, typed = application_here(application_id), elder_form.read()
    if found.state != "received":
        return _too_late(found, typed)
    if request.form.get("do") == "preview":
        return review_page(found, typed, preview=True)
    db, vault = connection.get_db(), connection.get_vault()
    try:
        checked, photo = elder_form.check(typed, locality(my_station()))
        refuse_known(checked, f"application-{found.uid}")
        elder_id = decisions.approve(db, vault, application_id, checked, by=g.staff.id, now=connection.now())
    except (InvalidForm, LooksAlike) as error:
        return form_again(REVIEW, typed, error, **_beside(found))
    except Conflict as error:
        fresh = application_here(application_id)
        if fresh.state != "received":
            return _too_late(fresh, typed)
        return form_again(REVIEW, typed, error, **_beside(found))
    return finished(elder_id, photo)


@bp.post("/applications/<int:application_id>/refuse")
@access.allowed(*WHO)
def refuse(application_id: int) -> ResponseReturnValue:
    found, typed = application_here(application_id), elder_form.read()
    db, vault = connection.get_db(), connection.get_vault()
    reason = request.form.get("reason", "")
    try:
        decisions.refuse(db, vault, application_id, reason, by=g.staff.id, now=connection.now())
    except Invalid as error:
        kept = typed if "name" in request.form else found.form
        return review_page(found, kept, [error], reason=reason), 422
    except Conflict:
        return _too_late(application_here(application_id), typed)
    return redirect(url_for(".applications_list"), code=303)


def application_here(application_id: int) -> Application:
    """An application to the caller's own station. Raises NotFound for any other."""
    found = records.get(connection.get_db(), connection.get_vault(), application_id)
    access.own_station(found.station)
    return found


def review_page(found: Application, typed: ElderForm, errors: Sequence[Invalid] = (), **more: object) -> str:
    """The form of an application with everything beside it that helps to decide."""
    return form_page(REVIEW, typed, errors, **{**_beside(found), **more})


def decided_page(found: Application, typed: ElderForm | None = None, differing: Sequence[str] = ()) -> str:
    """What was decided, by whom; with `typed`, to somebody who came too late and whose corrections were not saved."""
    return render_template(
        "registry/decided.html", application=found, staff=staff_names(), typed=typed, differing=differing
    )


def staff_names() -> dict[int, str]:
    db, vault = connection.get_db(), connection.get_vault()
    return {one.id: one.name for one in accounts.all_staff(db, vault, g.staff.station)}


def _beside(found: Application) -> dict[str, Any]:
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    promise, pressing = reviewing.promised(db, found, connection.config().timezone, now)
    alikes = reviewing.alike(
        db, vault, found, Local(found.station, my_station().area_code, elder_form.today())
    )
    return {
        "application": found,
        "agreed": records.consent_of(found),
        "sender": partners.sender(db, found.id),
        "promise": promise,
        "pressing": pressing,
        "alikes": alikes,
        "seen": " ".join(one.code for one in alikes),
        "questions": questions.of(db, vault, found.id),
        "askable": family_words.ASKABLE,
        "delays": family_words.DELAYS,
        "staff": staff_names(),
        "now": now,
        **_pictures(found),
    }


def _pictures(found: Application) -> dict[str, Any]:
    """What is known of both pictures, and those that may be seen now, inside the page: they have no address."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    known, looking = pictures.of(db, found.uid), {"by": g.staff.id, "now": now}
    portrait, identity = known.get("portrait"), ""
    if pictures.is_viewing(db, found.id, **looking):
        mark = gettext(
            "%(name)s %(time)s only for checking an application for a badge",
            name=g.staff.name,
            time=day_time(now),
        )
        identity = _inline(pictures.viewed(db, vault, found.id, mark=mark, **looking))
    return {
        "pictures": known,
        "viewing": pictures.VIEWING,
        "identity_src": identity,
        "portrait_src": _inline(pictures.jpeg(db, vault, found.uid, "portrait"))
        if portrait and portrait.is_there
        else "",
    }


def _inline(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _too_late(found: Application, typed: ElderForm) -> ResponseReturnValue:
    """It was decided while the page stood open: what happened, and what of the corrections is not in the record."""
    if found.elder_id is not None and found.decided_by == g.staff.id:  # pressed twice
        return redirect(url_for(".record", elder_id=found.elder_id), code=303)
    differing: list[str] = []
    if found.elder_id is not None:
        elder = elders.get(connection.get_db(), connection.get_vault(), found.elder_id)
        with suppress(InvalidForm):
            differing = elder_form.differences(elder_form.check(typed, locality(my_station()))[0], elder)
    return decided_page(found, typed, differing), 409
