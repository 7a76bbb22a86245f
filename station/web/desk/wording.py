"""Sentences of the console: where it is, and what has happened."""

from flask_babel import gettext

from station import phones, places, vocabulary, ways
from station.communities import Station
from station.incidents import deliveries
from station.incidents.events import Event, Sum
from station.incidents.intake import Sighting
from station.staff_words import WINDS
from station.vocabulary import N_
from station.web import language

MAP_APPS = {
    "amap": N_("AMap"),
    "tencent": N_("Tencent Maps"),
    "baidu": N_("Baidu Maps"),
    "petal": N_("Petal Maps"),
    "apple": N_("Apple Maps"),
    "geo": N_("another map"),
}

OTHERWISE = N_("Record: %(kind)s")
STORY = {
    "opened": N_("Incident opened"),
    "scan": N_("Finder: %(act)s"),
    "place": N_("The place became known"),
    "place.better": N_("A more exact place came in"),
    "place.moved": N_("Another place came in"),
    "place.settled": N_("The place is where it was"),
    "rung": N_("Rang for new helpers: %(count)s"),
    "claimed": N_("%(who)s took it: %(slot)s"),
    "claimed.key": N_("%(who)s took it by phone, key 1: %(slot)s"),
    "claimed.card": N_("%(who)s took it by the button in the chat: %(slot)s"),
    "undelivered": N_("A message to %(who)s was not delivered: %(way)s"),
    "undelivered.family": N_("A message to the family was not delivered: %(way)s"),
    "moved": N_("%(who)s: %(state)s"),
    "news": N_("%(who)s is still on the way"),
    "closed": N_("%(who)s closed it: %(outcome)s"),
    "closed.system": N_("It ended by itself: %(outcome)s"),
    "afterword": N_("%(who)s wrote how it went"),
    "urgent": N_("Urgent by season, hour and health: alarms ring faster"),
    "undone": N_("%(who)s took the last step back"),
    "message": N_("%(who)s wrote to the finder"),
    "message.finder": N_("The finder wrote"),
    "seen": N_("%(who)s has it on the screen"),
    "seen.key": N_("%(who)s answered by phone, key 1; colleagues had taken it"),
    "seen.card": N_("%(who)s answered by the button in the chat; colleagues had taken it"),
    "joined": N_("%(who)s goes along"),
    "offered": N_("%(who)s asked a colleague to take over: %(slot)s"),
    "taken_over": N_("%(who)s took it over: %(slot)s"),
    "declined": N_("%(who)s could not take it over"),
    "unmanned.nobody": N_("Nobody was on the roster: it went to the next at once"),
    "unmanned.unreachable": N_("Who is on duty has no channel: it went to the next at once"),
    "unmanned.refused": N_("Every channel of who is on duty refused: it went to the next at once"),
    "unmanned.nowhere": N_("Every channel of everybody refused: nobody was reached. Ring by phone"),
    "lapsed": N_("No news in time: it rings again"),
    "located": N_("%(who)s said which landmark is meant"),
    "called_in": N_("A call came in"),
    "disclosed.consent": N_("%(who)s showed the helper, as consented: %(item)s"),
    "disclosed.break_glass": N_("%(who)s showed the helper without consent, for life and health: %(item)s"),
    "hidden": N_("%(who)s ended showing: %(item)s"),
    "receipt": N_("The finder took the receipt"),
    "identified": N_("%(who)s said who the elder is"),
    "identified.bound": N_("%(who)s gave this badge to the elder"),
}

SUMMED = {"rung": N_("Rang for new helpers")}

VARIANTS = {
    tuple(kind.split("."))
    for kind in STORY
    if kind.startswith(("place.", "identified.", "claimed.", "seen."))
}


def distance(metres: int) -> str:
    """640 m, 3.2 km."""
    if metres < 1000:
        return str(gettext("%(n)s m", n=metres))
    return str(gettext("%(n)s km", n=f"{metres / 1000:g}"))


def offset(station: Station, point: places.Point) -> str:
    """How far and which way from the station, as it is said on the phone."""
    found = places.describe(places.Point(station.lat, station.lon), point)
    if found.direction is None:
        return str(gettext("right at the station"))
    return str(
        gettext(
            "%(distance)s %(wind)s of the station",
            distance=distance(found.distance_m),
            wind=gettext(WINDS[found.direction]),
        )
    )


