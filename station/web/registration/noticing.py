"""What a form that is being typed says about itself: slips in the fields that were left, and what the number tells."""

from flask import request
from flask_babel import gettext

from station import ages, enrolment, vocabulary
from station.enrolment import ElderForm
from station.errors import InvalidForm
from station.web import elder_form, pages
from station.web.registration.blueprint import locality, my_station

# Written out by hand, one after the other; what is ticked or chosen is whole only at the end.
_WRITTEN = {"identity_number", "birth_date", "name", "address", "capacity_date", "call_name", "history"} | {
    f"contact{n}_{part}" for n in elder_form.CONTACTS for part in ("phone", "name")
}


def slips(form: ElderForm) -> dict[str, str]:
    """What is wrong in each written field that is not empty, in the reader's words."""
    try:
        enrolment.check(form, locality(my_station()), elder_form.today())
    except InvalidForm as error:
        return {
            one.field: pages.error_text(one)
            for one in error.errors
            if one.field in _WRITTEN and request.form.get(one.field, "").strip()
        }
    return {}


def from_number(form: ElderForm) -> str:
    """Birth date, sex and age by a whole identity number; empty without one."""
    today = elder_form.today()
    known = enrolment.recognised(form, locality(my_station()), today)
    if not known.id_normal:
        return ""
    years = gettext("%(count)s years", count=ages.of(known.birth_date, today))
    return " · ".join((known.birth_date, gettext(vocabulary.SEXES[known.sex]), years))
