"""Two people correct one record: whose words stand where, field by field, when the second one saves.

The form carries a fingerprint of every field as the record had it when it was opened. With it one can tell who changed
what: a field that only the colleague changed is taken over, one that both changed differently is asked about.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from flask_babel import gettext

from station import seal, vocabulary
from station.communities import Community
from station.elders import Elder
from station.enrolment import ElderForm, Enrolment
from station.errors import Invalid, InvalidForm
from station.seal import Keyring
from station.vocabulary import N_
from station.web import elder_form

LABELS = {
    "name": N_("Name"),
    "id_last_four": N_("Identity number"),
    "birth_date": N_("Birth date"),
    "sex": N_("Sex"),
    "address": N_("Address"),
    "community_id": N_("Community"),
    "contact1": N_("Contact 1"),
    "contact2": N_("Contact 2"),
    "contact3": N_("Contact 3"),
    "contact4": N_("Contact 4"),
    "health_notes": N_("Health notes"),
    "consents": N_("Consents"),
    "history": N_("History"),
    "call_name": N_("How strangers may address the elder"),
    "hints": N_("Hints for the finder"),
    "capacity": N_("Can the elder decide?"),
    "capacity_judge": N_("Who judged it"),
    "capacity_date": N_("When it was judged"),
}
KEPT_WHEN_EMPTY = ("id_last_four", "birth_date", "sex")


@dataclass(frozen=True)
class Merged:
    """The form as it should stand now, and what became of the fields that a colleague has changed."""

    typed: ElderForm
    taken: tuple[str, ...]  # the colleague alone changed them
    disputed: tuple[str, ...]  # both did, differently
    mine: tuple[str, ...]  # this person alone changed them

    @property
    def is_quiet(self) -> bool:
        return not self.taken and not self.disputed


def fingerprints(ring: Keyring, elder: Elder) -> str:
    """What the record says now, as the form carries it along: no value, only whether it stays the same."""
    return " ".join(f"{field}:{_print(ring, value)}" for field, value in _values(elder).items())


def merge(
    ring: Keyring, base: str, typed: ElderForm, checked: Enrolment, theirs: Elder, now: ElderForm
) -> Merged:
    """Three ways: `base` when the form was opened, `typed` by this person, `theirs` and its form `now` in the record."""
    before = dict(part.split(":", 1) for part in base.split() if ":" in part)
    # Contacts are compared as they would be saved: without gaps.
    filled = [one for one in typed.contacts if one.name.strip() or one.phone.strip()]
    merged, mine, other = (
        replace(typed, contacts=elder_form.padded(filled)),
        _values(checked),
        _values(theirs),
    )
    sides: dict[str, list[str]] = {"taken": [], "disputed": [], "mine": []}
    for field in LABELS:
        side = _side(field, mine[field], other[field], lambda value: _print(ring, value), before)
        if side:
            sides[side].append(field)
    for field in sides["taken"]:
        merged = take(merged, now, field)
    return Merged(merged, tuple(sides["taken"]), tuple(sides["disputed"]), tuple(sides["mine"]))


def _side(
    field: str, mine: str, theirs: str, fingerprint: Callable[[str], str], before: dict[str, str]
) -> str:
    """Whose change the difference in a field is; empty when there is none."""
    changed = fingerprint(theirs) != before.get(field)
    if field in KEPT_WHEN_EMPTY and mine == '""':
        return "taken" if changed and field in before else ""
    if mine == theirs:
        return ""
    if fingerprint(mine) == before.get(field):
        return "taken"
    return "disputed" if changed else "mine"


def take(typed: ElderForm, source: ElderForm, field: str) -> ElderForm:
    """The form with one field of another form."""
    if (
        field == "id_last_four"
    ):  # the number itself is not kept, so it cannot be shown; empty leaves what is on file
        return replace(typed, identity_number="")
    if field.startswith("contact"):
        contacts, place = list(elder_form.padded(typed.contacts)), int(field[-1]) - 1
        contacts[place] = elder_form.padded(source.contacts)[place]
        return replace(typed, contacts=tuple(contacts))
    return replace(typed, **{field: getattr(source, field)})


def decided(typed: ElderForm, now: ElderForm) -> ElderForm:
    """The form after what was asked about has been answered. Raises InvalidForm when an answer is missing."""
    missing = []
    for field in disputed():
        answer = request.form.get(f"take_{field}", "")
        if answer == "theirs":
            typed = take(typed, now, field)
        elif answer != "mine":
            missing.append(Invalid(f"take_{field}", "Choose which of the two should stand."))
    if missing:
        raise InvalidForm(missing)
    return typed


def disputed() -> tuple[str, ...]:
    """The fields that this request was asked about."""
    asked = request.form.getlist("disputed")
    return tuple(field for field in LABELS if field in asked)


def shown(
    fields: Iterable[str], mine: ElderForm, now: ElderForm, places: Iterable[Community]
) -> list[dict[str, str]]:
    """Each field in the reader's words: its name, what this person typed, what the record says."""
    words = _words({str(place.id): place.name for place in places})
    return [
        {
            "field": field,
            "label": gettext(LABELS[field]),
            "mine": words(field, mine) or "–",
            "theirs": words(field, now) or "–",
            "chosen": request.form.get(f"take_{field}", ""),
        }
        for field in fields
    ]


def _words(places: dict[str, str]) -> Callable[[str, ElderForm], str]:
    def words(field: str, form: ElderForm) -> str:
        if field == "id_last_four":
            return gettext("ends in %(four)s", four=form.identity_number[-4:]) if form.identity_number else ""
        if field.startswith("contact"):
            one = elder_form.padded(form.contacts)[int(field[-1]) - 1]
            relation = (
                gettext(vocabulary.RELATIONS[one.relation]) if one.relation in vocabulary.RELATIONS else ""
            )
            return " ".join(filter(None, (one.name, one.phone, relation)))
        value = getattr(form, field)
        return _in_words(field, value, places) if isinstance(value, str) else _list_in_words(field, value)

    return words


def _in_words(field: str, value: str, places: dict[str, str]) -> str:
    if field == "community_id":
        return places.get(value, "")
    words = {"sex": vocabulary.SEXES, "capacity": vocabulary.CAPACITIES, "capacity_judge": vocabulary.JUDGES}
    return gettext(words[field][value]) if value and field in words else value


def _list_in_words(field: str, codes: tuple[str, ...]) -> str:
    texts = {
        "health_notes": {code: text for code, (_, text) in vocabulary.HEALTH_NOTES.items()},
        "consents": vocabulary.CONSENT_ITEMS,
        "hints": vocabulary.HINTS,
    }[field]
    return "; ".join(gettext(texts[code]) for code in codes)


def _values(one: Elder | Enrolment) -> dict[str, str]:
    """Every field as a text of its own, comparable between a form that was checked and a record."""
    contacts = [
        [person.name, person.phone, person.relation]
        for person in (one.own_contacts if isinstance(one, Elder) else one.contacts)
    ]
    found: dict[str, Any] = {
        field: getattr(one, field) for field in LABELS if not field.startswith("contact")
    }
    found |= {f"contact{n}": contacts[n - 1] if n <= len(contacts) else None for n in elder_form.CONTACTS}
    return {field: json.dumps(found[field], ensure_ascii=False) for field in LABELS}


def _print(ring: Keyring, value: str) -> str:
    return seal.derived_token(ring, "field", value)[:12]
