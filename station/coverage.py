"""Who is reached: how many of a community's elders are registered and wear a badge, who refuses and why, how long it takes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from station import ages, audit, clock, communities, roll, vocabulary
from station.db import StationDatabase, transaction
from station.errors import Invalid, NotFound
from station.vault import Vault

PROMISED_H = 48.0
LOOKED_BACK = timedelta(days=365)
LONGEST_ENTRY_S = 14_400  # a form that stood open longer was left open, and says nothing about the form
MOST_PEOPLE = 10_000_000


@dataclass(frozen=True)
class Times:
    """Medians of what really happened within a year; None when nothing has."""

    entries: int
    entry_s: float | None  # from opening the desk's form to saving it
    applied: int
    made_h: float | None  # from the application to the finished badge
    worn_h: float | None  # from the application into the elder's hands
    within_promise: int  # of `applied`, in the elder's hands within two days


@dataclass(frozen=True)
class Area:
    """One community, or a whole station."""

    name: str
    community_id: int | None
    population: int | None  # people over 60 who live there; None until somebody has entered it
    registered: int = 0  # living there, over 60
    younger: int = 0
    age_unknown: int = 0
    wearing: int = 0  # of all who live there and are registered
    badge_waits: int = 0
    refused: dict[str, int] = field(default_factory=dict)  # reason -> people who still refuse
    times: Times = field(default_factory=lambda: Times(0, None, 0, None, None, 0))

    @property
    def share(self) -> float | None:
        """Registered people of a hundred."""
        return 100 * self.registered / self.population if self.population else None

    @property
    def people(self) -> int:
        return self.registered + self.younger + self.age_unknown


@dataclass(frozen=True)
class Refusal:
    id: int
    community_id: int
    elder_id: int | None  # None: somebody who is not in the register either
    reason: str
    at: datetime


def areas(db: StationDatabase, vault: Vault, station: int, now: datetime, today: date) -> list[Area]:
    """Each community of the station, and last the station as a whole. `today` is the station's date."""
    here = [c for c in communities.communities(db) if c.station == station]
    counted = _counted(db, vault, station, today)
    since = now - LOOKED_BACK
    found = [
        Area(
            one.name,
            one.id,
            _population(db, one.id),
            **counted.get(one.id, {}),
            refused=_refused(db, [one.id]),
            times=_times(db, [one.id], since),
        )
        for one in here
    ]
    ids = [one.id for one in here]
    whole = _sum(communities.station(db, station).name, found)
    return [*found, Area(**{**whole, "refused": _refused(db, ids), "times": _times(db, ids, since)})]


def set_population(
    db: StationDatabase, vault: Vault, community_id: int, over_60: str, *, by: int, now: datetime
) -> None:
    """How many people over 60 live in a community, as the census or the street office says. Older numbers stay."""
    digits = over_60.strip()
    if not digits.isdecimal() or not 0 < int(digits) <= MOST_PEOPLE:
        raise Invalid("over_60", "Write how many people over 60 live there, as a number.")
    about = f"community/{community_id}"
    with transaction(db):
        db.insert(
            "population", community_id=community_id, over_60=int(digits), staff_id=by, at=clock.text(now)
        )
        audit.record(db, vault.ring, staff_id=by, action="population.set", about=about, now=now)


def refuse(
    db: StationDatabase,
    vault: Vault,
    reason: str,
    *,
    community_id: int,
    elder_id: int | None,
    form_id: str,
    by: int,
    now: datetime,
) -> None:
    """Note that somebody wants no badge, and why. Who is not in the register stays without a name.

    The same form again, or an elder who refuses already, changes nothing.
    """
    if reason not in vocabulary.REFUSALS:
        raise Invalid("reason", "Choose the reason.")
    with transaction(db):
        fresh = db.write(
            "INSERT OR IGNORE INTO refusal (community_id, elder_id, form_id, reason, staff_id, at) VALUES (?, ?, ?, ?, ?, ?)",
            community_id,
            elder_id,
            form_id,
            reason,
            by,
            clock.text(now),
        )
        if fresh:
            about = f"elder/{elder_id}" if elder_id else f"community/{community_id}"
            audit.record(
                db, vault.ring, staff_id=by, action="refusal.add", about=about, detail=reason, now=now
            )


def change_mind(db: StationDatabase, vault: Vault, refusal_id: int, *, by: int, now: datetime) -> None:
    """Somebody no longer refuses. Twice is once."""
    with transaction(db):
        changed = db.write(
            "UPDATE refusal SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL",
            clock.text(now),
            refusal_id,
        )
        if changed:
            about = f"refusal/{refusal_id}"
            audit.record(db, vault.ring, staff_id=by, action="refusal.end", about=about, now=now)


def refusal(db: StationDatabase, refusal_id: int) -> Refusal:
    """Raises NotFound."""
    row = db.row("SELECT * FROM refusal WHERE id = ?", refusal_id)
    if row is None:
        raise NotFound("There is no such note.")
    return _refusal(row)


def refusals(db: StationDatabase, station: int) -> list[Refusal]:
    """All that stand, newest first."""
    rows = db.rows(
        "SELECT refusal.* FROM refusal JOIN community ON community.id = refusal.community_id "
        "WHERE community.station = ? AND withdrawn_at IS NULL ORDER BY refusal.id DESC",
        station,
    )
    return [_refusal(row) for row in rows]


def refusal_of(db: StationDatabase, elder_id: int) -> Refusal | None:
    row = db.row("SELECT * FROM refusal WHERE elder_id = ? AND withdrawn_at IS NULL", elder_id)
    return _refusal(row) if row else None


