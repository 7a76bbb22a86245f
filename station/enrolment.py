"""Checking what was typed about an elder: every field at once, each error with what to do next."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

from station import ages, identity_number, names, phones, vocabulary
from station.errors import Invalid, InvalidForm

T = TypeVar("T")

MOST_CONTACTS = 4
LONGEST_TEXT = 2000
LONGEST_ADDRESS = 120

_DATE = re.compile(r"(\d{4})(?:[-./年](?=.+\D)|(?=\d{4}))(\d{1,2})(?:[-./月]|(?=\d{2}$))(\d{1,2})日?")


@dataclass(frozen=True)
class ContactForm:
    """One contact as typed."""

    name: str = ""
    phone: str = ""
    relation: str = "other"


@dataclass(frozen=True)
class ElderForm:
    """Everything a worker or a family types, as text."""

    name: str = ""
    identity_number: str = ""
    birth_date: str = ""  # used when there is no identity number; ISO date
    sex: str = ""
    address: str = ""
    community_id: str = ""
    contacts: tuple[ContactForm, ...] = ()
    health_notes: tuple[str, ...] = ()
    history: str = ""
    call_name: str = ""
    hints: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    given_by: str = "relative"
    capacity: str = ""
    capacity_judge: str = ""
    capacity_date: str = ""


@dataclass(frozen=True)
class CheckedContact:
    name: str
    phone: str  # E.164
    relation: str


@dataclass(frozen=True)
class Enrolment:
    """What was typed, checked and in the form in which it is kept."""

    name: str
    community_id: int
    address: str
    birth_date: str  # ISO date or empty
    sex: str
    id_last_four: str
    id_normal: str  # for the blind index only; never stored
    contacts: tuple[CheckedContact, ...]
    health_notes: tuple[str, ...]
    history: str
    call_name: str
    hints: tuple[str, ...]
    consents: tuple[str, ...]
    given_by: str
    capacity: str = ""  # a code of vocabulary.CAPACITIES; empty while nobody has judged it
    capacity_judge: str = ""
    capacity_date: str = ""  # ISO date
    asked: tuple[str, ...] = ()  # consents that were asked anew, face to face
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Locality:
    """What the station adds to what is typed: area code, address prefix, its communities."""

    area_code: str
    address_prefix: str
    community_ids: frozenset[int]


class _Checker:
    """Collects the errors of one form so that all are shown together."""

    def __init__(self) -> None:
        self.errors: list[Invalid] = []

    def take(self, name: str, step: Callable[[], T], otherwise: T) -> T:
        try:
            return step()
        except Invalid as error:
            self.errors.append(error)
        except ValueError as error:
            self.errors.append(Invalid(name, str(error)))
        return otherwise

    def fail(self, name: str, message: str, **params: object) -> None:
        self.errors.append(Invalid(name, message, **params))


def check(form: ElderForm, locality: Locality, today: date) -> Enrolment:
    """Check a whole form. Raises InvalidForm with one Invalid for each wrong field."""
    checker = _Checker()
    name = checker.take("name", lambda: names.validate(form.name), "")
    birth, sex, last_four, normal = _identity(checker, form, today)
    enrolment = Enrolment(
        name=name,
        community_id=_community(checker, form.community_id, locality),
        address=_address(checker, form.address, locality),
        birth_date=birth,
        sex=sex,
        id_last_four=last_four,
        id_normal=normal,
        contacts=_contacts(checker, form.contacts, locality),
        health_notes=_known(form.health_notes, vocabulary.HEALTH_NOTES),
        history=_text(checker, "history", form.history, LONGEST_TEXT),
        call_name=_text(checker, "call_name", form.call_name, 12),
        hints=_hints(checker, form.hints),
        consents=_consents(checker, form.consents),
        given_by=form.given_by if form.given_by in vocabulary.GIVEN_BY else "relative",
        capacity=form.capacity if form.capacity in vocabulary.CAPACITIES else "",
        capacity_judge=form.capacity_judge if form.capacity in vocabulary.CAPACITIES else "",
        capacity_date=_capacity_date(checker, form, today),
    )
    if checker.errors:
        raise InvalidForm(checker.errors)
    return enrolment


def typed(raw: dict[str, Any]) -> ElderForm:
    """The form that was kept as JSON (see dataclasses.asdict). What a form did not have yet stays empty."""
    known = {key: value for key, value in raw.items() if key in ElderForm.__dataclass_fields__}
    lists = {key: tuple(value) for key, value in known.items() if isinstance(value, list)}
    contacts = tuple(ContactForm(**contact) for contact in known.get("contacts", ()))
    return ElderForm(**{**known, **lists, "contacts": contacts})


def unchecked(form: ElderForm) -> Enrolment:
    """What of an unfinished form bears on the public page, for the preview; not for keeping."""
    return Enrolment(
        name="",
        community_id=0,
        address="",
        birth_date="",
        sex="",
        id_last_four="",
        id_normal="",
        contacts=(),
        health_notes=_known(form.health_notes, vocabulary.HEALTH_NOTES),
        history="",
        call_name=_text(_Checker(), "call_name", form.call_name, 12),
        hints=_known(form.hints, vocabulary.HINTS),
        consents=_known(form.consents, vocabulary.CONSENT_ITEMS),
        given_by=form.given_by,
    )


def recognised(form: ElderForm, locality: Locality, today: date) -> Enrolment:
    """What of an unfinished form tells who somebody is: name, birth date, identity number, phones. What is not whole yet is left out."""
    slips = _Checker()  # nobody is told of them while they are typing
    birth, sex, _, normal = _identity(slips, form, today)
    reached = [_contact(slips, n, contact, locality) for n, contact in enumerate(form.contacts, 1)]
    return replace(
        unchecked(form),
        name=slips.take("name", lambda: names.validate(form.name), ""),
        birth_date=birth,
        sex=sex,
        id_normal=normal,
        contacts=tuple(one for one in reached if one.phone),
    )


def _identity(checker: _Checker, form: ElderForm, today: date) -> tuple[str, str, str, str]:
    if form.identity_number.strip():
        parsed = checker.take(
            "identity_number", lambda: identity_number.parse(form.identity_number, today=today), None
        )
        if parsed is None:
            return "", "", "", ""
        return parsed.birth_date.isoformat(), parsed.sex, parsed.last_four, parsed.normal
    birth = checker.take("birth_date", lambda: _birth_date(form.birth_date, today), "")
    return birth, form.sex if form.sex in vocabulary.SEXES else "", "", ""


def typed_date(text: str) -> str:
    """1946年3月5日, 1946.3.5, 19460305 and full-width digits as an ISO date; what is none becomes empty."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else ""
    except ValueError:
        return ""


