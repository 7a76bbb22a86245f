"""The form about an elder, as the desk and families fill it in: read, checked with its photo, prefilled again."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from flask_babel import format_timedelta, gettext

from station import darkroom, enrolment, phones, photos, seal, vocabulary
from station.cards import PublicItems
from station.communities import Community, Station
from station.elders import Elder
from station.enrolment import ContactForm, ElderForm, Enrolment, Locality
from station.errors import Invalid, InvalidForm
from station.web import connection

CONTACTS = range(1, enrolment.MOST_CONTACTS + 1)
ORDER = (
    "identity_number",
    "birth_date",
    "name",
    "address",
    "community_id",
    *(f"contact{n}_{part}" for n in CONTACTS for part in ("phone", "name")),
    "health_notes",
    "history",
    "consents",
    "given_by",
    "capacity_judge",
    "capacity_date",
    "call_name",
    "hints",
    "photo",
)

# What remains of bytes that are no UTF-8: a replacement character, or a percent code that Werkzeug leaves standing.
_DAMAGED = re.compile("\ufffd|%[89A-F][0-9A-F]")
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?")


def refuse_unreadable() -> None:
    """A form that no decoder could read comes out empty; saying that it had expired would be untrue.

    Raises Invalid.
    """
    is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
    if is_form and request.content_length and not request.form and not request.files:
        raise Invalid(
            "form", "What was typed arrived damaged and nothing was saved. Go back and send it again."
        )


def today() -> date:
    """The station's date."""
    return connection.now().astimezone(ZoneInfo(connection.config().timezone)).date()


def read() -> ElderForm:
    """What was typed, as it was typed."""
    form = request.form
    return ElderForm(
        name=form.get("name", ""),
        identity_number=form.get("identity_number", ""),
        birth_date=_date(form.get("birth_date", "")),
        sex=form.get("sex", ""),
        address=form.get("address", ""),
        community_id=form.get("community_id", ""),
        contacts=tuple(_contact(n) for n in CONTACTS),
        health_notes=tuple(form.getlist("health_notes")),
        history=form.get("history", "").replace("\r\n", "\n"),
        call_name=form.get("call_name", ""),
        hints=tuple(form.getlist("hints")),
        consents=tuple(form.getlist("consents")),
        given_by=form.get("given_by", "relative"),
        capacity=form.get("capacity", ""),
        capacity_judge=form.get("capacity_judge", ""),
        capacity_date=_date(form.get("capacity_date", "")),
    )


def check(typed: ElderForm, locality: Locality) -> tuple[Enrolment, bytes]:
    """The checked form and the cleaned photo (empty when none came). Raises InvalidForm, in the page's order."""
    errors = damaged()
    checked, photo = None, b""
    try:
        checked = enrolment.check(typed, locality, today())
    except InvalidForm as error:
        errors += error.errors
    try:
        photo = read_photo()
    except Invalid as error:
        errors.append(error)
    if errors or checked is None:
        raise InvalidForm(_in_order(errors))
    return checked, photo


def read_photo() -> bytes:
    """The photo of this request as a small plain JPEG; empty when none was chosen. Raises Invalid."""
    sent = request.files.get("photo")
    if sent is None or not sent.filename:
        return b""
    try:
        g.good_photo = darkroom.room.develop("portrait", sent.read(photos.MAX_BYTES + 1))
        return good_photo()
    except photos.PhotoError as error:
        raise Invalid("photo", photos.REASONS[error.code], **error.params) from None


def good_photo() -> bytes:
    """The photo that `read_photo` found to be a good one, when the rest of the form was wrong."""
    found: bytes = g.get("good_photo", b"")
    return found


def had_photo() -> bool:
    """Whether a file came along; a browser does not send it again by itself."""
    sent = request.files.get("photo")
    return sent is not None and bool(sent.filename)


def shown_items(items: PublicItems) -> dict[str, object]:
    """What strangers may see of an elder, in the reader's words."""
    return {
        "call_name": gettext("You may say “%(name)s”", name=items.call_name) if items.call_name else "",
        "hints": [gettext(vocabulary.HINTS[code]) for code in items.hints],
        "flags": [gettext(vocabulary.HEALTH_NOTES[code][1]) for code in items.flags],
    }


