"""Whom the rungs that are due ring: never nobody while anybody at the station can be reached."""

from datetime import datetime
from typing import Any

from station.alerts import ladder, people
from station.alerts.ladder import Rung
from station.alerts.people import Person
from station.communities import Policy
from station.db import StationDatabase

LAST_RESORT = ("everybody", "operators")


def due(
    db: StationDatabase, incident: dict[str, Any], elapsed_s: float, timezone: str, now: datetime
) -> list[tuple[Rung, Person]]:
    """The rungs that are due, with their people. After an outage somebody is rung once, by the newest rung.

    Who holds a part of the incident already is not rung for the other.
    """
    policy = Policy.load(incident["policy"])
    rung_already = set(people.holding(incident))
    found: list[tuple[Rung, Person]] = []
    for rung in reversed(ladder.due(policy, elapsed_s)):
        whom = _answering(db, incident, policy, rung, timezone, now)
        found += [(rung, person) for person in whom if person not in rung_already]
        rung_already |= set(whom)
    return found


def unmanned(db: StationDatabase, incident: dict[str, Any], timezone: str, now: datetime) -> str:
    """Why those on duty cannot be rung: nobody is on the roster, or nobody of it has a channel. Empty when they can."""
    on_duty = people.on_duty(db, incident["station"], now, timezone)
    if any(people.address_ids(db, person) for person in on_duty):
        return ""
    return "unreachable" if on_duty else "nobody"


def preview(
    db: StationDatabase, station: int, policy: Policy, timezone: str, now: datetime
) -> list[tuple[list[Person], bool]]:
    """Whom each step of a policy would ring at a moment, and whether those stand in for a step without anybody.

    For an incident of which nobody knows the community.
    """
    incident = dict.fromkeys(("elder_id", "community_id", "on_site_by", "liaison_by")) | {"station": station}
    found = []
    for n, step in enumerate(policy.steps):
        whom = _answering(db, incident, policy, Rung(n, step.who, 0), timezone, now)
        found.append((whom, whom != people.on_rung(db, incident, step.who, now, timezone)))
    return found


def _answering(
    db: StationDatabase, incident: dict[str, Any], policy: Policy, rung: Rung, timezone: str, now: datetime
) -> list[Person]:
    """The people of a rung; when none of them can be reached, at once those of the next that has somebody."""
    holding = set(people.holding(incident))
    first = min(rung.number, len(policy.steps) - 1)
    for who in dict.fromkeys([*(step.who for step in policy.steps[first:]), *LAST_RESORT]):
        whom = [one for one in people.on_rung(db, incident, who, now, timezone) if one not in holding]
        if any(people.address_ids(db, person) for person in whom):
            return whom
    return []