def _birth_date(text: str, today: date) -> str:
    if not text.strip():
        return ""
    iso = typed_date(text)
    if not iso:
        raise Invalid("birth_date", "Write the birth date as year-month-day, for example 1946-03-05.")
    born = date.fromisoformat(iso)
    if born > today:
        raise Invalid("birth_date", "This birth date is in the future; please look at the year again.")
    if ages.years(born, today) > identity_number.MAX_AGE:
        raise Invalid(
            "birth_date",
            "Somebody born then would be older than %(years)s; please look at the year again.",
            years=identity_number.MAX_AGE,
        )
    return born.isoformat()


def _community(checker: _Checker, text: str, locality: Locality) -> int:
    for known in locality.community_ids:
        if text == str(known):
            return known
    checker.fail("community_id", "Choose the community in which the elder lives.")
    return 0


def _address(checker: _Checker, text: str, locality: Locality) -> str:
    cleaned = _text(checker, "address", text, LONGEST_ADDRESS)
    if not cleaned:
        checker.fail("address", "Write where the elder lives: compound, building, unit, door.")
    if cleaned.startswith(locality.address_prefix):
        return cleaned
    return locality.address_prefix + cleaned


def _contacts(
    checker: _Checker, forms: tuple[ContactForm, ...], locality: Locality
) -> tuple[CheckedContact, ...]:
    filled = [(n, form) for n, form in enumerate(forms, 1) if form.name.strip() or form.phone.strip()]
    if not filled:
        checker.fail("contact1_phone", "Give at least one contact with a phone number.")
    return tuple(_contact(checker, n, form, locality) for n, form in filled[:MOST_CONTACTS])


def _contact(checker: _Checker, n: int, form: ContactForm, locality: Locality) -> CheckedContact:
    name = checker.take(f"contact{n}_name", lambda: names.validate(form.name), "")
    phone = checker.take(
        f"contact{n}_phone", lambda: phones.parse(form.phone, area_code=locality.area_code).e164, ""
    )
    return CheckedContact(name, phone, form.relation if form.relation in vocabulary.RELATIONS else "other")


def _capacity_date(checker: _Checker, form: ElderForm, today: date) -> str:
    """When it was judged whether the elder decides alone; notes what is missing, and whether the right person consented."""
    if form.capacity not in vocabulary.CAPACITIES:
        return ""
    if form.capacity_judge not in vocabulary.JUDGES:
        checker.fail("capacity_judge", "Say who judged whether the elder can decide.")
    judged = typed_date(form.capacity_date) if form.capacity_date.strip() else today.isoformat()
    if not judged or judged > today.isoformat():
        checker.fail("capacity_date", "Write the date as year-month-day; it cannot lie in the future.")
    if form.capacity == "alone" and form.given_by != "elder":
        checker.fail("given_by", "This elder decides alone, so only the elder can consent. Ask the elder.")
    if form.capacity == "none" and form.given_by not in ("guardian", "agreed"):
        checker.fail("given_by", "This elder cannot decide, so only a guardian can consent.")
    return judged


def _hints(checker: _Checker, hints: tuple[str, ...]) -> tuple[str, ...]:
    known = _known(hints, vocabulary.HINTS)
    if len(known) > vocabulary.MOST_HINTS:
        checker.fail(
            "hints", "Choose at most %(count)s hints; a stranger reads no more.", count=vocabulary.MOST_HINTS
        )
    return known


def _consents(checker: _Checker, consents: tuple[str, ...]) -> tuple[str, ...]:
    known = _known(consents, vocabulary.CONSENT_ITEMS)
    if "record" not in known:
        checker.fail("consents", "Without consent to keep the record it cannot be saved; please ask for it.")
    return known


def _known(
    values: tuple[str, ...], words: dict[str, object] | dict[str, str] | dict[str, tuple[str, str]]
) -> tuple[str, ...]:
    return tuple(code for code in words if code in values)


def _text(checker: _Checker, name: str, text: str, longest: int) -> str:
    cleaned = "".join(c for c in text if c.isprintable() or c == "\n").strip()
    if len(cleaned) > longest:
        checker.fail(name, "This is too long: at most %(count)s characters.", count=longest)
    return cleaned
