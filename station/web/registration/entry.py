"""Saving what was entered about an elder: the form shown again when it cannot be, the record when it was."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import cards, elders, enrolment, portraits, search
from station.enrolment import ElderForm, Enrolment
from station.errors import Conflict, Invalid, InvalidForm
from station.issuing import orders, records
from station.search import Found
from station.web import connection, elder_form, pages
from station.web.registration import alikes, drafting
from station.web.registration.blueprint import my_communities, my_station


class LooksAlike(Exception):
    """The elder may be in the register already; `people` are who it may be.

    `certain` when the identity number is the same: then it cannot be saved.
    """

    def __init__(self, people: Sequence[Found], *, certain: bool) -> None:
        super().__init__("looks like somebody registered")
        self.people = people
        self.certain = certain
        self.codes = " ".join(alikes.code(one) for one in people)


def refuse_known(checked: Enrolment, form_id: str) -> None:
    """Stop before the same person is entered twice; whom the page has shown already stops nobody.

    Raises LooksAlike.
    """
    db, vault = connection.get_db(), connection.get_vault()
    if elders.of_form(db, form_id) is not None:
        return
    same_number = elders.look_alikes(db, vault, replace(checked, contacts=()))
    if same_number:
        raise LooksAlike(search.people(db, vault, same_number, station=g.staff.station), certain=True)
    alike = search.look_alikes(db, vault, checked, station=g.staff.station)
    found = [one for one in alike if alikes.code(one) not in alikes.seen()]
    if found:
        raise LooksAlike(found, certain=False)


def finished(elder_id: int, photo: bytes) -> ResponseReturnValue:
    """Keep the photo, order the badge if asked to, and show the record."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    form_id = elder_form.form_id()
    photo = photo or drafting.photo_of(form_id)
    if photo:
        portraits.keep(db, vault, elder_id, photo, by=g.staff.id, now=now)
    # A form sent twice must not order a second badge after the first is drawn.
    if request.form.get("do") == "make" and not records.of_elder(db, elder_id):
        orders.order(db, vault, elder_id, by=g.staff.id, now=now)
    drafting.forget(form_id)
    return redirect(url_for("registry.record", elder_id=elder_id), code=303)


def unsaved(template: str, typed: ElderForm, elder_id: int | None = None, **more: Any) -> ResponseReturnValue:
    """The worker looks at what strangers will see, or goes on another time; either way nothing typed is lost."""
    with suppress(Invalid):  # a bad photo is refused when the form is saved
        elder_form.read_photo()
    drafting.keep(typed, elder_id)
    if request.form.get("do") == "later":
        return redirect(url_for("registry.people"), code=303)
    return form_page(template, typed, preview=True, **more)


def empty_form() -> ElderForm:
    community = g.staff.community_id or next((c.id for c in my_communities()), "")
    return ElderForm(community_id=str(community), contacts=elder_form.padded(()))


def form_page(template: str, typed: ElderForm, errors: Sequence[Invalid] = (), **more: object) -> str:
    """A page with the form about an elder, filled with what was typed."""
    form_id = str(more.get("form_id") or elder_form.form_id())
    texts = [(error.field, pages.error_text(error)) for error in errors]
    values = {
        "typed": replace(typed, contacts=elder_form.padded(typed.contacts)),
        "form_id": form_id,
        "kept_photo": drafting.has_photo(form_id),
        "station": my_station(),
        "options": elder_form.options(my_communities(), with_keys=True),
        "problems": texts,
        "errors": dict(texts),
        "had_photo": elder_form.had_photo(),
        "items": elder_form.shown_items(cards.preview(enrolment.unchecked(typed))),
    }
    return render_template(template, **{**values, **more})


def form_again(
    template: str, typed: ElderForm, error: InvalidForm | LooksAlike | Conflict, **more: object
) -> ResponseReturnValue:
    """The form as it was typed, with what is wrong."""
    if isinstance(error, InvalidForm):
        return form_page(template, typed, error.errors, **more), 422
    if isinstance(error, LooksAlike):
        return form_page(template, typed, (), alike=error, **more), 409
    return form_page(template, typed, [Invalid("identity_number", error.message)], **more), 409
