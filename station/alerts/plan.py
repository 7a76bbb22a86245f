"""From what is on the disk to the messages it calls for: safe to repeat, so an alert cannot be forgotten."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from station import clock, duty
from station.alerts import ladder, people, planned, rungs
from station.alerts.people import Person
from station.db import StationDatabase, transaction
from station.incidents import acts, disclosures, events
from station.incidents.states import WORTH_TELLING, rings
from station.issuing import rehearsals
from station.vault import Vault

SOFT_NOTICE_EVERY = timedelta(minutes=10)
TRIAL_LIVES = timedelta(minutes=10)
GAPS_FROM_HOUR = 9


@dataclass(frozen=True)
class Wanted:
    """One message to one person, before it is multiplied by the person's addresses."""

    kind: str
    cause: str  # with kind and person it makes the message unique
    person: Person
    step: int = 0
    event_id: int | None = None


def plan_incident(
    db: StationDatabase, vault: Vault, incident_id: int, *, elapsed_s: float, timezone: str, now: datetime
) -> int:
    """Insert the alerts that an incident calls for and that are not there yet; returns how many are new.

    `elapsed_s` is how long it has been ringing, by a clock that no step of the machine's clock can turn back.
    """
    rows = called_for(db, incident_id, elapsed_s=elapsed_s, timezone=timezone, now=now)
    return planned.insert_of_incidents(db, vault, rows)


def called_for(
    db: StationDatabase, incident_id: int, *, elapsed_s: float, timezone: str, now: datetime
) -> list[dict[str, Any]]:
    """The rows of the alerts that an incident calls for and that are not there yet."""
    incident = db.row("SELECT * FROM incident WHERE id = ?", incident_id)
    if incident is None:
        return []
    _note_unmanned(db, incident, timezone, now)
    story = events.turning_points(db, incident_id)
    wanted = _follow_story(db, incident, story)
    if incident["closed_at"] is None:
        wanted += _notices(db, incident, story, timezone)
        ringing = _ringing(db, incident, elapsed_s, timezone, now)
        wanted += [replace(one, event_id=_newest(story)) for one in ringing]
        wanted += _reminder(incident, now)
    return planned.unknown(db, _of_incident(db, incident, wanted, now))


def plan_opening(
    db: StationDatabase, vault: Vault, event: events.Event, *, timezone: str, now: datetime
) -> int:
    """A page was opened and nothing pressed: one soft notice to duty, at most one a badge in ten minutes."""
    scan = db.row("SELECT * FROM scan WHERE id = ?", event.scan_id)
    if scan is None or _has_open_incident(db, scan):
        return 0
    prefix = f"soft|{scan['station']}|{scan['serial']}|"
    if _softly_told(db, prefix, event.at):
        return 0
    rows = []
    for person in people.on_duty(db, scan["station"], event.at, timezone):
        key = f"{prefix}{clock.text(event.at)}|{person.kind}{person.id}"
        rows += planned.of_person(
            db, "soft_notice", key, person, incident_id=None, scan_id=scan["id"], now=now
        )
    return planned.insert(db, rows)


def _softly_told(db: StationDatabase, prefix: str, at: datetime) -> bool:
    """Whether a soft notice of this badge went out in the ten minutes before. Its moment is part of its key, so that

    the answer is the same whenever the event is looked at again, and a flood of openings need not be searched.
    """
    known = db.scalar(
        "SELECT 1 FROM alert WHERE dedup > ? AND dedup < ? LIMIT 1",
        prefix + clock.text(at - SOFT_NOTICE_EVERY),
        prefix + clock.text(at),
    )
    return known is not None


def may_call(event: events.Event) -> bool:
    """Whether an event can change what an incident calls for; most scans of a flood cannot.

    One that could after all is seen by the next look at all incidents.
    """
    if event.kind == "scan":
        return event.detail in WORTH_TELLING
    return event.kind != "delivered" and (event.kind != "place" or event.detail not in ("better", "moved"))


def plan_rehearsals(db: StationDatabase, *, timezone: str, now: datetime) -> int:
    """A badge is being rehearsed: one message marked as a drill to each of its contacts and to those on duty."""
    rows: list[dict[str, Any]] = []
    for rehearsal in db.rows(
        "SELECT rehearsal.id, started_at, station FROM rehearsal JOIN badge ON badge.id = badge_id "
        "WHERE started_at > ? AND started_at <= ?",
        clock.text(now - rehearsals.LIVES),
        clock.text(now),
    ):
        told = db.rows(
            "SELECT contact_id FROM rehearsal_contact WHERE rehearsal_id = ? ORDER BY contact_id",
            rehearsal["id"],
        )
        started = clock.parse(rehearsal["started_at"])
        whom = [Person("contact", row["contact_id"]) for row in told]
        if told:  # else a worker only wrote down a call
            whom += people.on_duty(db, rehearsal["station"], started, timezone)
        for person in whom:
            key = f"rehearsal|{rehearsal['id']}|{person.kind}{person.id}"
            rows += planned.of_person(
                db, "drill", key, person, incident_id=None, rehearsal_id=rehearsal["id"], now=now
            )
    return planned.insert(db, rows)


