"""The words of each message: no name and no health data ever; templates/messages/ holds the texts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from station import clock, communities, duty, phones, places, seal
from station.alerts import asides, bulletins, entries
from station.alerts.outbox import Due
from station.channels.base import Outgoing
from station.communities import Policy
from station.config import Config
from station.db import StationDatabase
from station.incidents import codes, digest, links, views
from station.incidents.intake import Sighting
from station.incidents.states import rings
from station.issuing import records, rehearsals
from station.staff_words import CHECKS, TONIGHT, WINDS
from station.vault import Vault
from station.vocabulary import ACTS, BADGE_STATES, N_, OUTCOMES, SLOTS

# On the buttons of chat cards.
LOOK_AND_TAKE, LOOK, TAKE = N_("Look and take it"), N_("Look at it"), N_("I take it")

PLACES_TOLD = 3  # of many sightings, the surest and nearest to home; the desk shows all


def compose(db: StationDatabase, vault: Vault, due: Due, config: Config, now: datetime) -> Outgoing:
    """The message of one attempt, from the state as it is now: a place that came meanwhile is in it."""
    # Providers want a name that was never used before, also by an instance that was founded anew.
    ref = f"{due.alert_id}-{due.attempt}-{int(now.timestamp())}"
    gettext = translations(config.language).gettext
    look, press = (LOOK_AND_TAKE, TAKE) if _may_take(db, due) else (LOOK, "")
    message = _composed(db, vault, due, config, now)
    return replace(message, ref=ref, look=gettext(look), press=gettext(press) if press else "")


def _may_take(db: StationDatabase, due: Due) -> bool:
    """Whether this person may take what the message is about, and there is something left to take."""
    if due.kind not in ("notice", "ladder") or due.staff_id is None or due.incident_id is None:
        return False
    role = db.scalar("SELECT role FROM staff WHERE id = ?", due.staff_id)
    row = db.row("SELECT * FROM incident WHERE id = ?", due.incident_id)
    return role in links.MAY_CLAIM and row is not None and rings(row)


def _composed(db: StationDatabase, vault: Vault, due: Due, config: Config, now: datetime) -> Outgoing:
    if due.rehearsal_id is not None:
        return _rehearsal(db, vault, due, config, now)
    if due.kind in ("trial", "roster"):
        return _of_roster(db, vault, due, config, now)
    if due.kind in ("tonight", "report"):
        return _bulletin(db, due, config, now)
    if due.kind == "entry":
        return _entry(db, vault, due, config, now)
    if due.incident_id is None:
        return _soft_notice(db, due, config, now)
    shown = views.brief(db, due.incident_id)
    station = communities.station(db, shown.station)
    best = views.best_place(db, vault, due.incident_id)
    words = {
        "due": due,
        "shown": shown,
        "station": station,
        "hotline": phones.from_e164(station.hotline).shown,
        "place": place_words(station, best, config.language),
        "at": clock_time(shown.opened_at, config),
        "act": ACTS.get(shown.last_act, ""),
        "said": _what_happened(db, due),
        "rung": _rung(db, vault, due, station, config.language),
        "shown_without_consent": due.kind == "message" and due.contact_id is not None,
        "holder": _has_holder(shown),
        "outcome": OUTCOMES.get(shown.outcome or "", ""),
        "to_family": due.contact_id is not None,
        "repeat": _repeat(db, due),
        "code": _code(db, vault, due),
        "open_slot": _open_slot(shown),
        "turn": _turn(db, due),
        "ended": _ended(shown.badge_state),
    }
    return Outgoing(
        id=due.uid,
        incident=str(due.incident_id),
        kind=due.kind if shown.kind == "live" else "drill",
        title=_marked(shown, _text("title.txt", config.language, words), config),
        text=_marked(shown, _text(f"{due.kind}.txt", config.language, words), config),
        url=f"{config.base_url}/go/{_link_token(vault, due)}",
        station=station.name,
        badge_number=shown.badge_number or None,
        location=location(best),
        attempt=due.attempt,
        at=now,
    )


def _marked(shown: views.Brief, text: str, config: Config) -> str:
    """A drill says so first, in every message and title, so that nobody sets out in earnest."""
    if shown.kind != "drill":
        return text
    return str(translations(config.language).gettext("[DRILL] %(text)s")) % {"text": text}


def _bulletin(db: StationDatabase, due: Due, config: Config, now: datetime) -> Outgoing:
    """Whether tonight is covered, or how the week's drills went."""
    told = bulletins.of_alert(db, due.alert_id)
    assert told is not None, "such a message is about a bulletin"
    station = communities.station(db, told.station)
    gettext = translations(config.language).gettext
    mend, soon = [], []
    if told.kind == "tonight":
        mend = [tonight_words(one, gettext) for one in told.content if one["state"] == "mend"]
        soon = [tonight_words(one, gettext) for one in told.content if is_told_soon(one)]
    words: dict[str, Any] = {"told": told, "mend": mend, "soon": soon, "station": station, "shown": None}
    page = "desk/tonight" if told.kind == "tonight" else "desk/drills"
    return _about_the_station(due, config, words, page, now)


