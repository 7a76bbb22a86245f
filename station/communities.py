"""Stations with their hotline, and the communities they look after."""

import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from station.db import StationDatabase
from station.errors import NotFound
from station.vocabulary import N_

WHO = ("on_duty", "voice", "backup", "secretaries", "everybody")
MOST_STEPS = 12
LATEST_S = 3600


NO_STEPS = N_("A policy needs at least one step: without one nobody would be rung.")
TOO_MANY_STEPS = N_("A policy has at most 12 steps.")
UNKNOWN_STEP = N_("A step rings on_duty, voice, backup, secretaries or everybody.")
WRONG_TIMES = N_("The first step begins at 0 seconds, and none later than 3600.")
WRONG_ORDER = N_("Each step begins later than the one before it.")
WRONG_WAITS = N_("The times for repeating, setting out and news lie between 1 and 3600 seconds.")
# What makes a stored policy useless for ringing, as opposed to merely odd.
BROKEN = (NO_STEPS, UNKNOWN_STEP, WRONG_TIMES, WRONG_ORDER, WRONG_WAITS)


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

    def checked(self) -> "Policy":
        """The policy itself, if it can ring. Raises ValueError in words for whoever wrote it."""
        wrong = self.problem()
        if wrong:
            raise ValueError(wrong)
        return self

    def problem(self) -> str:
        """Why no incident should ring in this way; an English msgid, empty when nothing is wrong."""
        times = [step.after_s for step in self.steps]
        if not self.steps:
            return NO_STEPS
        if len(self.steps) > MOST_STEPS:
            return TOO_MANY_STEPS
        if any(step.who not in WHO for step in self.steps):
            return UNKNOWN_STEP
        if not all(_is_time(at) for at in times) or times[0] != 0:
            return WRONG_TIMES
        if any(later <= sooner for sooner, later in zip(times, times[1:], strict=False)):
            return WRONG_ORDER
        if not all(
            _is_time(at) and at > 0 for at in (self.repeat_s, self.going_within_s, self.news_within_s)
        ):
            return WRONG_WAITS
        return ""

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
        return replace(self, **{**raw, **steps}).checked()

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    @lru_cache(maxsize=64)
    def load(text: str) -> "Policy":
        """What was stored. One that could not ring falls back to the usual steps: an alert goes out in any case."""
        raw = json.loads(text)
        steps = tuple(Step(**step) for step in raw.pop("steps", [])) or Policy().steps
        loaded = replace(Policy(), **raw, steps=steps)
        return replace(loaded, steps=Policy().steps) if loaded.problem() in BROKEN else loaded


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


def is_broken(db: StationDatabase, number: int) -> bool:
    """Whether the stored policy cannot ring as it stands, so that the usual steps stand in for it."""
    raw = json.loads(db.scalar("SELECT policy FROM station WHERE number = ?", number))
    steps = tuple(Step(**step) for step in raw.pop("steps", []))
    return replace(Policy(), **raw, steps=steps).problem() in BROKEN


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


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= LATEST_S


def _station(row: dict[str, Any]) -> Station:
    return Station(**{**row, "policy": Policy.load(row["policy"])})
