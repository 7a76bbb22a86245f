"""The evidence of an incident as pages: who was told what, when, what has happened, and a check sum of it all."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext

from badges import document
from badges.document import Document, Table
from station import accounts, communities, staff_words
from station.incidents import views
from station.incidents.views import Brief
from station.selfwatch.evidence import Attempt
from station.web import connection
from station.web.desk import care, table, wording


@dataclass(frozen=True)
class Content:
    """What the pages hold, with SHA-256 of the table as its CSV file and of everything."""

    heading: str
    before: list[str]
    told: Table
    story: Table
    table_sum: str
    sum: str

    @property
    def mark(self) -> str:
        """The beginning of the check sum, as it stands on every page and in the audit log."""
        return self.sum[:16]


def of(shown: Brief, found: list[Attempt], by: str) -> Content:
    """The words of the pages, in the reader's language."""
    station = communities.station(connection.get_db(), shown.station)
    told, story = _told(found), _story(shown)
    heading = gettext("%(station)s, incident #%(n)s", station=station.name, n=shown.id)
    if shown.kind == "drill":  # on every page: nobody may take one of them for an emergency
        heading = gettext("[DRILL] %(text)s", text=heading)
    before = _about(shown, by)
    table_sum = hashlib.sha256(table.of(found)).hexdigest()
    rows = [[heading], before, *told.rows, *story.rows, [table_sum]]
    whole = "\n".join("\t".join(row) for row in rows)
    return Content(heading, before, told, story, table_sum, hashlib.sha256(whole.encode()).hexdigest())


def drawn(content: Content) -> bytes:
    """The PDF file."""
    after = [
        gettext("SHA-256 of all that stands on these pages: %(sum)s", sum=content.sum),
        gettext("SHA-256 of the table as a CSV file taken out with it: %(sum)s", sum=content.table_sum),
        gettext(
            "The first 16 characters stand at the foot of every page and in the station's audit log, under the "
            "moment at which this was taken out: a copy whose number differs is not this one."
        ),
    ]
    return document.draw(
        Document(
            title=gettext("Who was told what, when"),
            heading=content.heading,
            foot=f"SHA-256 {content.mark}",
            page=gettext("Page %(n)s of %(count)s"),
            before=content.before,
            tables=(content.told, content.story),
            after=after,
        )
    )


def _about(shown: Brief, by: str) -> list[str]:
    opened, ended = (
        _time(shown.opened_at),
        _time(shown.closed_at) if shown.closed_at else gettext("still open"),
    )
    lines = [gettext("Opened %(opened)s; closed: %(closed)s.", opened=opened, closed=ended)]
    if shown.badge_number:
        lines.append(gettext("Badge %(number)s.", number=shown.badge_number))
    return [
        *lines,
        gettext("Taken out by %(name)s, %(at)s.", name=by, at=_time(connection.now())),
        gettext("All times are the station's: %(zone)s.", zone=connection.config().timezone),
        gettext("It names no family and no illness."),
    ]


def _told(found: list[Attempt]) -> Table:
    columns = (
        (gettext("When"), 41.0), (gettext("Who"), 32.0), (gettext("What"), 26.0), (gettext("Attempt"), 13.0),
        (gettext("Way"), 29.0), (gettext("What came of it"), 58.0), (gettext("Provider's number"), 38.0),
        (gettext("Receipt"), 36.0),
    )  # fmt: skip
    return Table(gettext("Who was told"), columns, [_row(one) for one in found], gettext("Nobody yet."))


def _row(one: Attempt) -> list[str]:
    came = [gettext(staff_words.ATTEMPTS.get(one.outcome, one.outcome))]
    if one.ended_at:
        came.append(_time(one.ended_at))
    return [
        _time(one.at),
        " ".join(care.person(one)),
        care.what(one),
        str(one.number or "–"),
        one.channel,
        " ".join([*came, care.detail(one)]).strip(),
        one.provider_id or "–",
        care.receipt(one) or "–",
    ]


def _story(shown: Brief) -> Table:
    db, vault = connection.get_db(), connection.get_vault()
    names = {one.id: one.name for one in accounts.all_staff(db, vault, shown.station)}
    rows = [
        [_time(event.at), wording.happened(event, names)] for event in views.whole(db, vault, shown.id).story
    ]
    columns = ((gettext("When"), 41.0), (gettext("What has happened"), 232.0))
    return Table(gettext("What has happened"), columns, rows)


def _time(moment: datetime) -> str:
    """2026-11-22 03:00:00 +08:00, in the station's time."""
    text = moment.astimezone(ZoneInfo(connection.config().timezone)).isoformat(" ", "seconds")
    return f"{text[:19]} {text[19:]}"