def is_told_soon(item: Mapping[str, Any]) -> bool:
    """Whether the evening's message names what somebody should see to soon; a reminder comes on its days alone."""
    return item["state"] == "soon" and not item["values"].get("quiet")


def _entry(db: StationDatabase, vault: Vault, due: Due, config: Config, now: datetime) -> Outgoing:
    """A contact's code for the family's own pages."""
    words = entries.words(db, vault, due.contact_id, due.about)
    return replace(_about_the_station(due, config, words, "mine", now), code=words["code"])


def tonight_words(item: Mapping[str, Any], gettext: Callable[[str], str]) -> str:
    """One finding of the evening's look in words: what to mend, with its numbers."""
    values = dict(item["values"])
    if "check" in values:
        check = CHECKS[values["check"]]
        values["check"] = gettext(check)
    if "why" in values:
        why = values["why"]
        values["why"] = gettext(why)
    _, remedy = TONIGHT[item["code"]]
    return gettext(remedy) % values


def location(best: Sighting) -> dict[str, Any] | None:
    """The place as other systems get it, or None when nothing is known."""
    if best.point is None and not best.place:
        return None
    return {
        "lat": best.point.lat if best.point else None,
        "lon": best.point.lon if best.point else None,
        "accuracy_m": best.accuracy_m,
        "place": best.place or None,
    }


def place_words(station: communities.Station, best: Sighting, language: str) -> str:
    """Where it is, for a person: distance and direction from the station, accuracy, the finder's words."""
    gettext = translations(language).gettext
    parts = []
    if best.point:
        parts.append(_from_station(station, best.point, gettext))
        if best.accuracy_m:
            parts.append(gettext("within %(count)s m") % {"count": round(best.accuracy_m)})
    if best.place:
        parts.append(f"“{best.place}”")
    return str(gettext(", ").join(parts))


def _from_station(station: communities.Station, point: places.Point, gettext: Callable[[str], str]) -> str:
    offset = places.describe(places.Point(station.lat, station.lon), point)
    if offset.direction is None:
        return gettext("right at the station")
    near = offset.distance_m < 1000
    number = offset.distance_m if near else f"{offset.distance_m / 1000:g}"
    far = (gettext("%(count)s m") if near else gettext("%(count)s km")) % {"count": number}
    words = {"distance": far, "direction": gettext(WINDS[offset.direction])}
    return gettext("%(distance)s %(direction)s of the station") % words


def clock_time(moment: datetime, config: Config) -> str:
    return moment.astimezone(ZoneInfo(config.timezone)).strftime("%H:%M")


def _soft_notice(db: StationDatabase, due: Due, config: Config, now: datetime) -> Outgoing:
    scan = db.row("SELECT * FROM scan WHERE id = ?", due.scan_id)
    assert scan is not None, "a soft notice belongs to a scan"
    station = communities.station(db, scan["station"])
    badge = db.row("SELECT number, state FROM badge WHERE id = ?", scan["badge_id"])
    words: dict[str, Any] = {
        "number": records.shown_number(badge["number"]) if badge else "",
        "ended": _ended(badge["state"]) if badge else "",
        "station": station,
        "at": clock_time(clock.parse(scan["at"]), config),
        "due": due,
        "shown": None,
    }
    return Outgoing(
        id=due.uid,
        incident="",
        kind="soft_notice",
        title=_text("title.txt", config.language, words),
        text=_text("soft_notice.txt", config.language, words),
        url=f"{config.base_url}/desk",
        station=station.name,
        badge_number=words["number"] or None,
        location=None,
        attempt=due.attempt,
        at=now,
    )


def _rehearsal(db: StationDatabase, vault: Vault, due: Due, config: Config, now: datetime) -> Outgoing:
    badge = db.row(
        "SELECT station, number FROM badge JOIN rehearsal ON badge.id = badge_id WHERE rehearsal.id = ?",
        due.rehearsal_id,
    )
    assert badge is not None, "a rehearsal belongs to a badge"
    station = communities.station(db, badge["station"])
    words: dict[str, Any] = {
        "number": records.shown_number(badge["number"]),
        "hotline": phones.from_e164(station.hotline).shown,
        "to_family": due.contact_id is not None,
        "shown": None,
    }
    link = "desk"
    if due.rehearsal_id is not None and due.contact_id is not None:
        link = f"drill/{rehearsals.token(vault.ring, due.rehearsal_id, due.contact_id)}"
    return Outgoing(
        id=due.uid,
        incident="",
        kind="drill",
        title=_text("title.txt", config.language, words),
        text=_text("drill.txt", config.language, words),
        url=f"{config.base_url}/{link}",
        station=station.name,
        badge_number=words["number"],
        location=None,
        attempt=due.attempt,
        at=now,
    )


def _of_roster(db: StationDatabase, vault: Vault, due: Due, config: Config, now: datetime) -> Outgoing:
    """A trial of a channel, a swap that waits for an answer or got one, or holes in the coming week."""
    station = communities.station(db, db.scalar("SELECT station FROM staff WHERE id = ?", due.staff_id))
    local = duty.local(now, config.timezone)
    words = asides.words(db, due.about, station.number, local) | {"station": station}
    return _about_the_station(due, config, words, asides.page(db, vault.ring, due.about), now)


