"""The gazetteer as a table: read with the mistakes of each row, and written so that it can be read again."""

import csv
import io
from dataclasses import dataclass, fields, replace

from station import communities, tables
from station.errors import Invalid, InvalidForm
from station.landmarks import records
from station.landmarks.records import Checked, Entry, Landmark
from station.vocabulary import LANDMARKS

# How the columns may be headed, in small letters.
COLUMNS = {
    "kind": ("kind", "类型", "类别", "种类"),
    "name": ("name", "名称", "名字", "地标"),
    "lat": ("lat", "latitude", "纬度"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "also": ("also", "别名", "又叫", "别称"),
    "safe": ("safe", "安全点", "可以停留", "安全"),
    "hours": ("hours", "营业时间", "时间", "开放时间"),
    "phone": ("phone", "电话", "联系电话"),
    "community_id": ("community", "社区", "所属社区"),
}
NEEDED = ("name", "lat", "lon")
# Words of the kinds as people write them, besides the codes.
KIND_WORDS = {
    "shop": ("商店", "店铺", "店", "超市", "药店"),
    "stop": ("公交站", "车站", "站牌"),
    "gate": ("大门", "小区门", "门"),
    "lamp_post": ("灯杆", "路灯", "路灯杆", "lamp post"),
    "square": ("广场", "公园"),
    "school": ("学校",),
    "hospital": ("医院", "诊所"),
    "station": ("驿站", "防走失驿站"),
    "police": ("派出所", "警务室", "公安"),
    "other": ("其他", "其它", ""),
}
YES = ("1", "yes", "y", "true", "是", "对", "√", "✓")


@dataclass(frozen=True)
class Wrong:
    """What is wrong in one row of the file; rows are counted as a spreadsheet does, headings are row 1."""

    row: int
    name: str
    errors: tuple[Invalid, ...]


@dataclass(frozen=True)
class Reading:
    good: list[Checked]
    wrong: list[Wrong]


def read(
    content: bytes, crs: str, station: communities.Station, areas: list[communities.Community]
) -> Reading:
    """What of a file may be taken in, and what not. Raises Invalid when the file as a whole cannot be read."""
    try:
        rows = tables.read(content)
    except tables.TableError as error:
        raise Invalid("file", str(error)) from error
    columns = _columns(rows[0])
    reading = Reading([], [])
    for number, row in enumerate(rows[1:], 2):
        if any(row):
            entry = replace(_entry(row, columns), crs=crs)
            try:
                reading.good.append(records.check(entry, station, areas))
            except InvalidForm as error:
                reading.wrong.append(Wrong(number, entry.name, tuple(error.errors)))
    return reading


def write(landmarks: list[Landmark], areas: list[communities.Community]) -> bytes:
    """The gazetteer as CSV in UTF-8 with a mark that spreadsheets need; degrees of WGS-84."""
    names = {one.id: one.name for one in areas}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS[field.name][0] for field in fields(Entry) if field.name != "crs")
    for one in landmarks:
        writer.writerow(
            [
                one.kind,
                _harmless(one.name),
                one.lat,
                one.lon,
                _harmless(one.also),
                int(one.safe),
                _harmless(one.hours),
                one.phone.replace("+86", "", 1) if one.phone.startswith("+861") else one.phone,
                names.get(one.community_id or 0, ""),
            ]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(text: str) -> str:
    """What begins like a formula would be run by a spreadsheet."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _columns(headings: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        plain = heading.strip().casefold()
        name = next((field for field, words in COLUMNS.items() if plain in words), None)
        if name and name not in found:
            found[name] = place
    if not all(name in found for name in NEEDED):
        raise Invalid(
            "file", "The first row must name the columns: at least name (名称), lat (纬度) and lon (经度)."
        )
    return found


def _entry(row: list[str], columns: dict[str, int]) -> Entry:
    said = {name: row[place] if place < len(row) else "" for name, place in columns.items()}
    safe = said.pop("safe", "").casefold() in YES
    kind = _kind(said.pop("kind", ""))
    return Entry(kind=kind, safe=safe, **said)


def _kind(text: str) -> str:
    plain = text.strip().casefold()
    if plain in LANDMARKS:
        return plain
    return next((kind for kind, words in KIND_WORDS.items() if plain in words), plain)
