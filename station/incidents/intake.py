"""Reading what a finder sent. A wrong optional field is left out and named; it never costs the report."""

import math
import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from station import places

ACTS = ("opened", "with_elder", "called", "hurt", "cannot_stay", "gone", "tag_only", "test")
DEFAULT_ACT = "with_elder"
LONGEST_PLACE = 200
LONGEST_NOTE = 500
LONGEST_PHONE = 30
_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{8,80}")
_STATUS = re.compile(r"(?:.*/)?([0-9a-f]{32})")


@dataclass(frozen=True)
class Sighting:
    """Where the elder was seen, as told. `point` is WGS-84; accuracy in metres.

    `basis` says whence the point comes: empty from the finder's phone, `poster` from the code at a door, `words` from
    the place as typed, `officer` from an officer who judged those words. `near` is the landmark's name then.
    """

    point: places.Point | None = None
    accuracy_m: float | None = None
    place: str = ""
    basis: str = ""
    near: str = ""


@dataclass(frozen=True)
class Report:
    """One press on the finder's page, or one opening of it."""

    request_id: str
    act: str
    sighting: Sighting = Sighting()
    note: str = ""
    phone: str = ""
    status: str = ""  # the status token of an earlier report of the same finder


@dataclass(frozen=True)
class Ignored:
    field: str
    reason: str  # a word of REASONS


REASONS = (
    "not_known",
    "not_text",
    "not_a_number",
    "outside_the_world",
    "swapped",
    "incomplete",
    "cut",
    "not_a_phone",
    "only_counted",  # one of a flood: the station sees it until the next one takes its place
)


def read(raw: Mapping[str, Any], near: places.Point | None = None) -> tuple[Report, list[Ignored]]:
    """The report in a JSON body or a form, and the fields that could not be taken, each with its reason.

    `near` is the station; with it swapped latitude and longitude are noticed and put right.
    """
    ignored: list[Ignored] = []
    note = _text(raw, "note", LONGEST_NOTE, ignored)
    report = Report(
        request_id=_request_id(raw, ignored),
        act=_act(raw, ignored),
        sighting=_sighting(raw, near, ignored),
        note=note,
        phone=_phone(raw, ignored),
        status=_status(raw, ignored),
    )
    return report, ignored


def _request_id(raw: Mapping[str, Any], ignored: list[Ignored]) -> str:
    value = raw.get("request_id")
    if isinstance(value, str) and _REQUEST_ID.fullmatch(value):
        return value
    if value not in (None, ""):
        ignored.append(Ignored("request_id", "not_known"))
    return uuid.uuid4().hex


def _act(raw: Mapping[str, Any], ignored: list[Ignored]) -> str:
    value = raw.get("act")
    if isinstance(value, str) and value in ACTS:
        return value
    if "act" not in raw or value == "":
        return DEFAULT_ACT
    # Somebody pressed something we do not know: take it as the call for help that it most likely is.
    ignored.append(Ignored("act", "not_known"))
    return DEFAULT_ACT


def _sighting(raw: Mapping[str, Any], near: places.Point | None, ignored: list[Ignored]) -> Sighting:
    point = _point(raw, near, ignored)
    accuracy = _number(raw, "accuracy_m", ignored)
    if accuracy is not None and (accuracy < 0 or accuracy > 1_000_000):
        ignored.append(Ignored("accuracy_m", "outside_the_world"))
        accuracy = None
    return Sighting(point, accuracy if point else None, _text(raw, "place", LONGEST_PLACE, ignored))


def _point(raw: Mapping[str, Any], near: places.Point | None, ignored: list[Ignored]) -> places.Point | None:
    lat, lon = _number(raw, "lat", ignored), _number(raw, "lon", ignored)
    if lat is None and lon is None:
        return None
    if lat is None or lon is None:
        ignored.append(Ignored("lat" if lon is None else "lon", "incomplete"))
        return None
    try:
        return places.parse_point(lat, lon, near=near)
    except places.PointError as error:
        ignored.append(Ignored("lat", error.code if error.code in REASONS else "outside_the_world"))
        return places.Point(lon, lat) if error.code == "swapped" else None


def _number(raw: Mapping[str, Any], name: str, ignored: list[Ignored]) -> float | None:
    value = raw.get(name)
    if value is None or value == "":
        return None
    try:
        number = (
            float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
        )
    except (ValueError, OverflowError):
        number = math.nan
    if math.isfinite(number):
        return number
    ignored.append(Ignored(name, "not_a_number"))
    return None


def _text(raw: Mapping[str, Any], name: str, longest: int, ignored: list[Ignored]) -> str:
    value = raw.get(name)
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        ignored.append(Ignored(name, "not_text"))
        return ""
    cleaned = clean(value)
    if len(cleaned) > longest:
        ignored.append(Ignored(name, "cut"))
    return cleaned[:longest]


def clean(text: str) -> str:
    """Text as it may be stored and shown: no control characters, no direction tricks, no lone surrogates."""
    kept = (c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return "".join(kept).strip()


def _phone(raw: Mapping[str, Any], ignored: list[Ignored]) -> str:
    text = _text(raw, "phone", LONGEST_PHONE, ignored)
    if text and sum(c.isdigit() for c in text) < 3:
        ignored.append(Ignored("phone", "not_a_phone"))
        return ""
    return text


def _status(raw: Mapping[str, Any], ignored: list[Ignored]) -> str:
    value = raw.get("status")
    if value is None or value == "":
        return ""
    match = _STATUS.fullmatch(value) if isinstance(value, str) else None
    if match:
        return match[1]
    ignored.append(Ignored("status", "not_known"))
    return ""
