"""Places: points on the earth, how far and which way, whose community, and how to get there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from station import coordinates

Wind = Literal["n", "ne", "e", "se", "s", "sw", "w", "nw"]

REASONS = {
    "not_a_number": "A latitude and a longitude are numbers in degrees. Send them like 43.8 and 126.5.",
    "outside_world": "Latitude goes from -90 to 90, longitude from -180 to 180. Send the place again.",
    "null_island": "The phone sent an empty place (0, 0). Type a shop sign or a junction instead.",
    "swapped": "Latitude and longitude are swapped. Send them the other way round.",
}

_WINDS: tuple[Wind, ...] = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_EARTH_M = 6_371_008.8  # mean radius R1 of the IUGG
_SWAP_M = 300_000  # so far nobody walks: a twin nearer than this is no accident
_FAR_M = 30_000
_MOST_TOUCHED = 3


class PointError(ValueError):
    """Two values that are no place; `code` is a key of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class Point:
    """WGS-84 degrees, as browsers report and as everything is stored."""

    lat: float
    lon: float


def parse_point(lat: object, lon: object, *, near: Point | None = None) -> Point:
    """Check a place that came from outside, as numbers or text. Raises PointError.

    With `near` (the station), a place across the world whose mirrored twin is here counts as swapped.
    """
    y, x = _degrees(lat), _degrees(lon)
    if 90 < abs(y) <= 180 and abs(x) <= 90:
        raise PointError("swapped")
    if abs(y) > 90 or abs(x) > 180:
        raise PointError("outside_world")
    if abs(y) < 0.01 and abs(x) < 0.01:
        raise PointError("null_island")
    if near and abs(x) <= 90 and distance_m(Point(x, y), near) < _SWAP_M < distance_m(Point(y, x), near):
        raise PointError("swapped")
    return Point(y, x)


