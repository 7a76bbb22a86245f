"""The story of an incident, line by line; of what a flood repeats only how much and when."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from station.db import StationDatabase
from station.incidents import deliveries, events
from station.incidents.events import Event, Sum
from station.incidents.views import Whole
from station.web import language
from station.web.desk import wording


@dataclass(frozen=True)
class Line:
    """One line; when it stands for many, `inner` says for which."""

    at: datetime
    text: str
    inner: tuple[Sum, ...] = ()
    id: int = 0  # of the event before those

    def sums(self) -> list[tuple[Sum, str]]:
        return [(one, wording.summed(one)) for one in self.inner]


def lines(db: StationDatabase, whole: Whole, names: dict[int, str]) -> list[Line]:
    """Oldest first."""
    ended = {told.scan_id: told.ended for told in whole.told}
    later = deliveries.later(db, whole.brief.id)
    found = []
    for event, following in zip(whole.story, [*whole.story[1:], None], strict=True):
        scan_id = event.scan_id or 0
        counted = whole.counted.get(scan_id, 0)
        if event.kind == deliveries.KIND:
            told = deliveries.read(event)
            counted = later.get((event.staff_id, told.contact, told.way), 0)
        found.append(Line(event.at, wording.happened(event, names, counted, ended.get(scan_id, ""))))
        if event.left_out and following:
            found.append(_fold(db, event, following))
    return found


def _fold(db: StationDatabase, event: Event, following: Event) -> Line:
    inner = tuple(events.between(db, event, following))
    text = gettext(
        "%(count)s more until %(time)s", count=event.left_out, time=language.clock_time(following.at)
    )
    return Line(event.at, str(text), inner, event.id)