def _about_the_station(due: Due, config: Config, words: dict[str, Any], page: str, now: datetime) -> Outgoing:
    """A message to staff that belongs to no incident; `page` is where its link leads."""
    return Outgoing(
        id=due.uid,
        incident="",
        kind=due.kind,
        title=_text("title.txt", config.language, words),
        text=_text(f"{due.kind}.txt", config.language, words),
        url=f"{config.base_url}/{page}",
        station=words["station"].name,
        badge_number=None,
        location=None,
        attempt=due.attempt,
        at=now,
    )


def _repeat(db: StationDatabase, due: Due) -> int:
    """How often the last step of the ladder has been repeated."""
    policy = Policy.load(db.scalar("SELECT policy FROM incident WHERE id = ?", due.incident_id))
    return max(0, due.step - len(policy.steps) + 1)


def _code(db: StationDatabase, vault: Vault, due: Due) -> str:
    """The six digits by which an officer without the link takes the incident."""
    if due.incident_id is None or due.staff_id is None:
        return ""
    role = db.scalar("SELECT role FROM staff WHERE id = ?", due.staff_id)
    return codes.of(db, vault.ring, due.incident_id, due.staff_id) if role in links.MAY_CLAIM else ""


def _open_slot(shown: views.Brief) -> str:
    """The slot that nobody has taken while somebody holds the other; an English msgid or empty."""
    if not _has_holder(shown) or (shown.on_site_by and shown.liaison_by):
        return ""
    return SLOTS["liaison" if shown.on_site_by else "on_site"]


def _turn(db: StationDatabase, due: Due) -> str:
    """What the staff themselves have done, when a message is about that: such as unmanned.nobody, offered."""
    event = db.row("SELECT kind, detail FROM event WHERE id = ?", due.event_id)
    if event is None or event["kind"] not in ("unmanned", "offered", "taken_over", "declined"):
        return ""
    return f"unmanned.{event['detail']}" if event["kind"] == "unmanned" else str(event["kind"])


def _what_happened(db: StationDatabase, due: Due) -> str:
    """What the finder did in the event that a message is about; empty when they wrote words.

    The words themselves stay behind the link: a stranger may have typed a name or an illness.
    """
    event = db.row("SELECT kind, detail FROM event WHERE id = ?", due.event_id)
    return ACTS.get(event["detail"], "") if event and event["kind"] == "scan" else ""


def _rung(
    db: StationDatabase, vault: Vault, due: Due, station: communities.Station, language: str
) -> dict[str, Any] | None:
    """The new sightings that a message tells of; None when it is about something else."""
    found = digest.of_event(db, vault, due.event_id)
    if found is None:
        return None
    where = [place_words(station, place, language) for place in found.places[:PLACES_TOLD]]
    return {"count": found.count, "sure": found.sure, "act": ACTS.get(found.act, ""), "places": where}


def _ended(badge_state: str) -> str:
    """How an old badge ended, for whoever goes out; empty for one that counts."""
    return BADGE_STATES[badge_state] if badge_state in records.ENDED else ""


def _has_holder(shown: views.Brief) -> bool:
    return bool(shown.on_site_by or shown.liaison_by)


def _link_token(vault: Vault, due: Due) -> str:
    who = f"staff|{due.staff_id}" if due.staff_id else f"contact|{due.contact_id}"
    return seal.derived_token(vault.ring, "link", f"{due.incident_id}|{who}")


def warm(language: str) -> None:
    """Read and compile every text, so that the first message of a sender need not wait for it (200 ms when busy)."""
    environment = _environment(language)
    for name in environment.list_templates():
        environment.get_template(name)


def _text(name: str, language: str, words: dict[str, Any]) -> str:
    return " ".join(_environment(language).get_template(name).render(words).split())


@lru_cache
def _environment(language: str) -> Environment:
    # Plain text for phones: what people wrote must arrive as they wrote it, so nothing is escaped.
    environment = Environment(
        loader=FileSystemLoader(_folder()),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        autoescape=False,  # noqa: S701
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["words"] = lambda text: translations(language).gettext(text) if text else ""
    return environment


def _folder() -> Path:
    inside = Path(__file__).parent.parent / "templates"
    outside = Path(__file__).parent.parent.parent / "templates"
    return (inside if inside.is_dir() else outside) / "messages"


@lru_cache
def translations(language: str) -> Any:
    return Translations.load(Path(__file__).parent.parent / "translations", [language])


def emergency_text(waiting: Any, others: int, config: Config) -> str:
    """What those on duty hear while the database is gone: as much as the finder told."""
    words = {
        "at": clock_time(waiting.at, config),
        "act": ACTS.get(waiting.report.act, ""),
        "place": waiting.report.sighting.place,
        "phone": waiting.report.phone,
        "others": others + waiting.more,
    }
    return _text("emergency.txt", config.language, words)
