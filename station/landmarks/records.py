"""The gazetteer of a station: shops, stops, gates, lamp posts, and the safe places among them."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from station import audit, clock, communities, coordinates, phones, places
from station.db import StationDatabase, transaction
from station.errors import Conflict, Invalid, InvalidForm, NotFound
from station.landmarks import keys
from station.landmarks.matching import ACCURACY_M
from station.seal import Keyring

KINDS = tuple(ACCURACY_M)
CRS: tuple[coordinates.Crs, ...] = ("wgs84", "gcj02", "bd09")
LONGEST_NAME = 40
LONGEST_ALSO = 200
LONGEST_HOURS = 60
# So far may a landmark lie from its station, in metres: further off, coordinates were mixed up.
FARTHEST_M = 60_000
# Letters that nobody confuses when reading a poster aloud.
_CODE_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_CODE_LENGTH = 8


@dataclass(frozen=True)
class Entry:
    """What a person enters, as text; lat and lon in degrees of `crs`."""

    kind: str = "shop"
    name: str = ""
    lat: str = ""
    lon: str = ""
    crs: str = "wgs84"
    also: str = ""
    safe: bool = False
    hours: str = ""
    phone: str = ""
    community_id: str = ""


@dataclass(frozen=True)
class Checked:
    """An entry that may be stored: WGS-84, phone in E.164."""

    kind: str
    name: str
    lat: float
    lon: float
    also: str
    safe: bool
    hours: str
    phone: str
    community_id: int | None


@dataclass(frozen=True)
class Landmark:
    id: int
    station: int
    community_id: int | None
    kind: str
    name: str
    also: str
    lat: float
    lon: float
    code: str
    safe: bool
    hours: str
    phone: str  # E.164, or empty
    retired: bool

    @property
    def point(self) -> places.Point:
        return places.Point(self.lat, self.lon)

    @property
    def serial(self) -> int:
        """What stands for a badge in reports from its poster: below every number that a badge can have."""
        return -(1 << 44) - self.id


@dataclass(frozen=True)
class Near:
    """A safe place and how far it is, in metres as people say it."""

    landmark: Landmark
    distance_m: int


def check(entry: Entry, station: communities.Station, areas: list[communities.Community]) -> Checked:
    """The entry as it is stored. Without a community it belongs to the one around it. Raises InvalidForm."""
    errors: list[Invalid] = []
    name = _name(entry.name, errors)
    if entry.kind not in KINDS:
        errors.append(Invalid("kind", "Choose what kind of place it is."))
    point = _point(entry, places.Point(station.lat, station.lon), errors)
    phone = _phone(entry.phone, station.area_code, errors)
    also = _short("also", entry.also, LONGEST_ALSO, errors)
    hours = _short("hours", entry.hours, LONGEST_HOURS, errors)
    community_id = _community(entry.community_id, point, areas, errors)
    if errors or point is None:
        raise InvalidForm(errors)
    return Checked(entry.kind, name, point.lat, point.lon, also, entry.safe, hours, phone, community_id)


def add(
    db: StationDatabase, ring: Keyring, new: Checked, *, station: int, by: int | None, now: datetime
) -> int:
    """Write a landmark and return its id; the very same one again is the one that is there."""
    with transaction(db):
        known = _twin(db, station, new, within_m=1)
        if known is not None:
            return known
        landmark_id = _insert(db, station, new, by, now)
        _note(db, ring, "landmark.add", landmark_id, by, now)
    return landmark_id


def change(
    db: StationDatabase, ring: Keyring, landmark_id: int, new: Checked, *, by: int | None, now: datetime
) -> None:
    """Write over a landmark; its poster's code stays. Raises Conflict when the same one is there already."""
    with transaction(db):
        shown = get(db, landmark_id)
        known = _twin(db, shown.station, new, within_m=1)
        if known not in (None, landmark_id):
            raise Conflict("This landmark is in the list already.")
        _write(db, landmark_id, new)
        _note(db, ring, "landmark.change", landmark_id, by, now)


def retire(db: StationDatabase, ring: Keyring, landmark_id: int, *, by: int | None, now: datetime) -> None:
    """Take a landmark out of use; words do not find it any more and its poster says so."""
    with transaction(db):
        changed = db.write(
            "UPDATE landmark SET retired_at = ? WHERE id = ? AND retired_at IS NULL",
            clock.text(now),
            landmark_id,
        )
        if changed:
            db.write("DELETE FROM landmark_key WHERE landmark_id = ?", landmark_id)
            _note(db, ring, "landmark.retire", landmark_id, by, now)


def take_in(
    db: StationDatabase, ring: Keyring, new: list[Checked], *, station: int, by: int | None, now: datetime
) -> tuple[int, int]:
    """Write all of an import in one transaction; returns how many were added and how many known ones renewed.

    A landmark of the same kind and name within 100 m is the same one, corrected.
    """
    added = 0
    with transaction(db):
        for one in new:
            known = _twin(db, station, one, within_m=100)
            if known is None:
                _insert(db, station, one, by, now)
                added += 1
            else:
                _write(db, known, one)
        audit.record(
            db,
            ring,
            staff_id=by,
            action="landmark.import",
            about=f"station/{station}",
            detail=f"{len(new)}",
            now=now,
        )
    return added, len(new) - added


def get(db: StationDatabase, landmark_id: int) -> Landmark:
    """Raises NotFound."""
    row = db.row("SELECT * FROM landmark WHERE id = ?", landmark_id)
    if row is None:
        raise NotFound("There is no such landmark.")
    return _landmark(row)


