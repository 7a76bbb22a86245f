"""Whom the rungs that are due ring: never nobody while anybody at the station can be reached."""

from datetime import datetime
from typing import Any

from station.alerts import ladder, people
from station.alerts.ladder import Rung
from station.alerts.people import Person
from station.communities import Policy
from station.db import StationDatabase

LAST_RESORT = ("everybody", "operators")
OF_CHANNELS = ("refused", "nowhere")  # what of `unmanned` is the fault of channels


def due(
    db: StationDatabase, incident: dict[str, Any], elapsed_s: float, timezone: str, now: datetime
) -> list[tuple[Rung, Person]]:
    """The rungs that are due, with their people. After an outage somebody is rung once, by the newest rung.

    Who holds a part of the incident already is not rung for the other.
    """
    policy = Policy.load(incident["policy"])
    rung_already = set(people.holding(incident))
    refused = refusals(db, incident)
    found: list[tuple[Rung, Person]] = []
    for rung in reversed(ladder.due(policy, elapsed_s)):
        in_vain = {staff_id for number, staff_id in refused if number == rung.number}
        whom = _answering(db, incident, policy, rung, timezone, now, in_vain)
        found += [(rung, person) for person in whom if person not in rung_already]
        rung_already |= set(whom)
    return found


def unmanned(db: StationDatabase, incident: dict[str, Any], timezone: str, now: datetime) -> list[str]:
    """What keeps those on duty from being rung: nobody is on the roster, nobody of it has a channel ("unreachable"),

    or every channel of theirs has refused for good; and "nowhere" when that is so of everybody at the station.
    """
    on_duty = people.on_duty(db, incident["station"], now, timezone)
    refused = {staff_id for _, staff_id in refusals(db, incident)}
    found = []
    if not any(people.address_ids(db, person) for person in on_duty):
        found.append("unreachable" if on_duty else "nobody")
    elif refused and _all_of(db, on_duty, refused):
        found.append("refused")
    if refused and _all_of(db, _anybody(db, incident["station"]), refused):
        found.append("nowhere")
    return found


def who_can_mend(db: StationDatabase, station: int, why: str) -> list[Person]:
    """Of a hole in the roster the secretaries hear; channels that refuse are the operators' to mend."""
    found = people.who_can_mend(db, station)
    return list(dict.fromkeys(found + people.operators(db, station))) if why in OF_CHANNELS else found


def _anybody(db: StationDatabase, station: int) -> list[Person]:
    return people.everybody(db, station) + people.operators(db, station)


def refusals(db: StationDatabase, incident: dict[str, Any]) -> set[tuple[int, int]]:
    """Rung and staff member of each ring of this round that every channel of that person has refused for good."""
    rows = db.rows(
        "SELECT DISTINCT step, staff_id FROM alert AS ring INDEXED BY alert_refused WHERE incident_id = ? "
        "AND ring_round = ? AND kind = 'ladder' AND state = 'failed' "
        "AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.uid = ring.uid AND alert.state <> 'failed')",
        incident["id"],
        incident["ring_round"],
    )
    return {(row["step"], row["staff_id"]) for row in rows}


def _all_of(db: StationDatabase, wanted: list[Person], refused: set[int]) -> bool:
    """Whether all who have a channel are among those whose channels refused."""
    return all(person.id in refused for person in wanted if people.address_ids(db, person))


def preview(
    db: StationDatabase, station: int, policy: Policy, timezone: str, now: datetime
) -> list[tuple[list[Person], bool]]:
    """Whom each step of a policy would ring at a moment, and whether those stand in for a step without anybody.

    For an incident of which nobody knows the community.
    """
    incident = dict.fromkeys(("elder_id", "community_id", "on_site_by", "liaison_by")) | {"station": station}
    found = []
    for n, step in enumerate(policy.steps):
        whom = _answering(db, incident, policy, Rung(n, step.who, 0), timezone, now, set())
        found.append((whom, whom != people.on_rung(db, incident, step.who, now, timezone)))
    return found


def _answering(
    db: StationDatabase,
    incident: dict[str, Any],
    policy: Policy,
    rung: Rung,
    timezone: str,
    now: datetime,
    in_vain: set[int],
) -> list[Person]:
    """The people of a rung; when none of them can be reached, at once those of the next that has somebody.

    `in_vain` are those whose channels have all refused this very rung for good; the next rung asks them anew.
    """
    holding = set(people.holding(incident))
    first = min(rung.number, len(policy.steps) - 1)
    found: list[Person] = []
    for who in dict.fromkeys([*(step.who for step in policy.steps[first:]), *LAST_RESORT]):
        whom = [one for one in people.on_rung(db, incident, who, now, timezone) if one not in holding]
        if any(people.address_ids(db, person) for person in whom):
            found += [person for person in whom if person not in found]
            if not _all_of(db, whom, in_vain):
                break
    return found
