"""The elder's own voice: each consent asked in plain words with a picture."""

from dataclasses import replace

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from station import clock, consents, elders, vocabulary
from station.elders import Elder
from station.errors import Conflict, Invalid
from station.vocabulary import N_
from station.web import access, connection, elder_form, pages
from station.web.registration.blueprint import WHO, bp, elder_here, my_station, note

# Each item as one would say it to an old person, face to face.
PLAIN = {
    "record": N_("May we write down your name and your family’s phone, so that we can bring you home?"),
    "family_place": N_("If somebody finds you: may your family learn where you are?"),
    "finding_community": N_("May the people of the neighbourhood where you are know that you are there?"),
    "photo": N_("May our helpers on duty see your photo, so that they know you?"),
    "health_notes": N_("When you need help: may we tell the ambulance and your helpers about your health?"),
    "page_call_name": N_("May a passer-by read how to address you, such as Granny Wang?"),
    "page_hints": N_("May a passer-by read how to be kind to you, such as “please speak slowly”?"),
    "page_flags": N_("If you are hurt: may the helper read what could save your life, such as diabetes?"),
    "finder_photo": N_("In need: may we show your photo to the one person who stands beside you?"),
    "finder_health": N_("In need: may we tell the one who helps you what the doctor has to know?"),
    "voice": N_("May we keep the voice of somebody you trust, and let you hear it when you are lost?"),
    "volunteers": N_(
        "If you are lost: may volunteers help to look for you? There are none yet; we write down what you wish."
    ),
}
_ELDER_FIRST = ("elder", "relative", "guardian", "agreed")
assert set(_ELDER_FIRST) == set(vocabulary.GIVEN_BY)
assert list(PLAIN) == list(vocabulary.CONSENT_ITEMS)


@bp.get("/elders/<int:elder_id>/consent")
@access.allowed(*WHO)
def ask_consent(elder_id: int) -> ResponseReturnValue:
    elder = elder_here(elder_id)
    note("elder.view", f"elder/{elder_id}")
    return _page(elder)


@bp.post("/elders/<int:elder_id>/consent")
@access.allowed(*WHO)
def answer_consent(elder_id: int) -> ResponseReturnValue:
    """Write down what was answered; what was not answered stays as it was."""
    elder = elder_here(elder_id)
    try:
        _write(elder)
    except (Invalid, Conflict) as error:
        return _page(elder, error), 409 if isinstance(error, Conflict) else 422
    return redirect(url_for(".record", elder_id=elder_id, _anchor="consents-title"), code=303)


def _write(elder: Elder) -> None:
    answers = {item: request.form.get(f"answer_{item}", "") for item in PLAIN}
    if answers["record"] == "no":
        raise Invalid(
            "answer_record", "Then nothing may be kept: do not save. Ask for the record to be erased."
        )
    stands = tuple(
        item for item in PLAIN if answers[item] == "yes" or (not answers[item] and item in elder.consents)
    )
    given_by = request.form.get("given_by", "")
    if given_by not in vocabulary.GIVEN_BY:
        raise Invalid("given_by", "Choose who answers.")
    _refuse_the_wrong_person(elder, given_by)
    asked = tuple(item for item in PLAIN if answers[item])
    changed = replace(elders.enrolment_of(elder), consents=stands, given_by=given_by, asked=asked)
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    version, means = elder_form.version(), "paper" if request.form.get("means") == "paper" else "pictures"
    elders.edit(db, vault, elder.id, changed, version=version, by=g.staff.id, means=means, now=now)


def _refuse_the_wrong_person(elder: Elder, given_by: str) -> None:
    if elder.capacity == "alone" and given_by != "elder":
        raise Invalid("given_by", "This elder decides alone, so only the elder can consent. Ask the elder.")
    if elder.capacity == "none" and given_by not in ("guardian", "agreed"):
        raise Invalid("given_by", "This elder cannot decide, so only a guardian can consent.")


def _page(elder: Elder, error: Invalid | Conflict | None = None) -> str:
    field = error.field if isinstance(error, Invalid) else "form"
    return render_template(
        "registry/consent.html",
        elder=elder,
        plain=PLAIN,
        numbers={item: number for number, item in enumerate(PLAIN, 1)},
        givers=[("", "–"), *elder_form.choices({one: vocabulary.GIVEN_BY[one] for one in _ELDER_FIRST})],
        latest={
            item: {**row, "at": clock.parse(row["at"])}
            for item, row in consents.latest(connection.get_db(), elder.id).items()
        },
        station=my_station(),
        today=elder_form.today(),
        typed=request.form,
        errors={field: pages.error_text(error)} if error else {},
    )