def by_code(db: StationDatabase, code: str) -> Landmark | None:
    """The landmark on whose poster the code stands, in use or not."""
    row = db.row("SELECT * FROM landmark WHERE code = ?", code)
    return _landmark(row) if row else None


def listing(db: StationDatabase, station: int) -> list[Landmark]:
    """The landmarks of a station that are in use, by name."""
    rows = db.rows(
        "SELECT * FROM landmark WHERE station = ? AND retired_at IS NULL ORDER BY kind, name, id", station
    )
    return [_landmark(row) for row in rows]


def safe_near(db: StationDatabase, station: int, point: places.Point, most: int = 3) -> list[Near]:
    """The safe places of a station, the nearest first."""
    rows = db.rows("SELECT * FROM landmark WHERE station = ? AND safe = 1 AND retired_at IS NULL", station)
    ranked = sorted((places.distance_m(point, one.point), one.id, one) for one in map(_landmark, rows))
    return [Near(one, places.describe(point, one.point).distance_m) for _, _, one in ranked[:most]]


def _landmark(row: dict[str, Any]) -> Landmark:
    same = {key: row[key] for key in Landmark.__dataclass_fields__ if key in row}
    return Landmark(**{**same, "safe": bool(row["safe"]), "retired": row["retired_at"] is not None})


def _insert(db: StationDatabase, station: int, new: Checked, by: int | None, now: datetime) -> int:
    landmark_id = db.insert(
        "landmark",
        **{**asdict(new), "safe": int(new.safe)},
        station=station,
        code="".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)),
        created_by=by,
        created_at=clock.text(now),
    )
    _write_keys(db, landmark_id, new)
    return landmark_id


def _write(db: StationDatabase, landmark_id: int, new: Checked) -> None:
    db.write(
        "UPDATE landmark SET kind = ?, name = ?, lat = ?, lon = ?, also = ?, safe = ?, hours = ?, phone = ?, "
        "community_id = ? WHERE id = ?",
        *(int(value) if isinstance(value, bool) else value for value in asdict(new).values()),
        landmark_id,
    )
    db.write("DELETE FROM landmark_key WHERE landmark_id = ?", landmark_id)
    _write_keys(db, landmark_id, new)


def _write_keys(db: StationDatabase, landmark_id: int, new: Checked) -> None:
    for key in keys.of(new.kind, new.name, new.also):
        db.write(
            "INSERT INTO landmark_key (key, landmark_id, strong) VALUES (?, ?, ?)",
            key.text,
            landmark_id,
            int(key.strong),
        )


def _twin(db: StationDatabase, station: int, new: Checked, *, within_m: float) -> int | None:
    rows = db.rows(
        "SELECT id, lat, lon FROM landmark WHERE station = ? AND kind = ? AND name = ? AND retired_at IS NULL",
        station,
        new.kind,
        new.name,
    )
    here = places.Point(new.lat, new.lon)
    near = [
        row["id"] for row in rows if places.distance_m(here, places.Point(row["lat"], row["lon"])) <= within_m
    ]
    return near[0] if near else None


def _note(
    db: StationDatabase, ring: Keyring, action: str, landmark_id: int, by: int | None, now: datetime
) -> None:
    audit.record(db, ring, staff_id=by, action=action, about=f"landmark/{landmark_id}", now=now)


def _name(text: str, errors: list[Invalid]) -> str:
    name = _short("name", text, LONGEST_NAME, errors)
    if len(keys.folded(name)) < 2:
        errors.append(Invalid("name", "Type the name as people here say it, at least two characters."))
    return name


def _short(field: str, text: str, longest: int, errors: list[Invalid]) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(plain) > longest:
        errors.append(Invalid(field, "At most %(count)s characters fit here.", count=longest))
    return plain


def _point(entry: Entry, near: places.Point, errors: list[Invalid]) -> places.Point | None:
    crs = next((known for known in CRS if known == entry.crs), None)
    if crs is None:
        errors.append(Invalid("crs", "Choose from which map the coordinates come."))
        return None
    try:
        raw = places.parse_point(entry.lat.strip(), entry.lon.strip(), near=near)
    except places.PointError as error:
        errors.append(Invalid("lat", str(error)))
        return None
    lat, lon = coordinates.to_wgs84(raw.lat, raw.lon, crs)
    point = places.Point(round(lat, 7), round(lon, 7))
    if places.distance_m(point, near) > FARTHEST_M:
        errors.append(
            Invalid(
                "lat", "This place is more than 60 km from the station. Look at the coordinates once more."
            )
        )
        return None
    return point


def _phone(text: str, area_code: str, errors: list[Invalid]) -> str:
    if not text.strip():
        return ""
    try:
        return phones.parse(text, area_code=area_code).e164
    except phones.PhoneError as error:
        errors.append(Invalid("phone", str(error)))
        return ""


def _community(
    text: str, point: places.Point | None, areas: list[communities.Community], errors: list[Invalid]
) -> int | None:
    named = text.strip()
    if named:
        known = {str(one.id): one.id for one in areas} | {one.name: one.id for one in areas}
        if named not in known:
            errors.append(Invalid("community_id", "Choose a community of this station."))
        return known.get(named)
    if point is None:
        return None
    circles = [places.Area(one.id, one.name, places.Point(one.lat, one.lon), one.radius_m) for one in areas]
    area = places.finding(point, None, circles).area
    return area.id if area else None
