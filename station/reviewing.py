"""The review desk's queue: what waits, how long, by when it was promised, and who may be registered already."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from station import elders, enrolment, identity_number, partners, phones, progress, search
from station.applications import pictures, records
from station.applications.records import Application
from station.db import StationDatabase
from station.elders import Elder
from station.enrolment import CheckedContact, ElderForm, Enrolment
from station.progress import Promise
from station.vault import Vault

# What somebody who waits is to the desk, the most pressing first.
PRESSING = ("late", "today", "in_time", "asked")


@dataclass(frozen=True)
class Waiting:
    """An application that nobody has decided."""

    application: Application
    promise: Promise
    pressing: str  # one of PRESSING
    answered: bool  # the family has answered what was asked
    has_picture: bool  # of the identity card, not yet looked at
    sender: str  # the system that handed it in; empty for a family


@dataclass(frozen=True)
class Alike:
    """Somebody who may be the same person."""

    why: tuple[str, ...]  # number, phone, name_birth, name
    name: str
    elder_id: int | None = None
    application_id: int | None = None

    @property
    def code(self) -> str:
        return f"e{self.elder_id}" if self.elder_id else f"a{self.application_id or 0}"


@dataclass(frozen=True)
class Local:
    """What the station adds to what is typed, and its date."""

    station: int
    area_code: str
    today: date


def queue(db: StationDatabase, vault: Vault, station: int, timezone: str, now: datetime) -> list[Waiting]:
    """All that waits at a station: the most pressing first, then the oldest."""
    found = [_waiting(db, one, timezone, now) for one in records.waiting(db, vault, station)]
    return sorted(found, key=lambda one: (PRESSING.index(one.pressing), one.application.created_at))


def promised(
    db: StationDatabase, application: Application, timezone: str, now: datetime
) -> tuple[Promise, str]:
    """The promise of an application that waits, and how pressing it is."""
    promise = progress.promise(db, application, timezone, now)
    if application.asked:
        return promise, "asked"
    if promise.is_late:
        return promise, "late"
    is_today = promise.day is not None and promise.day <= now.astimezone(ZoneInfo(timezone)).date()
    return promise, "today" if is_today else "in_time"


def alike(db: StationDatabase, vault: Vault, application: Application, local: Local) -> list[Alike]:
    """Elders and other applications of the station with the same number, phone or name. Nobody is kept back by it."""
    typed = _comparable(application.form, local)
    same_number = set(elders.look_alikes(db, vault, replace(typed, contacts=())))
    same_phone = set(elders.look_alikes(db, vault, replace(typed, id_normal="")))
    found = []
    for person in search.look_alikes(db, vault, typed, station=local.station):
        elder = elders.get(db, vault, person.elder_id)
        why = _why(
            typed,
            _of_elder(elder),
            number=person.elder_id in same_number,
            phone=person.elder_id in same_phone,
        )
        found.append(Alike(why, person.name, elder_id=person.elder_id))
    # Whose record belongs to another station is not named here.
    elsewhere = same_number - {one.elder_id for one in found}
    return [*(Alike(("number",), "") for _ in elsewhere), *found, *_applied(db, vault, application, local)]


def _applied(db: StationDatabase, vault: Vault, application: Application, local: Local) -> list[Alike]:
    """The same among the applications that wait."""
    typed, found = _comparable(application.form, local), []
    for other in records.waiting(db, vault, local.station):
        if other.id == application.id:
            continue
        theirs = _comparable(other.form, local)
        number = bool(typed.id_normal) and typed.id_normal == theirs.id_normal
        shared = {one.phone for one in typed.contacts} & {one.phone for one in theirs.contacts}
        why = _why(typed, theirs, number=number, phone=bool(shared))
        if why:
            found.append(Alike(why, other.form.name, application_id=other.id))
    return found


def _why(typed: Enrolment, other: Enrolment, *, number: bool, phone: bool) -> tuple[str, ...]:
    same_name = bool(typed.name) and typed.name == other.name
    same_birth = bool(typed.birth_date) and typed.birth_date == other.birth_date
    name = ("name_birth" if same_birth else "name",) if same_name else ()
    return (("number",) if number else ()) + name + (("phone",) if phone else ())


def _comparable(form: ElderForm, local: Local) -> Enrolment:
    """What of a form can be compared although nobody has checked it yet."""
    birth, normal = enrolment.typed_date(form.birth_date), ""
    try:
        number = identity_number.parse(form.identity_number, today=local.today)
        birth, normal = number.birth_date.isoformat(), number.normal
    except ValueError:
        pass
    contacts = tuple(one for form_ in form.contacts if (one := _contact(form_.phone, local)))
    return replace(
        enrolment.unchecked(form),
        name=form.name.strip(),
        birth_date=birth,
        id_normal=normal,
        contacts=contacts,
    )


def _contact(phone: str, local: Local) -> CheckedContact | None:
    try:
        return CheckedContact("", phones.parse(phone, area_code=local.area_code).e164, "other")
    except ValueError:
        return None


def _of_elder(elder: Elder) -> Enrolment:
    return replace(enrolment.unchecked(ElderForm()), name=elder.name, birth_date=elder.birth_date)


def _waiting(db: StationDatabase, application: Application, timezone: str, now: datetime) -> Waiting:
    promise, pressing = promised(db, application, timezone, now)
    picture = pictures.of(db, application.uid).get("identity")
    asked_before = db.scalar(
        "SELECT 1 FROM application_question WHERE application_id = ? AND answered_at IS NOT NULL",
        application.id,
    )
    return Waiting(
        application=application,
        promise=promise,
        pressing=pressing,
        answered=bool(asked_before) and not application.asked,
        has_picture=picture is not None and picture.is_there and picture.shown_at is None,
        sender=partners.sender(db, application.id),
    )