def plan_roster(db: StationDatabase, *, timezone: str, now: datetime) -> int:
    """What there is to say of the roster itself: trials of a person's channels, swaps that wait for an answer or got one."""
    since, rows = clock.text(now - TRIAL_LIVES), list[dict[str, Any]]()
    for trial in db.rows(
        "SELECT trial.id, address_id, staff_id FROM trial JOIN address ON address.id = address_id "
        "WHERE asked_at > ? AND asked_at <= ? AND staff_id IS NOT NULL",
        since,
        clock.text(now),
    ):
        person, about = Person("staff", trial["staff_id"]), f"trial/{trial['id']}"
        own = planned.of_person(db, "trial", about, person, incident_id=None, about=about, now=now)
        rows += [row for row in own if row["address_id"] == trial["address_id"]]
    for swap in db.rows(
        "SELECT id, state, from_id, to_id FROM shift_swap WHERE state = 'asked' "
        "OR state IN ('accepted', 'refused') AND answered_at > ?",
        since,
    ):
        what, whom = ("swap", "to_id") if swap["state"] == "asked" else (swap["state"], "from_id")
        person, about = Person("staff", swap[whom]), f"{what}/{swap['id']}"
        rows += planned.of_person(db, "roster", about, person, incident_id=None, about=about, now=now)
    return planned.insert(db, rows)


def plan_gaps(db: StationDatabase, station: int, *, timezone: str, now: datetime) -> int:
    """Once a day from nine in the morning: who can mend it hears of holes in the coming week."""
    local = duty.local(now, timezone)
    if local.hour < GAPS_FROM_HOUR or not duty.gaps_ahead(duty.read(db, station), local):
        return 0
    key, about = f"gaps|{station}|{local.date()}", f"gaps/{station}"
    whom = people.who_can_mend(db, station)
    return sum(
        planned.tell(db, "roster", f"{key}|{one.kind}{one.id}", one, about=about, now=now) for one in whom
    )


def _follow_story(db: StationDatabase, incident: dict[str, Any], story: list[events.Event]) -> list[Wanted]:
    wanted: list[Wanted] = []
    told = _told(db, incident["id"])
    acts_heard: set[str] = set()
    for event in story:
        for kind, person in _called_for(db, incident, event, story, told, acts_heard):
            wanted.append(Wanted(kind, f"event{event.id}", person, event_id=event.id))
    # What was shown by one press is told in one message.
    pressed = {event.at: event.id for event in story if disclosures.broke_glass(event)}
    for at, event_id in pressed.items():
        cause = f"shown{clock.text(at)}"
        wanted += [Wanted("message", cause, one, event_id=event_id) for one in people.relatives(db, incident)]
    return wanted


def _called_for(
    db: StationDatabase,
    incident: dict[str, Any],
    event: events.Event,
    story: list[events.Event],
    told: dict[Person, int],
    acts_heard: set[str],
) -> list[tuple[str, Person]]:
    """Which messages one event of the story calls for, and to whom."""
    others = [person for person in told if person.staff_id != event.staff_id or event.staff_id is None]
    if event.kind == "claimed" and event.to_state:
        return [("claimed", person) for person in others]
    if event.kind == "closed" and incident["closed_at"] is not None:
        return [("closed", person) for person in others]
    if event.kind == "place" and event.detail == "later":
        return [("place", person) for person, known in told.items() if known < event.id]
    if event.kind == "unmanned":
        return [("message", person) for person in rungs.who_can_mend(db, incident["station"], event.detail)]
    if event.kind in ("offered", "taken_over", "declined"):
        return [("message", Person("staff", int(event.detail)))]
    if event.kind == "rung" and not _was_planned(db, event):
        return [("message", person) for person in _to_ring(incident, event, story, told)]
    if _worth_telling(event, story, acts_heard):
        return [("message", person) for person in _caring(db, incident) or _staff(told)]
    return []


def _caring(db: StationDatabase, incident: dict[str, Any]) -> list[Person]:
    """Who holds the incident, and who goes along."""
    holding = people.holding(incident)
    more = [Person("staff", staff_id) for staff_id in acts.joined(db, incident["id"])] if holding else []
    return list(dict.fromkeys([*holding, *more]))


def _worth_telling(event: events.Event, story: list[events.Event], acts_heard: set[str]) -> bool:
    """A message of the finder, or the first time that a later report says hurt, gone, cannot stay."""
    if event.kind == "message":
        return event.actor == "finder"
    if event.kind != "scan" or event.detail not in WORTH_TELLING or event.detail in acts_heard:
        return False
    acts_heard.add(event.detail)
    first = next((one for one in story if one.kind == "scan"), None)
    return first is not None and first.id != event.id


