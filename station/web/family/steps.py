"""The pages of an application in the order in which a family thinks: what each reads, and what can be wrong on it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from flask import request

from station import applicants, enrolment, phones, vocabulary
from station.applications.drafts import Content
from station.enrolment import ContactForm, ElderForm, Enrolment
from station.errors import Invalid, InvalidForm
from station.family_words import ASKABLE
from station.vocabulary import N_
from station.web import connection, elder_form
from station.web.family.blueprint import locality, station_of

_MAILBOX = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>]+")
SHOWN_ITEMS = ("page_call_name", "page_hints", "page_flags")
# A familiar voice is recorded at the station, and asked about there.
ASKED_ITEMS = tuple(item for item in vocabulary.CONSENT_ITEMS if item not in (*SHOWN_ITEMS, "voice"))
Reader = Callable[[Content], Content]
SELF, GUARDIAN = "elder", "guardian"


@dataclass(frozen=True)
class Step:
    """One page: its title, the fields whose errors belong to it, and what it makes of what was typed."""

    name: str
    title: str
    fields: tuple[str, ...]
    read: Reader


def _nothing(content: Content) -> Content:
    return content


def _texts(*names: str) -> Reader:
    def read(content: Content) -> Content:
        typed = elder_form.read()
        return replace(content, form=replace(content.form, **{name: getattr(typed, name) for name in names}))

    return read


def _who(content: Content) -> Content:
    given_by = request.form.get("given_by", "")
    return replace(content, form=replace(content.form, given_by=given_by))


def _you(content: Content) -> Content:
    first = elder_form.read().contacts[0]
    form = replace(content.form, contacts=(first, *content.form.contacts[1:]))
    return replace(content, form=form, email=request.form.get("email", content.email).strip()[:200])


def _contacts(content: Content) -> Content:
    first = content.form.contacts[:1] or (ContactForm(),)
    others = tuple(one for one in elder_form.read().contacts[1:] if one.name.strip() or one.phone.strip())
    return replace(content, form=replace(content.form, contacts=(*first, *others)))


def _items(asked: Iterable[str]) -> Reader:
    def read(content: Content) -> Content:
        ticked, others = elder_form.read().consents, set(content.form.consents) - set(asked)
        kept = tuple(
            item for item in vocabulary.CONSENT_ITEMS if item in others or item in ticked and item in asked
        )
        return replace(content, form=replace(content.form, consents=kept))

    return read


STEPS = (
    Step("who", N_("Who is it for?"), ("given_by",), _who),
    Step("name", N_("What is the elder called?"), ("name",), _texts("name")),
    Step(
        "birth",
        N_("When was the elder born?"),
        ("identity_number", "birth_date"),
        _texts("identity_number", "birth_date", "sex"),
    ),
    Step("where", N_("Where does the elder live?"), ("address", "community_id"), _texts("address", "community_id")),
    Step("you", N_("Whom do we ring first?"), ("contact1_name", "contact1_phone", "email"), _you),
    Step("code", N_("Is this your phone?"), (), _nothing),
    Step(
        "contacts",
        N_("Who else can we ring?"),
        tuple(f"contact{n}_{part}" for n in (2, 3, 4) for part in ("name", "phone")),
        _contacts,
    ),
    Step("health", N_("What should a helper look out for?"), ("health_notes", "history"), _texts("health_notes", "history")),
    Step("stranger", N_("What may help a stranger to help?"), ("call_name", "hints"), _texts("call_name", "hints")),
    Step("shown", N_("This is what a stranger would see"), (), _items(SHOWN_ITEMS)),
    Step("identity", N_("A picture of the identity card"), ("picture",), _nothing),
    Step("portrait", N_("A photo of the elder"), ("picture",), _nothing),
    Step("consent", N_("What do you agree to?"), ("consents",), _items(ASKED_ITEMS)),
)  # fmt: skip
BY_NAME = {step.name: step for step in STEPS}
NAMES = tuple(BY_NAME)
# Where a question of the reviewer is answered.
ANSWERED_ON = {about: BY_NAME[about] for about in ASKABLE if about in BY_NAME}


def of(content: Content) -> list[Step]:
    """The pages of this application: a code is asked for only where one can be sent, and only on a mobile phone."""
    station = station_of(content.form.community_id)
    can_text = applicants.can_text(connection.get_db(), connection.get_vault(), station.number)
    phone = content.form.contacts[0].phone if content.form.contacts else ""
    asks = can_text and (not phone.strip() or bool(mobile(content.form)))
    return [step for step in STEPS if step.name != "code" or asks]


def mobile(form: ElderForm) -> str:
    """The first contact's mobile number (E.164), to which a text message can go; empty when it is none."""
    typed = form.contacts[0].phone if form.contacts else ""
    try:
        number = phones.parse(typed, area_code=station_of(form.community_id).area_code).e164
    except ValueError:
        return ""
    return number if number.startswith("+861") else ""


def following(content: Content, name: str) -> str:
    """The page after this one: the next that was not gone through, or the last look at all answers."""
    names = [step.name for step in of(content)]
    later = names[names.index(name) + 1 :] if name in names else names
    return next((one for one in [*later, *names] if one not in content.done), "check")


def wrong(content: Content, fields: Iterable[str] | None = None) -> list[Invalid]:
    """What is wrong in these fields, in the order of the pages; without `fields` in all."""
    errors = [*elder_form.damaged()]
    if content.form.given_by not in ("relative", SELF, GUARDIAN):
        errors.append(Invalid("given_by", "Choose for whom the badge is."))
    if not any(one.phone.strip() for one in content.form.contacts[:1]):
        errors.append(Invalid("contact1_phone", "Give at least one contact with a phone number."))
    if content.email and not _MAILBOX.fullmatch(content.email):
        errors.append(Invalid("email", "This is no e-mail address. Compare it, or leave it empty."))
    try:
        checked(content.form)
    except InvalidForm as error:
        errors += error.errors
    order = [field for step in STEPS for field in step.fields]
    wanted = set(order if fields is None else fields)
    first = {error.field: error for error in reversed(errors) if error.field in wanted}
    return sorted(first.values(), key=lambda error: order.index(error.field))


def checked(form: ElderForm) -> Enrolment:
    """The whole form, checked. Raises InvalidForm."""
    return enrolment.check(form, locality(station_of(form.community_id)), elder_form.today())


def step_of(field: str) -> str:
    """The page on which a field stands."""
    return next(step.name for step in STEPS if field in step.fields)
