"""Who may be in the register already: shown while somebody types, and once before the form is saved."""

from collections.abc import Collection
from dataclasses import replace

from flask import g, request, url_for
from flask_babel import gettext

from station import elders, enrolment, search
from station.enrolment import ElderForm, Enrolment
from station.search import Found
from station.staff_words import ALIKE
from station.web import connection, elder_form
from station.web.registration.blueprint import locality, my_station


def so_far(form: ElderForm) -> list[dict[str, str]]:
    """Whom an unfinished form may be about: name, why, the record's address, and the code that says "was shown"."""
    db, vault = connection.get_db(), connection.get_vault()
    typed = enrolment.recognised(form, locality(my_station()), elder_form.today())
    numbered = set(elders.look_alikes(db, vault, replace(typed, contacts=())))
    found = search.look_alikes(db, vault, typed, station=g.staff.station)
    return [
        {
            "name": one.name,
            "why": gettext(ALIKE[_why(one, typed, numbered)]),
            "url": url_for("registry.record", elder_id=one.elder_id),
            "code": code(one),
        }
        for one in found
    ]


def code(one: Found) -> str:
    return f"e{one.elder_id}"


def seen() -> list[str]:
    """The codes of those whom the page has shown, while typing or when it was sent last."""
    return " ".join(request.form.getlist("seen")).split()


def _why(one: Found, typed: Enrolment, numbered: Collection[int]) -> str:
    if one.elder_id in numbered:
        return "number"
    return "name" if one.name == typed.name else "phone"