def _was_planned(db: StationDatabase, event: events.Event) -> bool:
    """Whether it was settled who hears of a ring: whoever gets the incident later finds its sightings there."""
    known = db.scalar(
        "SELECT 1 FROM alert WHERE incident_id = ? AND event_id = ? AND kind = 'message' LIMIT 1",
        event.incident_id,
        event.id,
    )
    return known is not None


def _to_ring(
    incident: dict[str, Any], event: events.Event, story: list[events.Event], told: dict[Person, int]
) -> list[Person]:
    """Who hears of a new sighting: who holds the incident, else the staff who know of it. Whoever came to know of it

    later has found the sightings there.
    """
    claims = {
        Person("staff", one.staff_id): one.id for one in story if one.kind == "claimed" and one.staff_id
    }
    known = claims | told
    return [one for one in people.holding(incident) or _staff(told) if known.get(one, 0) < event.id]


def _staff(told: dict[Person, int]) -> list[Person]:
    return [person for person in told if person.kind == "staff"]


def _told(db: StationDatabase, incident_id: int) -> dict[Person, int]:
    """Everybody who got a notice or was rung, and the newest event that was known when it was planned."""
    rows = db.rows(
        "SELECT staff_id, contact_id, min(event_id) AS known FROM alert WHERE incident_id = ? "
        "AND kind IN ('notice', 'ladder') GROUP BY staff_id, contact_id ORDER BY min(id)",
        incident_id,
    )
    return {
        Person("staff", row["staff_id"]) if row["staff_id"] else Person("contact", row["contact_id"]): row[
            "known"
        ]
        or 0
        for row in rows
    }


def _notices(
    db: StationDatabase, incident: dict[str, Any], story: list[events.Event], timezone: str
) -> list[Wanted]:
    newest = _newest(story)
    opened = clock.parse(incident["opened_at"])
    return [
        Wanted("notice", "opened", person, event_id=newest)
        for person in people.to_notify(db, incident, opened, timezone)
    ]


def _newest(story: list[events.Event]) -> int:
    """The newest event when a message is planned: what came before it is in the message already."""
    return story[-1].id if story else 0


def _ringing(
    db: StationDatabase, incident: dict[str, Any], elapsed_s: float, timezone: str, now: datetime
) -> list[Wanted]:
    """The rungs that are due, while nobody has taken the incident or one of its two slots is open."""
    if not rings(incident):
        return []
    return [_ring(incident, *one) for one in rungs.due(db, incident, elapsed_s, timezone, now)]


def _note_unmanned(db: StationDatabase, incident: dict[str, Any], timezone: str, now: datetime) -> None:
    """Write down, once a round, why it went past those on duty at once; who can mend that is told."""
    if incident["state"] != "alerting" or incident["closed_at"] is not None:
        return
    slot = f"round{incident['ring_round']}"
    for why in rungs.unmanned(db, incident, timezone, now):
        if not db.scalar(
            "SELECT 1 FROM event WHERE incident_id = ? AND kind = 'unmanned' AND slot = ? AND detail = ?",
            incident["id"],
            slot,
            why,
        ):
            with transaction(db):
                events.add(db, incident["id"], "unmanned", actor="system", slot=slot, detail=why, now=now)


def _ring(incident: dict[str, Any], rung: ladder.Rung, person: Person) -> Wanted:
    return Wanted("ladder", f"round{incident['ring_round']}rung{rung.number}", person, step=rung.number)


def _reminder(incident: dict[str, Any], now: datetime) -> list[Wanted]:
    """The lease has run out: whoever holds the incident is asked for news before it rings for all again."""
    lease = incident["lease_until"]
    if lease is None or now <= clock.parse(lease):
        return []
    return [Wanted("ladder", f"lease{lease}", person, step=-1) for person in people.holding(incident)]


def _of_incident(
    db: StationDatabase, incident: dict[str, Any], wanted: list[Wanted], now: datetime
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one in wanted:
        key = f"{incident['id']}|{one.kind}|{one.cause}|{one.person.kind}{one.person.id}"
        rows += planned.of_person(
            db,
            one.kind,
            key,
            one.person,
            incident_id=incident["id"],
            step=one.step,
            event_id=one.event_id,
            ring_round=incident["ring_round"],
            now=now,
        )
    for turn, row in enumerate(rows):
        row["turn"] = turn
    return rows


def _has_open_incident(db: StationDatabase, scan: dict[str, Any]) -> bool:
    return (
        db.scalar(
            "SELECT 1 FROM incident WHERE station = ? AND serial IS ? AND closed_at IS NULL",
            scan["station"],
            scan["serial"],
        )
        is not None
    )
