"""Grids: which buildings a grid worker looks after, written as people write it, so that a round follows them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from station import audit
from station.db import StationDatabase, transaction
from station.delivery.dwellings import Dwelling
from station.errors import Invalid
from station.vault import Vault

MOST = 60  # grids of a community
LONGEST_NAME = 20
LONGEST_LINE = 400
_SPLIT = re.compile(r"[,;、;\s]+")
_PART = re.compile(
    r"(\D*?)(?:(\d{1,5})(?:(?:号楼|[栋幢座楼号#])?(?:-|~|至|到)(\d{1,5}))?(?:号楼|[栋幢座楼号#])?)?"
)


@dataclass(frozen=True)
class Span:
    """Buildings of a compound by number, both ends included; without numbers, all of it."""

    compound: str
    first: int | None = None
    last: int | None = None

    def holds(self, dwelling: Dwelling) -> bool:
        if self.compound != dwelling.compound:
            return False
        if self.first is None or self.last is None:
            return True
        return dwelling.number is not None and self.first <= dwelling.number <= self.last


@dataclass(frozen=True)
class Grid:
    id: int
    community_id: int
    position: int
    name: str
    buildings: str  # as written
    spans: tuple[Span, ...]

    def holds(self, dwelling: Dwelling) -> bool:
        return any(span.holds(dwelling) for span in self.spans)


def of_communities(db: StationDatabase, community_ids: list[int]) -> list[Grid]:
    """In the order in which they were written."""
    rows = [
        row
        for community_id in community_ids
        for row in db.rows("SELECT * FROM grid WHERE community_id = ? ORDER BY position", community_id)
    ]
    return [Grid(**row, spans=_spans(row["buildings"])) for row in rows]


def of_dwelling(grids: list[Grid], community_id: int, dwelling: Dwelling) -> Grid | None:
    """The first grid that holds the building. Numbered spans are nearer than a whole compound."""
    held = [one for one in grids if one.community_id == community_id and one.holds(dwelling)]
    named = [one for one in held if any(span.first and span.holds(dwelling) for span in one.spans)]
    return next(iter(named or held), None)


def write(db: StationDatabase, vault: Vault, community_id: int, text: str, *, by: int, now: datetime) -> None:
    """Replace a community's grids by what was written, a line for each: `name: buildings`.

    Raises Invalid for field `grids<community>`, naming the first line that cannot be read.
    """
    field, lines = f"grids{community_id}", [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST:
        raise Invalid(field, "A community has at most %(most)s grids.", most=MOST)
    read = [_line(line, number, field) for number, line in enumerate(lines, 1)]
    if len({name for name, _ in read}) < len(read):
        raise Invalid(field, "Two grids have the same name.")
    with transaction(db):
        db.write("DELETE FROM grid WHERE community_id = ?", community_id)
        for position, (name, buildings) in enumerate(read, 1):
            db.insert("grid", community_id=community_id, position=position, name=name, buildings=buildings)
        about = f"community/{community_id}"
        audit.record(db, vault.ring, staff_id=by, action="grids.set", about=about, now=now)


def text_of(grids: list[Grid], community_id: int) -> str:
    """The lines as they can be written again."""
    return "\n".join(f"{one.name}：{one.buildings}" for one in grids if one.community_id == community_id)


def _line(line: str, number: int, field: str) -> tuple[str, str]:
    name, *rest = (part.strip() for part in re.split("[：:]", line, maxsplit=1))
    buildings = "".join(rest)
    if not name or len(name) > LONGEST_NAME or len(line) > LONGEST_LINE or not _spans(buildings):
        raise Invalid(
            field,
            "Line %(number)s cannot be read. Write a name, a colon and the buildings, like: Grid 1: Dijing 101-105, 107",
            number=number,
        )
    return name, buildings


def _spans(text: str) -> tuple[Span, ...]:
    """What a line names; a number alone belongs to the compound before it. Empty when a part cannot be read."""
    spans: list[Span] = []
    for part in _SPLIT.split(unicodedata.normalize("NFKC", text).replace("–", "-").replace("—", "-")):
        if not part:
            continue
        found = _PART.fullmatch(part)
        compound = found[1] if found and found[1] else (spans[-1].compound if spans else "")
        if not found or not any(character.isalnum() for character in compound):
            return ()
        first, last = (int(found[2]) if found[2] else None), (int(found[3]) if found[3] else None)
        if spans and not found[1] and spans[-1].first is None:
            spans.pop()  # "Dijing 101": a name and its number, not the whole of Dijing
        spans.append(Span(compound, first, last or first))
    return tuple(spans)
