"""Stations with their hotline, and the communities they look after."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from station.db import StationDatabase
from station.errors import NotFound


@dataclass(frozen=True)
class Step:
    """One rung of the ringing ladder: who is rung this many seconds after ringing began."""

    after_s: float
    who: str  # on_duty, voice, backup, secretaries, everybody


@dataclass(frozen=True)
class Policy:
    """How an incident rings, frozen into it when it opens; and how often a worn badge is looked at."""

    steps: tuple[Step, ...] = (
        Step(0, "on_duty"),
        Step(45, "voice"),
        Step(90, "backup"),
        Step(150, "secretaries"),
        Step(300, "everybody"),
    )
    repeat_s: float = 120
    going_within_s: float = 300
    news_within_s: float = 900
    grace_s: float = 120
    minute_s: float = 60  # how long a minute of the promised arrival counts
    check_days: float = 180  # acrylic scratches and cloth fades within a year of wear

    def __post_init__(self) -> None:
        if not 1 <= self.check_days <= 3650:
            raise ValueError("check_days must be a number from 1 to 3650")

    def scaled(self, factor: float) -> "Policy":
        """The same policy, `factor` times faster (a demonstration must not take five minutes)."""
        return replace(
            self,
            steps=tuple(Step(step.after_s / factor, step.who) for step in self.steps),
            repeat_s=self.repeat_s / factor,
            going_within_s=self.going_within_s / factor,
            news_within_s=self.news_within_s / factor,
            grace_s=self.grace_s / factor,
            minute_s=self.minute_s / factor,
        )

    def changed(self, raw: dict[str, Any]) -> "Policy":
        """The same policy with what is given in raw. Raises TypeError for an unknown entry, ValueError for a wrong one."""
        steps = {"steps": tuple(Step(**step) for step in raw["steps"])} if "steps" in raw else {}
        return replace(self, **{**raw, **steps})

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def load(text: str) -> "Policy":
        return Policy().changed(json.loads(text))


@dataclass(frozen=True)
class Station:
    number: int  # 1 to 65535, the one inside badge tokens
    name: str
    hotline: str  # E.164, such as +8643262012345
    area_code: str  # such as 0432
    address_prefix: str  # put before a living place that lacks it
    lat: float
    lon: float
    artwork: str
    theme: str
    policy: Policy


@dataclass(frozen=True)
class Community:
    id: int
    station: int
    name: str
    lat: float  # WGS-84
    lon: float
    radius_m: float


def add_station(db: StationDatabase, station: Station) -> None:
    """Write a new station; inside the caller's transaction."""
    db.insert("station", **{**asdict(station), "policy": station.policy.dump()})


def set_policy(db: StationDatabase, number: int, policy: Policy) -> None:
    """For incidents that open from now on; inside the caller's transaction."""
    db.write("UPDATE station SET policy = ? WHERE number = ?", policy.dump(), number)


def add_community(
    db: StationDatabase, *, station: int, name: str, lat: float, lon: float, radius_m: float
) -> int:
    return db.insert("community", station=station, name=name, lat=lat, lon=lon, radius_m=radius_m)


def station(db: StationDatabase, number: int) -> Station:
    """Raises NotFound for a number that this instance does not serve."""
    row = db.row("SELECT * FROM station WHERE number = ?", number)
    if row is None:
        raise NotFound("This station is not known here.")
    return _station(row)


def stations(db: StationDatabase) -> list[Station]:
    return [_station(row) for row in db.rows("SELECT * FROM station ORDER BY number")]


def communities(db: StationDatabase) -> list[Community]:
    return [Community(**row) for row in db.rows("SELECT * FROM community ORDER BY id")]


def community(db: StationDatabase, community_id: int) -> Community:
    row = db.row("SELECT * FROM community WHERE id = ?", community_id)
    if row is None:
        raise NotFound("This community is not known here.")
    return Community(**row)


def _station(row: dict[str, Any]) -> Station:
    return Station(**{**row, "policy": Policy.load(row["policy"])})
