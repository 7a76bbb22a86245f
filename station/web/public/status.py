"""What a finder reads after a report: what the station does, never how the elder is."""

from dataclasses import dataclass, field

from flask_babel import gettext

from station import spool, vocabulary
from station.errors import NotFound
from station.incidents import reports, rowless, views
from station.incidents.states import EVIDENCE
from station.incidents.views import FinderStatus, Said
from station.web import connection, language
from station.web.public import card, safety, unlocked
from station.web.public.card import POLICE, UNREACHABLE, HelpCard
from station.web.public.safety import SafePlace
from station.web.public.unlocked import Unlocked

OFFICER = vocabulary.ROLES["duty"]
ENDINGS = ("with_elder", "safe", "closed")
LATE_S = 60.0  # so long may nobody act before the page says so and puts the phone first


@dataclass(frozen=True)
class StatusView:
    """A finder's status page, apart from the card."""

    state: str  # sent, seen, coming, with_elder, safe, closed
    text: str
    advice: str = ""
    act: str = "with_elder"
    eta_minutes: int | None = None
    code: str = ""
    messages: list[Said] = field(default_factory=list)
    late: bool = False
    has_place: bool = False
    may_write: bool = False
    may_take_receipt: bool = False
    unlocked: Unlocked | None = None
    safe: list[SafePlace] = field(
        default_factory=list
    )  # where whoever must go can bring the elder, the nearest first

    @property
    def page(self) -> str:
        """Which parts the page has; when it changes, an open page loads itself again."""
        parts = ["late"] if self.late else []
        parts += self.unlocked.items if self.unlocked else ()
        return ",".join([*parts, self.state] if self.state in ENDINGS else parts)

    @property
    def over(self) -> bool:
        return self.state == "closed"

    @property
    def looking(self) -> bool:
        """Whether the station still looks for the elder, so that a place and a change are worth telling."""
        return self.state not in ENDINGS

    @property
    def hurt(self) -> bool:
        return self.act == "hurt" and self.looking

    @property
    def away(self) -> bool:
        """Whether the finder is not, or soon not, where the elder is."""
        return self.act in ("cannot_stay", "gone")

    def as_json(self, here: str) -> dict[str, object]:
        """Fields as docs/http-api.md describes them; `here` is the page's own address."""
        return {
            "state": self.state,
            "late": self.late,
            "page": self.page,
            "unlocked": _as_json(self.unlocked, here) if self.unlocked else None,
            "text": self.text,
            "eta_minutes": self.eta_minutes,
            "code": self.code,
            "safe_places": [one.as_json() for one in self.safe],
            "messages": [
                {"from": said.side, "at": said.at.isoformat(), "text": said.text} for said in self.messages
            ],
        }


def look(token: str) -> tuple[HelpCard, StatusView, tuple[int, int | None] | None]:
    """Card, view, and the badge (station, serial) that further presses go to, as far as it is known.

    Raises NotFound for a token that never was or has ended.
    """
    try:
        found = views.finder_status(connection.get_db(), connection.get_vault(), token, connection.now())
        shown = card.of_report(
            found.station, found.serial, hurt=found.act == "hurt" and found.state != "closed"
        )
        return shown, of_incident(found, unlocked.of_report(found)), (found.station, found.serial)
    except UNREACHABLE:
        return _in_spool(token) or (first_hotline(), saved(), None)
    except NotFound:
        waits = _in_spool(token)
        if waits is None:
            raise
        return waits


def of_incident(found: FinderStatus, more: Unlocked | None = None) -> StatusView:
    late = found.incident_id is not None and found.waiting_s >= LATE_S
    return StatusView(
        state=found.state,
        text=_text(found, late),
        advice=_advice(found),
        act=found.act,
        eta_minutes=found.eta_minutes,
        code=found.code,
        messages=found.said,
        late=late,
        has_place=found.has_place,
        may_write=found.incident_id is not None and found.state != "closed",
        may_take_receipt=found.state in ("safe", "closed") and found.act in EVIDENCE,
        unlocked=more,
        safe=safety.near(found),
    )


def _as_json(more: Unlocked, here: str) -> dict[str, object]:
    return {
        "until": more.until.isoformat(),
        "call_name": more.call_name,
        "health_notes": [gettext(vocabulary.HEALTH_NOTES[code][1]) for code in more.health_notes],
        "photo": f"{here}/photo" if more.photo else None,
        "voice": f"{here}/voice" if more.voice else None,
    }