def _degrees(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise PointError("not_a_number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise PointError("not_a_number") from None
    if not math.isfinite(number):
        raise PointError("not_a_number")
    return number


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine, at most 0.6 % from the ellipsoid)."""
    p, q = math.radians(a.lat), math.radians(b.lat)
    half = (
        math.sin((q - p) / 2) ** 2
        + math.cos(p) * math.cos(q) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    )
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def bearing(a: Point, b: Point) -> float:
    """Initial course from `a` to `b` in degrees, clockwise from north, 0 <= course < 360."""
    p, q, dx = math.radians(a.lat), math.radians(b.lat), math.radians(b.lon - a.lon)
    east = math.sin(dx) * math.cos(q)
    north = math.cos(p) * math.sin(q) - math.sin(p) * math.cos(q) * math.cos(dx)
    return math.degrees(math.atan2(east, north)) % 360


def direction(a: Point, b: Point) -> Wind:
    """The one of eight winds in which `b` lies, seen from `a`."""
    return _WINDS[round(bearing(a, b) / 45) % 8]


@dataclass(frozen=True)
class Offset:
    distance_m: int  # rounded as people say it: 640, 3200, 15000
    direction: Wind | None  # None when it is right here


def describe(origin: Point, point: Point) -> Offset:
    """What a sentence like "640 m south-east of the station" needs."""
    exact = distance_m(origin, point)
    step = 10 if exact < 1_000 else 100 if exact < 10_000 else 1_000
    rounded = round(exact / step) * step
    return Offset(rounded, direction(origin, point) if rounded else None)


@dataclass(frozen=True)
class MapLink:
    app: Literal["amap", "tencent", "baidu", "petal", "apple", "geo"]
    url: str


def map_links(point: Point, name: str) -> list[MapLink]:
    """Return links that put a pin called `name` into the map apps people here have.

    `name` is sent to the map company: a landmark or "meeting point", never a person.
    """
    # AMap alone wants longitude first. Three take WGS-84 when told so; Petal documents GCJ-02 inside China,
    # and Apple documents nothing but draws the same GCJ-02 map there.
    gps, lonlat = _pair(point.lat, point.lon), _pair(point.lon, point.lat)
    gcj = _pair(*coordinates.from_wgs84(point.lat, point.lon, "gcj02"))
    label = quote(name.translate(str.maketrans(":;,()", "     ")).strip(), safe="")
    tencent = f"coord:{gps};title:{label};addr:{label}&coord_type=1&referer=station"
    baidu = f"location={gps}&title={label}&content={label}&output=html&coord_type=wgs84&src=webapp.community.station"
    return [
        MapLink(
            "amap",
            f"https://uri.amap.com/marker?position={lonlat}&name={label}&src=station&coordinate=wgs84&callnative=1",
        ),
        MapLink("tencent", f"https://apis.map.qq.com/uri/v1/marker?marker={tencent}"),
        MapLink("baidu", f"https://api.map.baidu.com/marker?{baidu}"),
        MapLink("petal", f"https://www.petalmaps.com/place/?z=16&marker={gcj}"),
        MapLink("apple", f"https://maps.apple.com/?ll={gcj}&q={label}"),
        MapLink("geo", f"geo:{gps}?q={gps}({label})"),
    ]


def _pair(first: float, second: float) -> str:
    return f"{first:.6f},{second:.6f}"  # a tenth of a metre


@dataclass(frozen=True)
class Area:
    """A community as a circle of `radius_m` metres."""

    id: int
    name: str
    centre: Point
    radius_m: float


@dataclass(frozen=True)
class Finding:
    area: Area | None  # whose place it is; None when the nearest is over 30 km away
    inside: bool
    distance_m: float | None  # to the nearest centre; None when there are no communities
    touched: tuple[Area, ...]  # those the accuracy circle reaches, nearest first, at most three


def finding(point: Point, accuracy_m: float | None, communities: Sequence[Area]) -> Finding:
    """Find the community of a place: the one around it with the nearest centre, else the nearest of all."""
    ranked = sorted(
        ((distance_m(point, area.centre), area) for area in communities), key=lambda pair: pair[0]
    )
    if not ranked:
        return Finding(None, False, None, ())
    touched = [area for far, area in ranked if far <= area.radius_m + (accuracy_m or 0)][:_MOST_TOUCHED]
    for far, area in ranked:
        if far <= area.radius_m:
            others = [other for other in touched if other is not area]
            return Finding(area, True, far, (area, *others)[:_MOST_TOUCHED])
    far, nearest = ranked[0]
    return Finding(nearest if far <= _FAR_M else None, False, far, tuple(touched))


@dataclass(frozen=True)
class Sketch:
    """A drawing without a map, north up; x to the right and y down in a box of width x height."""

    width: int
    height: int
    station: tuple[float, float]
    place: tuple[float, float]
    accuracy: float  # radius around the place
    bar: float  # length of the scale bar, which stands for bar_m metres
    bar_m: int


def schematic(station: Point, place: Point, accuracy_m: float | None = None) -> Sketch:
    """Lay out station, place and accuracy circle so that all of them fit, at least 100 m across."""
    width, height, margin, radius = 320, 240, 30, accuracy_m or 0.0
    course, far = math.radians(bearing(station, place)), distance_m(station, place)
    east, north = far * math.sin(course), far * math.cos(course)
    left, right = min(0, east - radius), max(0, east + radius)
    bottom, top = min(0, north - radius), max(0, north + radius)
    across, up = max(100, right - left), max(100, top - bottom)
    scale = min((width - 2 * margin) / across, (height - 2 * margin) / up)

    def spot(x: float, y: float) -> tuple[float, float]:
        return (
            round(width / 2 + (x - (left + right) / 2) * scale, 1),
            round(height / 2 - (y - (bottom + top) / 2) * scale, 1),
        )

    bar_m = _round_length(80 / scale)
    return Sketch(
        width, height, spot(0, 0), spot(east, north), round(radius * scale, 1), round(bar_m * scale, 1), bar_m
    )


def _round_length(longest_m: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50 … metres that is no longer than `longest_m` (>= 1)."""
    unit = 10 ** math.floor(math.log10(longest_m))
    return next(unit * lead for lead in (5, 2, 1) if unit * lead <= longest_m)
