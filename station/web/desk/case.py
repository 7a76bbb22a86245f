"""Everything that the page of one incident shows, gathered and put into words."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g

from station import accounts, ages, audit, communities, elders, phones, places, portraits
from station.accounts import Staff
from station.communities import Community, Station
from station.db import StationDatabase, transaction
from station.elders import Elder
from station.incidents import acts, disclosures, feed, finders, views
from station.incidents.disclosures import Disclosure, Offer
from station.incidents.finders import Finder
from station.incidents.states import NEXT
from station.incidents.views import Brief, Whole
from station.landmarks import matching
from station.landmarks import records as landmarks
from station.landmarks.matching import Candidate
from station.landmarks.records import Near
from station.vault import Unsealable, Vault
from station.vocabulary import LIFE_CRITICAL, OUTCOMES
from station.web import connection
from station.web.desk import care, storytelling, wording
from station.web.desk.care import Care
from station.web.desk.storytelling import Line

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
    basis: str = ""  # a key of vocabulary.BASES when no phone has found it
    near: str = ""  # the landmark's name then


@dataclass(frozen=True)
class Maybe:
    """A landmark that the finder's words may mean."""

    landmark: Candidate
    offset: str


@dataclass(frozen=True)
class Showing:
    """What helpers may be shown and are shown, without a look into the elder's record."""

    finders: list[Finder]
    offers: list[Offer]
    shown: list[Disclosure]  # newest first
    now: datetime

    def is_live(self, one: Disclosure) -> bool:
        return disclosures.is_live(one, self.now)

    def code(self, scan_id: int | None) -> str:
        """The three digits of a finder's page, by which officers tell finders apart."""
        return next((finder.code for finder in self.finders if finder.scan_id == scan_id), "")


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
    showing: Showing
    undo: str  # the state that one press leads back to, or empty
    maybe: list[Maybe]
    safe: list[Near]  # safe places, the nearest first
    care: Care

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
    def is_mine(self) -> bool:
        return any(staff.id == g.staff.id for staff in self.holders.values())

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
    def at_poster(self) -> bool:
        """Whether somebody without a badge was reported at the door of a shop."""
        return not self.brief.badge_number and any(told.basis == "poster" for told in self.whole.told)

    @property
    def to_ring_back(self) -> str:
        """The phone of a finder who had to leave the elder alone and waits to be rung back."""
        leaving = (told.phone for told in self.whole.told if told.act == "cannot_stay")
        return next(filter(None, leaving), "")

    @property
    def badge_is_doubtful(self) -> bool:
        return self.brief.badge_state not in GOOD_BADGE

    @property
    def finder_phone(self) -> str:
        return next((told.phone for told in self.whole.told if told.phone), "")

    def offset(self, point: places.Point) -> str:
        return wording.offset(self.station, point)

    def tel(self, text: str) -> str:
        return wording.tel(text, self.station.area_code)

    def shown_phone(self, e164: str) -> str:
        return phones.from_e164(e164).shown

    def tel_of(self, e164: str) -> str:
        return phones.from_e164(e164).tel_uri

    def story(self) -> list[Line]:
        return storytelling.lines(connection.get_db(), self.whole, self.names)


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
        showing=_showing(db, vault, shown, now),
        undo=_undo(whole, now),
        maybe=_maybe(db, station, whole),
        safe=_safe(db, station, whole),
        care=care.of(db, vault, shown, whole),
    )


def _showing(db: StationDatabase, vault: Vault, shown: Brief, now: datetime) -> Showing:
    needed = shown.state not in disclosures.SAFE
    return Showing(
        finders=finders.of_incident(db, shown.id),
        offers=disclosures.offered(db, shown.elder_id) if needed else [],
        shown=disclosures.of_incident(db, vault, shown.id),
        now=now,
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
        age=ages.of(record.birth_date, now.date()),
        notes=sorted(record.health_notes, key=lambda code: code not in LIFE_CRITICAL),
        photo=_photo(db, vault, record),
        home=home.name,
        secretaries=secretaries(db, vault, home),
    ), False


def _photo(db: StationDatabase, vault: Vault, record: Elder) -> str:
    if not record.has_photo or "photo" not in record.consents:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(portraits.jpeg(db, vault, record.id)).decode()


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
        basis=whole.best.basis,
        near=whole.best.near,
    )


def _maybe(db: StationDatabase, station: Station, whole: Whole) -> list[Maybe]:
    """What the words may mean, for the officer to judge, while no point is known."""
    if whole.best.point or not whole.best.place or whole.brief.closed_at:
        return []
    found = matching.candidates(db, whole.best.place, station=station.number)
    return [Maybe(one, wording.offset(station, one.point)) for one in found]


def _safe(db: StationDatabase, station: Station, whole: Whole) -> list[Near]:
    if whole.brief.closed_at:
        return []
    here = whole.best.point or places.Point(station.lat, station.lon)
    return landmarks.safe_near(db, station.number, here)


def _names(db: StationDatabase, vault: Vault, whole: Whole) -> dict[int, str]:
    ids = {event.staff_id for event in whole.story} | {said.staff_id for said in whole.said}
    return {staff_id: accounts.get(db, vault, staff_id).name for staff_id in ids if staff_id}


def _undo(whole: Whole, now: datetime) -> str:
    last = next((event for event in reversed(whole.story) if event.to_state), None)
    if last is None or last.kind not in ("moved", "closed") or last.staff_id != g.staff.id:
        return ""
    left: timedelta = last.at + acts.UNDO - now
    return last.from_state or "" if left > timedelta(0) else ""