def options(places: Iterable[Community], *, with_keys: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """The choices of the form in the reader's words.

    At the desk they have keys: a tick its letter or number, a relation its number in front, since a browser
    finds an option by its first character.
    """
    return {
        "communities": [(place.id, place.name) for place in places],
        "relations": [("", "–")]
        + [
            (code, f"{key} {gettext(text)}" if with_keys else gettext(text))
            for key, (code, text) in enumerate(vocabulary.RELATIONS.items(), 1)
        ],
        "health_notes": [
            (code, key if with_keys else "", gettext(text))
            for code, (key, text) in vocabulary.HEALTH_NOTES.items()
        ],
        "consents": [
            (code, vocabulary.CONSENT_KEYS[code] if with_keys else "", gettext(text))
            for code, text in vocabulary.CONSENT_ITEMS.items()
        ],
        "hints": [(code, "", gettext(text)) for code, text in vocabulary.HINTS.items()],
        "given_by": choices(vocabulary.GIVEN_BY),
        "capacities": [("", "–"), *choices(vocabulary.CAPACITIES)],
        "judges": [("", "–"), *choices(vocabulary.JUDGES)],
    }


def choices(words: dict[str, str]) -> list[tuple[str, str]]:
    """Fixed words in the reader's language, with their codes."""
    return [(code, gettext(text)) for code, text in words.items()]


def shown_phone(e164: str) -> str:
    """A stored number as people read it."""
    return phones.from_e164(e164).shown


def lasted(time: timedelta) -> str:
    """A length of time in the reader's words: 3 hours."""
    return str(format_timedelta(time, granularity="minute", threshold=1.2))


def form_id() -> str:
    """The number of this form, made when it was first shown; a new one when none came.

    It holds the moment, so that the time of an entry is known without watching anybody type.
    """
    sent = request.form.get("form_id", "")
    if re.fullmatch("[0-9a-f]{32}", sent):
        return sent
    moment = int(connection.now().timestamp() * 1000) << 20
    return seal.number_token(connection.ring(), "form", moment | secrets.randbits(20))


def seconds_open(form_id: str) -> float | None:
    """How long ago the form was first shown; None when its number is not one of ours."""
    number = seal.open_number_token(connection.ring(), "form", form_id)
    return None if number is None else connection.now().timestamp() - (number >> 20) / 1000


def of_elder(elder: Elder, station: Station) -> ElderForm:
    """The form that a record would have come from; the identity number is not kept and stays empty."""
    return ElderForm(
        name=elder.name,
        birth_date=elder.birth_date,
        sex=elder.sex,
        address=elder.address.removeprefix(station.address_prefix),
        community_id=str(elder.community_id),
        contacts=padded(
            ContactForm(contact.name, phones.from_e164(contact.phone).shown, contact.relation)
            for contact in elder.own_contacts
        ),
        health_notes=elder.health_notes,
        history=elder.history,
        call_name=elder.call_name,
        hints=elder.hints,
        consents=elder.consents,
        given_by=elder.given_by,
        capacity=elder.capacity,
        capacity_judge=elder.capacity_judge,
        capacity_date=elder.capacity_date,
    )


def padded(contacts: Iterable[ContactForm]) -> tuple[ContactForm, ...]:
    """As many contacts as the page has places for."""
    known = tuple(contacts)
    return (known + (ContactForm(relation=""),) * enrolment.MOST_CONTACTS)[: enrolment.MOST_CONTACTS]


def differences(checked: Enrolment, elder: Elder) -> list[str]:
    """The fields in which a checked form and the record on file differ."""
    differing = [
        field
        for field in (
            "name",
            "address",
            "community_id",
            "health_notes",
            "history",
            "call_name",
            "hints",
            "consents",
        )
        if getattr(checked, field) != getattr(elder, field)
    ]
    # Empty ones keep what is on file.
    differing += [
        field
        for field in ("birth_date", "sex", "id_last_four")
        if getattr(checked, field) not in ("", getattr(elder, field))
    ]
    theirs = [(contact.name, contact.phone, contact.relation) for contact in elder.own_contacts]
    ours = [(contact.name, contact.phone, contact.relation) for contact in checked.contacts]
    return differing + (["contacts"] if ours != theirs else [])


def version() -> int:
    """The version of the record with which the form was opened; 0, which no record has, when it is unreadable."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _contact(n: int) -> ContactForm:
    form = request.form
    return ContactForm(
        form.get(f"contact{n}_name", ""),
        form.get(f"contact{n}_phone", ""),
        form.get(f"contact{n}_relation", ""),
    )


def _date(text: str) -> str:
    """1946年3月5日, 1946.3.5 and full-width digits become 1946-03-05; anything else stays for the check to refuse."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}" if found else text


def damaged() -> list[Invalid]:
    """The texts of this request that arrived as no text."""
    return [
        Invalid(field, "This text arrived damaged. Please type it again.")
        for field, values in request.form.lists()
        if any(_DAMAGED.search(value) for value in values)
    ]


def _in_order(errors: list[Invalid]) -> list[Invalid]:
    """As the fields stand on the page, and one error for each field."""
    first = {error.field: error for error in reversed(errors)}
    return sorted(first.values(), key=lambda e: ORDER.index(e.field) if e.field in ORDER else len(ORDER))
