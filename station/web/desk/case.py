"""Everything that the page of one incident shows, gathered and put into words."""

import base64
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import g

from station import accounts, audit, communities, elders, phones, places
from station.accounts import Staff
from station.communities import Community, Station
from station.db import StationDatabase, transaction
from station.elders import Elder
from station.incidents import acts, feed, views
from station.incidents.states import NEXT
from station.incidents.views import Brief, Whole
from station.vault import Unsealable, Vault
from station.vocabulary import LIFE_CRITICAL, OUTCOMES
from station.web import connection
from station.web.desk import wording

GOOD_BADGE = ("worn", "")


@dataclass(frozen=True)
class Person:
    """The elder as the duty officer needs them."""

    record: Elder
    age: int | None
    notes: list[str]  # codes of health notes, the life-critical ones first
    photo: str  # a data: address, so that one look at the page is one look at the record
    home: str
    secretaries: list[Staff]


@dataclass(frozen=True)
class Spot:
    """Where to go."""

    words: str
    offset: str
    accuracy_m: int | None
    at: datetime
    links: list[places.MapLink]
    sketch: places.Sketch


@dataclass(frozen=True)
class Case:
    whole: Whole
    station: Station
    names: dict[int, str]
    holders: dict[str, Staff]
    person: Person | None
    erased: bool
    spot: Spot | None
    words: str  # the place in words when no point is known
    finding: Community | None
    secretaries: list[Staff]  # of the finding community
    earlier: list[Brief]
    seen_by_me: bool
    undo: str  # the state that one press leads back to, or empty

    @property
    def brief(self) -> Brief:
        return self.whole.brief

    @property
    def is_open(self) -> bool:
        return self.brief.closed_at is None

    @property
    def free(self) -> list[str]:
        """The slots that this officer can still take."""
        held = {slot: staff.id for slot, staff in self.holders.items()}
        return [slot for slot in ("on_site", "liaison") if slot not in held] if self.is_open else []

    @property
    def next_states(self) -> tuple[str, ...]:
        return NEXT[self.brief.state]

    @property
    def outcomes(self) -> list[str]:
        unfit = "test" if self.brief.kind == "drill" else "drill"
        return [code for code in OUTCOMES if code != unfit]

    @property
    def where(self) -> str:
        return wording.where(self.station, self.whole.best)

    @property
    def badge_is_doubtful(self) -> bool:
        return self.brief.badge_state not in GOOD_BADGE

    @property
    def finder_phone(self) -> str:
        return next((told.phone for told in self.whole.told if told.phone), "")

    def tel(self, text: str) -> str:
        return wording.tel(text, self.station.area_code)

    def shown_phone(self, e164: str) -> str:
        return phones.from_e164(e164).shown

    def tel_of(self, e164: str) -> str:
        return phones.from_e164(e164).tel_uri

    def story(self) -> list[tuple[datetime, str]]:
        return [(event.at, wording.happened(event, self.names)) for event in self.whole.story]


def gather(shown: Brief, *, with_person: bool = True) -> Case:
    """Open an incident. With the person, one row of the audit log says who looked."""
    db, vault, now = connection.get_db(), connection.get_vault(), connection.now()
    station = communities.station(db, shown.station)
    whole = views.whole(db, vault, shown.id)
    finding = views.finding_community(db, shown)
    person, erased = _person(db, vault, shown, now) if with_person else (None, False)
    return Case(
        whole=whole,
        station=station,
        names=_names(db, vault, whole),
        holders=views.holders(db, vault, shown),
        person=person,
        erased=erased,
        spot=_spot(station, whole),
        words=whole.best.place,
        finding=finding,
        secretaries=secretaries(db, vault, finding),
        earlier=feed.earlier(db, shown),
        seen_by_me=any(e.kind == "seen" and e.staff_id == g.staff.id for e in whole.story),
        undo=_undo(whole, now),
    )


def secretaries(db: StationDatabase, vault: Vault, community: Community | None) -> list[Staff]:
    if community is None:
        return []
    everybody = accounts.all_staff(db, vault, community.station)
    return [staff for staff in everybody if staff.role == "secretary" and staff.community_id == community.id]


def _person(db: StationDatabase, vault: Vault, shown: Brief, now: datetime) -> tuple[Person | None, bool]:
    """The elder, and whether there was one whose record has been erased."""
    if shown.elder_id is None:
        return None, False
    try:
        record = elders.get(db, vault, shown.elder_id)
    except Unsealable:
        return None, True
    with transaction(db):
        about = f"elder/{record.id}"
        audit.record(db, vault.ring, staff_id=g.staff.id, action="elder.view", about=about, now=now)
    home = communities.community(db, record.community_id)
    return Person(
        record=record,
        age=_age(record.birth_date, now.date()),
        notes=sorted(record.health_notes, key=lambda code: code not in LIFE_CRITICAL),
        photo=_photo(db, vault, record),
        home=home.name,
        secretaries=secretaries(db, vault, home),
    ), False


def _photo(db: StationDatabase, vault: Vault, record: Elder) -> str:
    if not record.has_photo or "photo" not in record.consents:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(elders.photo(db, vault, record.id)).decode()


def _age(born: str, today: date) -> int | None:
    if not born:
        return None
    birth = date.fromisoformat(born)
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _spot(station: Station, whole: Whole) -> Spot | None:
    point = whole.best.point
    if point is None:
        return None
    at = next(told.at for told in whole.told if told.point)
    accuracy = whole.best.accuracy_m
    # The name goes to the map company: the badge's number says where to look and never who.
    name = whole.brief.badge_number or f"#{whole.brief.id}"
    return Spot(
        words=whole.best.place,
        offset=wording.offset(station, point),
        accuracy_m=None if accuracy is None else round(accuracy),
        at=at,
        links=places.map_links(point, name),
        sketch=places.schematic(places.Point(station.lat, station.lon), point, accuracy),
    )


def _names(db: StationDatabase, vault: Vault, whole: Whole) -> dict[int, str]:
    ids = {event.staff_id for event in whole.story} | {said.staff_id for said in whole.said}
    return {staff_id: accounts.get(db, vault, staff_id).name for staff_id in ids if staff_id}


def _undo(whole: Whole, now: datetime) -> str:
    last = next((event for event in reversed(whole.story) if event.to_state), None)
    if last is None or last.kind not in ("moved", "closed") or last.staff_id != g.staff.id:
        return ""
    left: timedelta = last.at + acts.UNDO - now
    return last.from_state or "" if left > timedelta(0) else ""