def saved(code: str = "", act: str = "with_elder") -> StatusView:
    """The report lies in the spool, or the database that has it cannot be asked."""
    text = gettext(
        "Your report is saved and the station will get it. Our system is slow just now: please ring."
    )
    return StatusView("sent", text, act=act, code=code, late=True)


def _text(found: FinderStatus, late: bool) -> str:
    if found.incident_id is None:
        return _without_incident(found)
    if found.scan_id == 0 and found.state in (
        "sent",
        "seen",
    ):  # of a flood; nobody may have read what it told
        text = _progress(found, late)
        return f"{text} {gettext('Many reports came at once. Please ring the station and tell it there.')}"
    return _progress(found, late)


def _progress(found: FinderStatus, late: bool) -> str:
    at = language.clock_time(found.seen_at or found.sent_at)
    if late and found.seen_at:
        return gettext("Seen at %(time)s, but nobody has taken it yet. Please ring the station now.", time=at)
    if late:
        return gettext("Nobody has answered yet. Please ring the station now.")
    texts = {
        "sent": lambda: gettext("The station was told at %(time)s. Somebody will look at once.", time=at),
        "seen": lambda: _seen(found.is_taken, at),
        "coming": lambda: _coming(found.who, found.eta_minutes),
        "with_elder": lambda: gettext("Our people have arrived. Thank you! You may go on now."),
        "safe": lambda: gettext("The elder is safe with our people. Thank you for your help!"),
        "closed": lambda: _settled(found.was_safe),
    }
    return texts[found.state]()


def _without_incident(found: FinderStatus) -> str:
    if found.act == "test":
        return gettext("This was a try. Nobody was called. Thank you for getting to know the badge.")
    return gettext("The page was opened; nobody has been called yet. Press below, or ring the station.")


def _seen(is_taken: bool, at: str) -> str:
    """On somebody's screen is not yet in somebody's hands, and the finder is not told so."""
    if is_taken:
        return gettext("The station saw it at %(time)s and is sending somebody.", time=at)
    return gettext("The station saw it at %(time)s. Somebody will take it at once.", time=at)


def _coming(role: str, minutes: int | None) -> str:
    who = gettext(vocabulary.ROLES.get(role, OFFICER))
    if minutes is None:
        return gettext("On the way to you: %(who)s.", who=who)
    if minutes == 0:
        return gettext("On the way to you: %(who)s, there any moment.", who=who)
    return gettext("On the way to you: %(who)s, about %(minutes)s min.", who=who, minutes=minutes)


def _settled(was_safe: bool) -> str:
    """How it ended is nobody's business; that the elder came to us was on this page before."""
    if was_safe:
        return gettext("The elder was brought to safety. Thank you for lending a hand!")
    return gettext("This matter is settled. Thank you for lending a hand!")


def _advice(found: FinderStatus) -> str:
    """What the finder can do meanwhile; nothing once our people are there."""
    if found.act not in EVIDENCE or found.state not in ("sent", "seen", "coming"):
        return ""
    if found.act == "hurt":
        return gettext("Call 120 first if you have not. Do not move the elder; keep them warm and awake.")
    if found.act == "cannot_stay":
        return gettext(
            "Thank you for telling us. If you can, bring the elder to a safe place or ask a shop to stay, and write where."
        )
    if found.act == "gone":
        return gettext(
            "Please write where you saw the elder, which way they went and what they wear. Do not run after them."
        )
    if found.act == "tag_only":
        return gettext(
            "Please write where you found the badge, and leave it in a shop or with the police nearby."
        )
    return gettext("Please stay with the elder, somewhere safe, shady or warm, until our people arrive.")


def _in_spool(token: str) -> tuple[HelpCard, StatusView, tuple[int, int | None]] | None:
    """Card, view and badge of a report that waits; what a flood pushed out of the spool has all that in its address."""
    folder, ring = connection.config().spool, connection.ring()
    waiting, page = spool.find(folder, ring, token), rowless.waiting(ring, token)
    if waiting:
        code = reports.call_code(ring, waiting.report.request_id)
        return _waits(waiting.station, waiting.serial, saved(code, waiting.report.act))
    if page and spool.is_known(folder, ring, page.station, page.serial):
        return _waits(page.station, page.serial, saved(page.code))
    return None


def _waits(
    station: int, serial: int | None, view: StatusView
) -> tuple[HelpCard, StatusView, tuple[int, int | None]]:
    return card.of_station(station), view, (station, serial)


def first_hotline() -> HelpCard:
    """Without the database nobody knows which station a status page belongs to; most instances have one."""
    known = card.hotlines()
    return known[0] if known else POLICE