def where(station: Station, sighting: Sighting) -> str:
    """The place in one line; empty when nothing is known."""
    parts = [sighting.place] if sighting.place else []
    if sighting.point:
        parts.append(offset(station, sighting.point))
    return " · ".join(parts)


def happened(event: Event, names: dict[int, str], counted: int = 0, ended: str = "") -> str:
    """One line of an incident's story; `counted` more of the same came with a scan and have no line of their own.

    `ended` is how the scanned badge had ended before, when it was an old one.
    """
    line = _delivered(event, names) if event.kind == deliveries.KIND else _line(event, names)
    if ended and event.kind == "scan":
        line += " · " + gettext("Old badge: %(state)s", state=gettext(vocabulary.BADGE_STATES[ended]))
    return str(gettext("%(line)s (and %(count)s more)", line=line, count=counted)) if counted else line


def _delivered(event: Event, names: dict[int, str]) -> str:
    told = deliveries.read(event)
    who = names.get(event.staff_id or 0, gettext("A colleague"))
    if event.staff_id is None:
        who = gettext("Family contact %(n)s", n=told.contact) if told.contact else gettext("A contact that was removed")  # fmt: skip
    way, time = gettext(ways.NAMES.get(told.way, told.way)), language.clock_time(told.at)
    if time == language.clock_time(event.at):  # the line begins with it
        return str(gettext("Delivered to %(who)s: %(way)s", who=who, way=way))
    return str(gettext("Delivered to %(who)s at %(time)s: %(way)s", who=who, time=time, way=way))


def _line(event: Event, names: dict[int, str]) -> str:
    kind = event.kind
    if kind == "message" and event.actor == "finder":
        kind = "message.finder"
    if (kind, event.detail) in VARIANTS:
        kind = f"{kind}.{event.detail}"
    if kind == "closed" and event.actor == "system":
        kind = "closed.system"
    if kind == "undelivered" and not event.staff_id:
        kind = "undelivered.family"
    item, _, reason = event.detail.partition(".")
    if kind == "unmanned":
        kind = f"{kind}.{event.detail}"
    if kind == "disclosed":
        kind = f"{kind}.{reason}"
    words = {
        "item": gettext(vocabulary.SHOWABLE.get(item, item)),
        "who": names.get(event.staff_id or 0, gettext("A colleague")),
        "act": gettext(vocabulary.ACTS.get(event.detail, event.detail)) if kind == "scan" else "",
        "way": gettext(ways.NAMES.get(event.detail, event.detail)) if event.kind == "undelivered" else "",
        "slot": gettext(vocabulary.SLOTS[event.slot]) if event.slot in vocabulary.SLOTS else "",
        "state": gettext(vocabulary.STATES[event.to_state]) if event.to_state else "",
        "outcome": gettext(vocabulary.OUTCOMES.get(event.detail, event.detail))
        if event.kind == "closed"
        else "",
    }
    return str(gettext(STORY.get(kind, OTHERWISE), kind=event.kind, count=event.detail, **words))


def summed(one: Sum) -> str:
    """So many events of one kind in one line."""
    kind = "message.finder" if one.kind == "message" else one.kind
    if (kind, one.detail) in VARIANTS:
        kind = f"{kind}.{one.detail}"
    act = gettext(vocabulary.ACTS.get(one.detail, one.detail)) if kind == "scan" else ""
    text = gettext(SUMMED.get(kind, STORY.get(kind, OTHERWISE)), act=act, kind=one.kind)
    return str(gettext("%(count)s × %(text)s", count=one.count, text=text))


def tel(text: str, area_code: str) -> str:
    """A link that dials what a finder or caller typed; empty when it holds no number."""
    try:
        return phones.parse(text, area_code=area_code).tel_uri
    except phones.PhoneError:
        digits = "".join(str(int(c)) for c in text if c.isdecimal())
        return f"tel:{digits}" if len(digits) >= 3 else ""


__all__ = ["MAP_APPS", "distance", "happened", "offset", "summed", "tel", "where"]