def note_entry(db: StationDatabase, *, station: int, community_id: int, seconds: float, day: date) -> None:
    """Keep how long the entry of an elder took: no elder, nobody who typed, no hour."""
    if 0 <= seconds <= LONGEST_ENTRY_S:
        with transaction(db):
            db.insert(
                "entry_time",
                station=station,
                community_id=community_id,
                seconds=round(seconds),
                day=day.isoformat(),
            )


def _counted(db: StationDatabase, vault: Vault, station: int, today: date) -> dict[int, dict[str, int]]:
    """The counts of each community that has somebody registered. Only records of people who may not be 60 are opened."""
    found: dict[int, dict[str, int]] = {}
    for row in db.rows(_LIVING, station):
        counts = found.setdefault(
            row["community_id"], dict.fromkeys(("wearing", "badge_waits", *_GROUPS.values()), 0)
        )
        for part in ("wearing", "badge_waits"):
            counts[part] += row[part]
        if row["age_group"] in _LASTING:
            counts[_GROUPS[row["age_group"]]] += row["people"]
    for community_id, born in _looked_at(db, vault, station):
        found[community_id][_GROUPS[ages.group(born, today)]] += 1
    return found


_GROUPS = {"over": "registered", "under": "younger", "unknown": "age_unknown"}
_LASTING = ("over", "unknown")  # until the record is corrected
# Who was last found without the badge wears none, whatever the records say.
_LIVING = (
    "SELECT community_id, age_group, count(*) AS people, sum(wears) AS wearing, sum(waits AND NOT wears) AS badge_waits "
    "FROM (SELECT community_id, age_group, "
    "EXISTS (SELECT 1 FROM badge WHERE elder_id = elder.id AND state = 'worn' AND coalesce((SELECT result "
    "FROM badge_check WHERE badge_id = badge.id ORDER BY id DESC LIMIT 1), '') NOT IN ('refused', 'missing')) AS wears, "
    "EXISTS (SELECT 1 FROM badge WHERE elder_id = elder.id AND state IN ('ordered', 'made', 'printed')) "
    "AND NOT EXISTS (SELECT 1 FROM refusal WHERE elder_id = elder.id AND withdrawn_at IS NULL) AS waits "
    "FROM elder WHERE station = ? AND status = 'living') GROUP BY community_id, age_group"
)
_MAY_BE_OVER = (
    "SELECT uid, community_id, record FROM elder WHERE station = ? AND status = 'living' "
    "AND coalesce(age_group, 'under') = 'under'"
)


def _looked_at(db: StationDatabase, vault: Vault, station: int) -> Iterator[tuple[int, str]]:
    """Community and birth date of everybody who was under 60 when the record was written."""
    keys = roll.Keys(vault)
    for row in db.rows(_MAY_BE_OVER, station):
        key = keys.of(row["uid"])
        if key is not None:  # erased: an empty row
            record = vault.open_with(key, f"elder|{row['uid']}|record", row["record"])
            yield row["community_id"], record["birth_date"]


def _population(db: StationDatabase, community_id: int) -> int | None:
    found = db.scalar(
        "SELECT over_60 FROM population WHERE community_id = ? ORDER BY id DESC LIMIT 1", community_id
    )
    return None if found is None else int(found)


def _refused(db: StationDatabase, community_ids: list[int]) -> dict[str, int]:
    """Standing refusals by reason; who wears a badge by now has changed their mind."""
    counts: dict[str, int] = {}
    for community_id in community_ids:
        for row in db.rows(
            "SELECT reason, count(*) AS people FROM refusal WHERE community_id = ? AND withdrawn_at IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM badge WHERE elder_id = refusal.elder_id AND state = 'worn') GROUP BY reason",
            community_id,
        ):
            counts[row["reason"]] = counts.get(row["reason"], 0) + row["people"]
    return {reason: counts[reason] for reason in vocabulary.REFUSALS if reason in counts}


def _times(db: StationDatabase, community_ids: list[int], since: datetime) -> Times:
    entries, rows = [], []
    for community_id in community_ids:
        entries += db.rows(
            "SELECT seconds FROM entry_time WHERE community_id = ? AND day >= ?",
            community_id,
            since.date().isoformat(),
        )
        rows += db.rows(
            "SELECT application.created_at, min(badge.made_at) AS made_at, min(badge.activated_at) AS worn_at "
            "FROM application JOIN elder ON elder.id = application.elder_id "
            "LEFT JOIN badge ON badge.elder_id = elder.id AND badge.ordered_at >= application.created_at "
            "WHERE elder.community_id = ? AND application.created_at >= ? GROUP BY application.id",
            community_id,
            clock.text(since),
        )
    worn = _hours(rows, "worn_at")
    return Times(
        entries=len(entries),
        entry_s=_median([row["seconds"] for row in entries]),
        applied=len(rows),
        made_h=_median(_hours(rows, "made_at")),
        worn_h=_median(worn),
        within_promise=sum(hours <= PROMISED_H for hours in worn),
    )


def _hours(rows: list[dict[str, Any]], until: str) -> list[float]:
    """From application to what came of it, of those of which it came."""
    return [
        (clock.parse(row[until]) - clock.parse(row["created_at"])) / timedelta(hours=1)
        for row in rows
        if row[until]
    ]


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def _sum(name: str, found: list[Area]) -> dict[str, Any]:
    """The station as the sum of its communities; its population is known when each of theirs is."""
    known = [one.population for one in found if one.population is not None]
    parts = ("registered", "younger", "age_unknown", "wearing", "badge_waits")
    sums = {part: sum(getattr(one, part) for one in found) for part in parts}
    population = sum(known) if found and len(known) == len(found) else None
    return {"name": name, "community_id": None, "population": population, **sums}


def _refusal(row: dict[str, Any]) -> Refusal:
    return Refusal(row["id"], row["community_id"], row["elder_id"], row["reason"], clock.parse(row["at"]))
