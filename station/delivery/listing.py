"""The round: printed badges in the order of a walk, by community, grid, building and door."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from station import communities, names
from station.communities import Community
from station.db import StationDatabase
from station.delivery import dwellings, grids
from station.delivery.dwellings import Dwelling
from station.delivery.grids import Grid
from station.issuing import board
from station.issuing.board import Line
from station.issuing.trips import Trip
from station.vault import Vault

# Whoever refuses, has moved or has died is nobody to call on.
_TO_HAND_OVER = (
    "SELECT badge.id AS badge_id, elder.uid, elder.community_id, elder.name, elder.record FROM badge "
    "JOIN elder ON elder.id = badge.elder_id WHERE badge.station = ? AND badge.state = 'printed' "
    "AND elder.status = 'living' "
    "AND NOT EXISTS (SELECT 1 FROM refusal WHERE elder_id = elder.id AND withdrawn_at IS NULL)"
)


@dataclass(frozen=True)
class Stop:
    """One door at which a badge is handed over."""

    line: Line
    name: str
    community: Community
    grid: Grid | None
    dwelling: Dwelling

    @property
    def masked(self) -> str:
        """What stands on paper that somebody may lose: the badge's number says the rest."""
        return names.masked(self.name)

    @property
    def trip(self) -> Trip:
        return self.line.trip

    @property
    def area(self) -> str:
        """The code of the part of the round that this door is in."""
        return f"g{self.grid.id}" if self.grid else f"c{self.community.id}"


@dataclass(frozen=True)
class House:
    name: str
    stops: list[Stop]


@dataclass(frozen=True)
class Area:
    """A grid, or what of a community is in none."""

    code: str
    community: str
    grid: str  # empty: the rest of the community
    houses: list[House]

    @property
    def count(self) -> int:
        return sum(len(house.stops) for house in self.houses)


@dataclass(frozen=True)
class Choice:
    """Which doors somebody wants to see."""

    area: str = ""  # the code of one area, or empty
    carrier: int | None = None  # only what this worker carries
    later: bool = False  # also those whose next try is on a later day

    def takes(self, stop: Stop, today: date) -> bool:
        return (
            self.area in ("", stop.area)
            and self.carrier in (None, stop.trip.carrier)
            and (self.later or stop.trip.is_due(today))
        )


def stops(db: StationDatabase, vault: Vault, station: int, now: datetime) -> list[Stop]:
    """Every door of the station's round, in the order of the walk. The caller writes the audit row of the look."""
    here = {one.id: one for one in communities.communities(db) if one.station == station}
    drawn = grids.of_communities(db, list(here))
    prefix = communities.station(db, station).address_prefix
    lines = {line.badge.id: line for line in board.lines(db, station, now)}
    found = []
    for row in db.rows(_TO_HAND_OVER, station):
        community = here[row["community_id"]]
        dwelling = dwellings.parse(_opened(vault, row, "record")["address"], prefix, community.name)
        grid = grids.of_dwelling(drawn, community.id, dwelling)
        line, name = lines[row["badge_id"]], _opened(vault, row, "name")["name"]
        found.append(Stop(line, name, community, grid, dwelling))
    return sorted(found, key=_walk)


def areas(found: Iterable[Stop]) -> list[Area]:
    """The doors under their grid and building; expects the order of the walk."""
    return [_area(code, list(inside)) for code, inside in groupby(found, lambda stop: stop.area)]


def _area(code: str, inside: list[Stop]) -> Area:
    by_house = [list(doors) for _, doors in groupby(inside, lambda stop: stop.dwelling.same_house)]
    houses = [House(doors[0].dwelling.house, doors) for doors in by_house]
    first = inside[0]
    return Area(code, first.community.name, first.grid.name if first.grid else "", houses)


def _walk(stop: Stop) -> tuple[object, ...]:
    position = stop.grid.position if stop.grid else grids.MOST + 1
    return (stop.community.id, position, *stop.dwelling.order, stop.line.badge.id)


def _opened(vault: Vault, row: dict[str, Any], column: str) -> Any:
    return vault.open(f"elder/{row['uid']}", f"elder|{row['uid']}|{column}", row[column])
