"""How much time an elder has out of doors, from the month, the local temperatures and consented medical flags.

The longer nobody comes, the worse cold and heat do: old people lose warmth faster and notice it later (National
Institute on Aging, "Cold weather safety for older adults"), bare skin freezes within half an hour at a wind chill
of -28 degrees and colder (Environment Canada, wind chill hazards). The limits below are a judgement on the safe side.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from station import cards, communities
from station.communities import Policy
from station.db import StationDatabase
from station.errors import Invalid
from station.vault import Unsealable, Vault

# Warmer than this, in degrees Celsius, gives an elder outside so many minutes.
COLD = ((15.0, 480), (5.0, 240), (-5.0, 120), (-15.0, 60))
COLDEST_MINUTES = 30
HEAT = ((33.0, 60), (28.0, 240))  # at least as warm as this
BY_DAY = range(8, 20)  # hours by the sun with the month's warmest; at the others its coldest counts
# So few minutes make the ladder climb so many times faster; the first row that fits holds.
FASTER = ((30, 3.0), (60, 2.0), (120, 1.5))
SHORTEST_REPEAT_S = 30.0


@dataclass(frozen=True)
class Month:
    """The usual coldest and warmest temperature of a day, in degrees Celsius."""

    coldest: float
    warmest: float


# Jilin city, rounded means of daily minima and maxima; a station sets its own from the local weather office.
JILIN = (
    Month(-23, -9), Month(-18, -4), Month(-8, 5), Month(1, 15), Month(8, 22), Month(15, 26),
    Month(19, 28), Month(18, 27), Month(9, 22), Month(1, 14), Month(-8, 3), Month(-19, -7),
)  # fmt: skip


@dataclass(frozen=True)
class Urgency:
    """What makes an incident urgent; kept in its story as one line of codes and numbers, without any illness."""

    factor: float  # how many times faster the ladder climbs
    minutes: int  # within which the elder should be under a roof
    degrees: int
    notes: bool  # a consented medical flag counts

    def dump(self) -> str:
        return f"{self.factor:g} {self.minutes} {self.degrees}{' notes' if self.notes else ''}"

    @staticmethod
    def load(text: str) -> "Urgency":
        factor, minutes, degrees, *notes = text.split()
        return Urgency(float(factor), int(minutes), int(degrees), bool(notes))


def minutes_outside(degrees: float, *, notes: bool) -> int:
    """Within how many minutes an elder should be under a roof; half of them with a life-critical note."""
    by_cold = next((minutes for limit, minutes in COLD if degrees > limit), COLDEST_MINUTES)
    by_heat = next((minutes for limit, minutes in HEAT if degrees >= limit), COLD[0][1])
    return min(by_cold, by_heat) // (2 if notes else 1)


def judge(months: tuple[Month, ...], by_sun: datetime, *, notes: bool) -> Urgency:
    """The urgency at a moment by the sun."""
    month = months[by_sun.month - 1]
    degrees = month.warmest if by_sun.hour in BY_DAY else month.coldest
    minutes = minutes_outside(degrees, notes=notes)
    factor = next((times for limit, times in FASTER if minutes <= limit), 1.0)
    return Urgency(factor, minutes, round(degrees), notes)


def hastened(policy: Policy, factor: float) -> Policy:
    """The policy with a ladder that climbs `factor` times faster. The leases stay: the way is as long as before."""
    return replace(
        policy,
        steps=tuple(replace(step, after_s=step.after_s / factor) for step in policy.steps),
        repeat_s=max(policy.repeat_s / factor, min(policy.repeat_s, SHORTEST_REPEAT_S)),
    )


def of_new(
    db: StationDatabase, vault: Vault, station: int, elder_id: int | None, now: datetime
) -> Urgency | None:
    """The urgency of an incident that opens now; None when the station has no table or nothing hurries."""
    months = climate(db, station)
    if not months:
        return None
    found = judge(months, by_sun(db, station, now), notes=_has_flags(db, vault, elder_id))
    return found if found.factor > 1 else None


def by_sun(db: StationDatabase, station: int, now: datetime) -> datetime:
    """The time by the sun, which warms a place whatever its clocks say: four minutes for each degree of longitude."""
    longitude = db.scalar("SELECT lon FROM station WHERE number = ?", station) or 0.0
    return now.astimezone(UTC) + timedelta(minutes=4 * longitude)


def climate(db: StationDatabase, station: int) -> tuple[Month, ...]:
    """Twelve months from January, or none when the station has not set them."""
    rows = db.rows("SELECT coldest, warmest FROM climate WHERE station = ? ORDER BY month", station)
    return tuple(Month(**row) for row in rows) if len(rows) == 12 else ()


def set_climate(db: StationDatabase, station: int, months: tuple[Month, ...]) -> None:
    """Put a table of twelve months in place; inside the caller's transaction. Raises Invalid."""
    communities.station(db, station)
    fit = all(-60 <= one.coldest <= one.warmest <= 60 and one.coldest <= 50 for one in months)
    if len(months) != 12 or not fit:
        raise Invalid(
            "climate", "Give the coldest and the warmest temperature of all twelve months, from -60 to 50."
        )
    db.write("DELETE FROM climate WHERE station = ?", station)
    for number, month in enumerate(months, 1):
        db.insert("climate", station=station, month=number, coldest=month.coldest, warmest=month.warmest)


def _has_flags(db: StationDatabase, vault: Vault, elder_id: int | None) -> bool:
    if elder_id is None:
        return False
    try:
        return bool(cards.of_elder(db, vault, elder_id).flags)
    except Unsealable:  # erased; the incident must open all the same
        return False
