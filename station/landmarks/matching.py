"""From typed words to a point: only what leaves no doubt, everything else as candidates for a person to judge."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from station import places
from station.db import StationDatabase
from station.landmarks import keys

# How far from the landmark somebody may stand who says that they are there, in metres.
ACCURACY_M = {
    "lamp_post": 40.0,
    "shop": 60.0,
    "stop": 60.0,
    "gate": 60.0,
    "station": 80.0,
    "police": 80.0,
    "square": 150.0,
    "school": 150.0,
    "hospital": 150.0,
    "other": 150.0,
}
SAME_PLACE_M = 150.0  # landmarks of one name this near to each other are one place to walk to
# Of a long text the beginning is looked at: all parts of it are looked up, and those grow with its length.
MOST_CHARACTERS = 60
LONGEST_PART = 16
# Words that speak of a place where the elder is not, or is no more.
_ELSEWHERE = re.compile(
    r"不在|不是|没在|离开|离|走了|走远|跑了|以前|刚才在|[往向朝].{0,12}(走|去|跑|方向)|从|去了|上了|坐.{0,8}[车路]|"
    r"以[东南西北]|[东南西北][边面侧]?\s*\d|\d+\s*(米|公里|里地|站地|分钟|m\b|km\b|미터|분)|"
    r"\b(not|left|leaving|went|gone|going|towards?|away|from|after|min(utes)?|met(er|re)s?)\b|떠났|갔|에서|쪽으로",
    re.IGNORECASE,
)
# 东市场路 and 东市场小学 are named after 东市场 and lie elsewhere.
_NAMED_AFTER = r"(?!路(?!灯|边)|大?街|巷|胡同|大道|大?桥|小学|中学|学校|幼儿园|医院|诊所|小区|花园|家园|公园|银行|派出所|社区|大厦|宾馆|酒店|分?店)"


@dataclass(frozen=True)
class Match:
    """A point that words mean without doubt; accuracy in metres."""

    name: str
    point: places.Point
    accuracy_m: float


@dataclass(frozen=True)
class Candidate:
    landmark_id: int
    kind: str
    name: str
    point: places.Point


def match(db: StationDatabase, words: str) -> Match | None:
    """The one place that the words name; None when they name none, or several that lie apart.

    Only spellings that occur in the words are looked up, so the time does not grow with the number of landmarks.
    """
    if _ELSEWHERE.search(words):
        return None
    typed = keys.folded(words)[:MOST_CHARACTERS]
    hits = db.rows(
        "SELECT landmark_key.key, landmark.kind, landmark.name, landmark.lat, landmark.lon FROM landmark_key "
        "JOIN landmark ON landmark.id = landmark_key.landmark_id WHERE landmark_key.strong = 1 "
        "AND landmark_key.key IN (SELECT value FROM json_each(?)) LIMIT 40",
        json.dumps([*_parts(typed), *keys.lamp_keys(words)]),
    )
    return _one_place(_longest([hit for hit in hits if _stands_alone(hit["key"], typed)]))


def candidates(db: StationDatabase, words: str, *, station: int, most: int = 5) -> list[Candidate]:
    """Landmarks of a station that the words may mean, the likeliest first."""
    pieces = _pieces(keys.folded(words)[:MOST_CHARACTERS]) + sorted(keys.lamp_keys(words))
    rows = db.rows(
        "SELECT landmark.id, landmark.kind, landmark.name, landmark.lat, landmark.lon FROM landmark_key "
        "JOIN landmark ON landmark.id = landmark_key.landmark_id "
        "JOIN json_each(?) AS piece ON instr(landmark_key.key, piece.value) "
        "WHERE landmark.station = ? GROUP BY landmark.id "
        "ORDER BY count(DISTINCT piece.value) DESC, length(landmark.name), landmark.id LIMIT ?",
        json.dumps(pieces),
        station,
        most,
    )
    return [
        Candidate(row["id"], row["kind"], row["name"], places.Point(row["lat"], row["lon"])) for row in rows
    ]


def _parts(typed: str) -> set[str]:
    """Every part of the text that may be a key, and the whole."""
    ends = range(3, LONGEST_PART + 1)
    return {typed[at : at + length] for at in range(len(typed) - 2) for length in ends} | {typed}


def _pieces(typed: str) -> list[str]:
    """Pairs of Chinese characters; four letters or digits of other scripts."""
    found = [typed[at : at + 2] for at in range(len(typed) - 1) if not typed[at : at + 2].isascii()]
    found += [
        run[at : at + 4] for run in re.findall(r"[!-~]{3,}", typed) for at in range(max(1, len(run) - 3))
    ]
    return list(dict.fromkeys(found))


def _stands_alone(key: str, typed: str) -> bool:
    """Whether the key is more than a part of another name: gate 2 is not named by gate 12."""
    if key.startswith("灯#"):
        return True
    before = r"(?<!\d)" if key[0].isdigit() else ""
    after = r"(?!\d)" if key[-1].isdigit() else ""
    return re.search(before + re.escape(key) + after + _NAMED_AFTER, typed) is not None


def _longest(hits: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those whose key is only a part of another one that was typed too."""
    typed = {hit["key"] for hit in hits}
    return [hit for hit in hits if not any(hit["key"] in other and hit["key"] != other for other in typed)]


def _one_place(hits: Sequence[dict[str, Any]]) -> Match | None:
    if not hits:
        return None
    lat, lon = (sum(hit[axis] for hit in hits) / len(hits) for axis in ("lat", "lon"))
    middle = places.Point(lat, lon)
    spread = max(places.distance_m(middle, places.Point(hit["lat"], hit["lon"])) for hit in hits)
    if spread > SAME_PLACE_M / 2:
        return None
    name = max((hit["name"] for hit in hits), key=len)
    return Match(name, middle, round(spread) + max(ACCURACY_M[hit["kind"]] for hit in hits))
